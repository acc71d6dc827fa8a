"""An event's own page: when and where, what, whom to ask, and the form where anybody may register.

The same address shows a tour, where it is one's: they share the names in ``/traffar/<slug>``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from flask import Flask, Response, make_response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.answering import closes_at, why_closed
from services.rsvp.domain.reply_form import FilledReply
from services.rsvp.store import events, public, sluices
from services.rsvp.store.tables import Event
from services.rsvp.usecases.calendar_facts import where
from services.rsvp.web.public import reply_fields, structured
from services.rsvp.web.public.doors import Door, framed
from services.rsvp.web.public.tour_page import tour_page
from shared import markdown
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import antibot
from shared.web.antibot import Guard
from shared.web.language import spoken

OWN = Door("/traffar")


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/traffar/<slug>`` to the app."""
    guard = antibot.install(app, settings, database, "/prov/traff")
    app.jinja_env.globals["map_link"] = map_link
    app.jinja_env.globals["markdown"] = markdown.html

    @app.get("/traffar/<slug>")
    def event(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            try:
                found = public.event_by_slug(session, slug)
            except NotFound:
                return _tour_or_nothing(session, slug)
            return event_page(session, settings, guard, OWN, found)


def _tour_or_nothing(session: Session, slug: str) -> ResponseReturnValue:
    try:
        return tour_page(session, public.tour_by_slug(session, slug))
    except NotFound:
        return render_template("public/missing.html"), 404


def event_page(
    session: Session,
    settings: Settings,
    guard: Guard,
    door: Door,
    event: Event,
    *,
    form: FilledReply | None = None,
    faults: tuple[reply_fields.Fault, ...] = (),
    trouble: str = "",
    token: str | None = None,
    status: int = 200,
) -> Response:
    """The event's page, in the frame of its door; with what somebody typed, where it could not be taken.

    :param token: the form's, where it is shown again.
    """
    moment = now()
    sluice = sluices.find(session, event.sluice_slug)
    full = public.seats(session, event)
    name = form_name(event)
    facts: dict[str, Any] = {
        **reply_fields.facts_for(event, sluice, form or FilledReply(), faults),
        **about(session, event),
        "seats": full,
        "closed": why_closed(event, moment),
        "closes_at": closes_at(event),
        "is_over": event.ends_at is not None and event.ends_at <= moment,
        "trouble": trouble,
        "guard": guard.fields(name, token=token, sent_again=token is not None),
        "consent": reply_fields.consent_words(event, sluice),
        "structured": structured.event(settings, event, sluice, full, spoken()[1]),
        "here": door.address(event),
        "is_open_form": True,
    }
    template = "public/framed_event.html" if door.is_framed else "public/event.html"
    return framed(door, make_response(render_template(template, **facts), status), sluice)


def about(session: Session, event: Event) -> dict[str, Any]:
    """What is told of an event besides its own columns, on its page and on a guest's."""
    tour = events.tour_of(session, event)
    neighbours = public.stops(session, tour) if tour is not None else []
    at = next((number for number, card in enumerate(neighbours) if card.event.id == event.id), None)
    return {
        "contacts": events.contacts_of(session, event),
        "picture": events.picture_of(session, event),
        "tour": tour,
        "before": neighbours[at - 1] if at else None,
        "after": neighbours[at + 1] if at is not None and at + 1 < len(neighbours) else None,
        "summary": public.summary(session, event),
    }


def form_name(event: Event) -> str:
    """What the form's token and task are bound to; all doors lead to the same form."""
    return f"event:{event.slug}"


def map_link(event: Event) -> str:
    """Where a map shows the place: the organiser's own link, or a search for the address; empty without both."""
    if event.map_url:
        return event.map_url
    if not event.address:
        return ""
    return f"https://www.openstreetmap.org/search?query={quote_plus(where(event))}"
