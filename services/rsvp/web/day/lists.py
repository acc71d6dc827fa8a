"""The day's page: how many came, and lists to print or to send: who comes, and what the kitchen makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from flask import Flask, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.name_order import name_key
from services.rsvp.domain.said import said
from services.rsvp.domain.states import GuestState
from services.rsvp.store import guests
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases.access import seen_event
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.kitchen import Kitchen, kitchen
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.web import session as signed_in
from shared.web import sheets
from shared.web.language import spoken
from shared.web.sheets import Cell
from shared.web.viewer import viewer

PAGE = "/kontakt/traffar/<slug>/dagen"
FORMS = ("csv", "xlsx")


def register(app: Flask, database: Database) -> None:
    """Add ``/kontakt/traffar/<slug>/dagen`` and its lists."""

    @app.get(PAGE)
    @signed_in.require_person
    def day_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return render_template("day/day.html", event=event, **_figures(session, event))

    @app.get(f"{PAGE}/antal")
    @signed_in.require_person
    def day_figures(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return render_template("day/figures.html", event=event, **_figures(session, event))

    @app.get(f"{PAGE}/narvaro")
    @signed_in.require_person
    def attendance_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return render_template("day/attendance.html", event=event, guests=_coming(session, event))

    @app.get(f"{PAGE}/narvaro.<form>")
    @signed_in.require_person
    def attendance_file(slug: str, form: str) -> ResponseReturnValue:
        return _file(database, slug, form, "attendance", _attendance_rows)

    @app.get(f"{PAGE}/koket")
    @signed_in.require_person
    def kitchen_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return render_template("day/kitchen.html", event=event, meal=kitchen(session, event))

    @app.get(f"{PAGE}/koket.<form>")
    @signed_in.require_person
    def kitchen_file(slug: str, form: str) -> ResponseReturnValue:
        return _file(database, slug, form, "kitchen", _kitchen_rows)

    @app.get(f"{PAGE}/koket/namn")
    @signed_in.require_person
    def kitchen_names(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return render_template("day/kitchen_names.html", event=event, meal=kitchen(session, event))


def _figures(session: Session, event: Event) -> dict[str, object]:
    walk_ins = guests.count_walk_ins(session, event.id)
    counts = guests.counts(session, event.id)
    return {"counts": counts, "walk_ins": walk_ins, "expected": counts.coming_people - walk_ins}


def _coming(session: Session, event: Event) -> Sequence[Guest]:
    found = guests.by_event(session, event.id, states=[GuestState.COMING.value])
    return sorted(found, key=lambda guest: (name_key(guest.name), guest.id))


Rows = Callable[[Session, Event, Callable[[str], str]], Iterator[Sequence[Cell]]]


def _file(database: Database, slug: str, form: str, name: str, rows: Rows) -> ResponseReturnValue:
    """A list as a file; that it was taken out stands in the event's history."""
    if form not in FORMS:
        raise NotFound(form)
    texts, language = spoken()
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        made = list(rows(session, event, lambda key: texts.get(language, key)))
        note_change(session, f"list.{name}", actor=signed_in.who(), moment=now(), event_id=event.id, after=form)
        title = said(event.title, language)
    file = f"{texts.get(language, f'day.file.{name}')}-{slug}"
    return sheets.csv_response(file, made) if form == "csv" else sheets.xlsx_response(file, _sheet_name(title), made)


def _sheet_name(title: str) -> str:
    """What a sheet may be called: some signs are forbidden, and an apostrophe at either end."""
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in title)[:31].strip(" '") or "1"


def _attendance_rows(session: Session, event: Event, say: Callable[[str], str]) -> Iterator[Sequence[Cell]]:
    yield [say(f"day.column.{name}") for name in ("name", "organisation", "party", "others", "came")]
    for guest in _coming(session, event):
        others = ", ".join(str(member["name"]) for member in guest.party if member.get("name"))
        yield [guest.name, guest.organisation, guest.party_size, others, guest.came]


def _kitchen_rows(session: Session, event: Event, say: Callable[[str], str]) -> Iterator[Sequence[Cell]]:
    meal: Kitchen = kitchen(session, event)
    yield [say("day.column.diet"), say("day.column.number")]
    for portion in meal.portions:
        yield [portion.words, portion.number]
    yield [say("day.kitchen.plain"), meal.plain]
    yield [say("day.kitchen.together"), meal.people]
