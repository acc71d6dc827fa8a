"""notify's web app: its API, administrators' pages, and the catching mailbox where that is where mail goes."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.notify.channels.guarded_http import GuardedHttp
from services.notify.mailbox import web as mailbox
from services.notify.mailbox.store import MailStore
from services.notify.usecases.endpoints import Endpoints
from services.notify.web import (
    api,
    drift,
    frame,
    log,
    preferences,
    receipts,
    sign_in,
    suppressions,
    undelivered,
    webhooks,
    wordings,
)
from shared import ended_access
from shared.clock import now
from shared.db import Database, Role
from shared.mail import reasons
from shared.settings import Settings
from shared.web import ended
from shared.web.app import make_app

HERE = Path(__file__).parent
MAILBOX = Path(mailbox.__file__).parent
TEMPLATES = (HERE / "web" / "templates", MAILBOX / "templates")
TEXTS = (*sorted((HERE / "web" / "texts").iterdir()), reasons.TEXTS, MAILBOX / "texts")
"""Each group of pages has a folder of its own; the reasons are those that mails name too."""


def create_app(settings: Settings) -> Flask:
    """The app, with its own connections to the database; the first opens when it is first needed."""
    app = make_app("services.notify", settings, templates=TEMPLATES, catalogues=TEXTS)
    database = Database(settings, Role.NOTIFY)
    # The bus as the relay sees it: every delivery and no payload.
    bus = Database(settings, Role.RELAY, pool_size=2)
    app.extensions["idesluss_database"] = database  # for whoever must close it: tests, a clean stop
    app.extensions["idesluss_bus_database"] = bus
    ended.install(app, ended.Ended(lambda: ended_access.ended(database, now())))
    frame.register(app, settings, database, bus)
    sign_in.register(app, settings)
    drift.register(app, settings, database, bus)
    log.register(app, settings, database)
    suppressions.register(app, database)
    undelivered.register(app, settings, database)
    wordings.register(app, settings, database)
    endpoints = Endpoints(settings, database, GuardedHttp(settings.webhook_networks))
    webhooks.register(app, endpoints)
    api.register(app, database, endpoints)
    receipts.register(app, settings, database)
    preferences.register(app, settings, database)
    if settings.catches_mail:
        caught = Database(settings, Role.MAILBOX)
        app.extensions["idesluss_mailbox_database"] = caught
        app.register_blueprint(mailbox.blueprint(settings, MailStore(caught)))
    return app
