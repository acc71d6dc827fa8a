"""A tour's figures, a stop in each row: a page and a file. Whoever may change the tour sees all municipalities."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.due import day_of
from services.rsvp.domain.figures import NUMBERS, Figures, together
from services.rsvp.domain.states import EventState
from services.rsvp.store import events, outcomes, sluices
from services.rsvp.store.tables import Event, Tour
from services.rsvp.usecases.access import own_tour
from services.rsvp.web.number_words import number
from shared.db import Database
from shared.web import session as signed_in
from shared.web import sheets
from shared.web.language import spoken
from shared.web.sheets import Cell
from shared.web.viewer import viewer

PAGE = "/kontakt/traffar/turne/<slug>/siffror"
Row = tuple[Event, str, Figures]
"""A stop, its municipality's name, its figures."""


def register(app: Flask, database: Database) -> None:
    """Add ``/kontakt/traffar/turne/<slug>/siffror`` and the same as a file."""

    @app.get(PAGE)
    @signed_in.require_person
    def tour_figures(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            tour = own_tour(session, viewer(), slug)
            rows = _rows(session, tour)
            return render_template(
                "figures/tour.html",
                tour=tour,
                rows=rows,
                numbers=NUMBERS,
                number=number,
                total=together(row[2] for row in rows),
            )

    @app.get(f"{PAGE}.csv")
    @signed_in.require_person
    def tour_figures_file(slug: str) -> ResponseReturnValue:
        texts, language = spoken()
        with database.transaction() as session:
            rows = _rows(session, own_tour(session, viewer(), slug))
        head = [texts.get(language, f"summary.column.{name}") for name in ("sluice", "day", *NUMBERS, *_OPINIONS)]
        body = [[name, _day(event), *_cells(figures)] for event, name, figures in rows]
        total = [texts.get(language, "summary.total"), None, *_cells(together(row[2] for row in rows))]
        file = texts.get(language, "summary.file")
        return sheets.csv_response(f"{file}-{slug}", [head, *body, total])


_OPINIONS = ("opinions", "mean")


def _rows(session: Session, tour: Tour) -> list[Row]:
    """Stops that take or took place, in their order."""
    stops = [stop for stop in events.of_tour(session, tour) if stop.state != EventState.CANCELLED]
    figures = outcomes.of_events(session, [stop.id for stop in stops])
    names = {each.slug: each.name for each in sluices.list_all(session)}
    return [(stop, names.get(stop.sluice_slug, stop.sluice_slug), figures[stop.id]) for stop in stops]


def _cells(figures: Figures) -> Sequence[Cell]:
    mean = None if figures.mean is None else round(figures.mean, 1)
    return [*(getattr(figures, name) for name in NUMBERS), figures.opinions, mean]


def _day(event: Event) -> Cell:
    return day_of(event.starts_at, event.zone).isoformat() if event.starts_at else None
