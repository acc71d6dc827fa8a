"""rsvp's web app: events for everybody, replies by signed link, the organisers' pages, and the API."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.rsvp.web import event_words
from shared import ended_access
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import ended
from shared.web.app import make_app

WEB = Path(__file__).parent / "web"
TEXTS = WEB / "texts"


def create_app(settings: Settings) -> Flask:
    """The app, with its own connections to the database; the first opens when it is first needed."""
    app = make_app(
        "services.rsvp",
        settings,
        templates=[WEB / "templates"],
        catalogues=sorted(folder for folder in TEXTS.iterdir() if folder.is_dir()),
    )
    database = Database(settings, Role.RSVP)
    app.extensions["idesluss_database"] = database  # for whoever must close it: tests, a clean stop
    event_words.install(app)
    ended.install(app, ended.Ended(lambda: ended_access.ended(database, now())))
    return app
