"""What is coming, by day: everybody's page of events, and what came of those that have been."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.due import day_of
from services.rsvp.store import public
from services.rsvp.store.public import Card
from shared.clock import now
from shared.db import Database
from shared.settings import Settings


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/traffar/`` to the app."""
    app.jinja_env.globals["base_url"] = settings.base_url
    app.jinja_env.globals["sluice_theme"] = lambda sluice: f"/tema/{sluice.slug}.css"

    @app.get("/traffar/")
    def events() -> ResponseReturnValue:
        moment = now()
        with database.transaction() as session:
            hosts = public.hosts(session)
            asked = request.args.get("kommun", "")
            chosen = next((host for host in hosts if host.slug == asked), None)
            slug = chosen.slug if chosen else None
            coming = public.coming(session, moment, sluice=slug)
            past = public.past(session, moment, sluice=slug)
        return render_template(
            "public/events.html", hosts=hosts, chosen=chosen, days=_by_day(coming), past=past, moment=moment
        )


def _by_day(cards: Iterable[Card]) -> list[tuple[date, list[Card]]]:
    """The cards under the day on which each begins, where it is held."""
    return [(day, list(those)) for day, those in groupby(cards, key=_day)]


def _day(card: Card) -> date:
    event = card.event
    assert event.starts_at is not None, "what is coming has a day"
    return day_of(event.starts_at, event.zone)
