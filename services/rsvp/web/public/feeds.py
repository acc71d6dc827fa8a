"""Calendar feeds (RFC 5545, METHOD:PUBLISH): all events, a municipality's, a tour's, and one event as a file.

They hold what everybody may know. A guest's own invitation comes by mail, under a UID of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.calendar_names import public_uid
from services.rsvp.domain.said import said
from services.rsvp.ical.build import feed
from services.rsvp.ical.model import Feed
from services.rsvp.store import calendar_feed, events, public, sluices
from services.rsvp.store.tables import Event, Sluice
from services.rsvp.usecases.calendar_facts import meeting_of
from services.rsvp.web.public import calendar_links
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web.language import link, spoken

FRESH_SECONDS = 300
Rows = Sequence[tuple[Event, Sluice]]


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the feeds' addresses, and what pages need to link to them."""
    app.jinja_env.globals["calendar_links"] = lambda event: calendar_links.links_of(settings, event, spoken()[1])
    app.jinja_env.globals["subscription"] = lambda path: calendar_links.subscription(settings.base_url + path)

    @app.get("/traffar/kalender.ics")
    def all_events() -> ResponseReturnValue:
        texts, language = spoken()
        with database.transaction() as session:
            rows = calendar_feed.of_all(session, now())
            return _answer(session, settings, texts.get(language, "calendar.all"), rows)

    @app.get("/traffar/kalender/<slug>.ics")
    def of_sluice(slug: str) -> ResponseReturnValue:
        texts, language = spoken()
        with database.transaction() as session:
            try:
                sluice = sluices.find(session, slug)
            except NotFound:
                return render_template("public/missing.html"), 404
            rows = calendar_feed.of_sluice(session, slug, now())
            return _answer(session, settings, texts.get(language, "calendar.of", name=sluice.name), rows)

    @app.get("/traffar/<slug>/kalender.ics")
    def of_event_or_tour(slug: str) -> ResponseReturnValue:
        _, language = spoken()
        with database.transaction() as session:
            try:
                name, rows = _named(session, slug, language, now())
            except NotFound:
                return render_template("public/missing.html"), 404
            return _answer(session, settings, name, rows, file=f"{slug}.ics")


def _named(session: Session, slug: str, language: str, moment: datetime) -> tuple[str, Rows]:
    """An event, or a tour's stops: they share the names in ``/traffar/<slug>``."""
    try:
        event = public.event_by_slug(session, slug)
    except NotFound:
        tour = public.tour_by_slug(session, slug)
        return said(tour.title, language), calendar_feed.of_tour(session, tour, moment)
    return said(event.title, language), [(event, sluices.find(session, event.sluice_slug))]


def _answer(session: Session, settings: Settings, name: str, rows: Rows, *, file: str = "") -> Response:
    """The feed; whoever has it unchanged is told so (RFC 9110 §13), which costs them nothing to read."""
    _, language = spoken()
    contacts = events.contacts_of_many(session, [event.id for event, _ in rows])
    meetings = [
        meeting_of(
            settings,
            event,
            sluice,
            contacts[event.id],
            uid=public_uid(event.id),
            sequence=event.sequence,
            stamp=event.updated_at,
            language=language,
        )
        for event, sluice in rows
    ]
    here = f"{settings.base_url}{link(request.path)}"
    known = [meeting for meeting in meetings if meeting is not None]
    response = Response(feed(Feed(name, known, here)), content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    response.vary.add("Accept-Language")
    if file:
        response.headers.set("Content-Disposition", "inline", filename=file)
    if rows:
        response.last_modified = max(event.updated_at for event, _ in rows)
    response.add_etag()
    response.make_conditional(request)
    return response
