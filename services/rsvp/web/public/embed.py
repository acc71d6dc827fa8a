"""The event in a frame on a municipality's site: when, where, and the form. No cookie is set or read."""

from __future__ import annotations

from flask import Flask, render_template
from flask.typing import ResponseReturnValue

from services.rsvp.store import public
from services.rsvp.web.public.doors import Door
from services.rsvp.web.public.event_page import event_page
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import antibot

FRAMED = Door("/embed/traff", is_framed=True)


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/embed/traff/<slug>`` to the app."""
    guard = antibot.install(app, settings, database, "/prov/traff")

    @app.get("/embed/traff/<slug>")
    def framed_event(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            try:
                event = public.event_by_slug(session, slug)
            except NotFound:
                return render_template("public/missing.html"), 404
            return event_page(session, settings, guard, FRAMED, event)
