"""rsvp's web app: events for everybody, replies by signed link, the organisers' pages, and the API."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.rsvp.web import api, event_words
from services.rsvp.web.day import catch, door, guest_code, lists, summary, tour_figures, wall, workshop
from services.rsvp.web.guests import desk
from services.rsvp.web.organise import event_acts, event_list, event_pages, host_pages, tour_pages, tour_stops
from services.rsvp.web.public import (
    embed,
    erase,
    event_page,
    events_page,
    feedback_page,
    feeds,
    host,
    pictures,
    proposal,
    registration,
    reply_page,
    summary_reader,
)
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
    event_list.register(app, database)
    event_pages.register(app, database)
    event_acts.register(app, database)
    host_pages.register(app, settings, database)
    desk.register(app, settings, database)
    tour_pages.register(app, database)
    tour_stops.register(app, database)
    host.register(app, settings, database)
    pictures.register(app, database)
    api.register(app, settings, database)
    lists.register(app, database)
    door.register(app, settings, database)
    guest_code.register(app, settings, database)
    workshop.register(app, settings, database)
    wall.register(app, database)
    catch.register(app, settings, database)
    events_page.register(app, settings, database)
    event_page.register(app, settings, database)
    embed.register(app, settings, database)
    registration.register(app, settings, database)
    reply_page.register(app, settings, database)
    proposal.register(app, settings, database)
    feeds.register(app, settings, database)
    summary.register(app, settings, database)
    tour_figures.register(app, database)
    summary_reader.register(app, settings, database)
    feedback_page.register(app, settings, database)
    erase.register(app, settings, database)
    ended.install(app, ended.Ended(lambda: ended_access.ended(database, now())))
    return app
