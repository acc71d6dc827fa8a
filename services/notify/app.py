"""notify's web app: its API, and the catching mailbox where that is where mail goes."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.notify.mailbox import web as mailbox
from services.notify.mailbox.store import MailStore
from services.notify.web import api
from shared.db import Database, Role
from shared.settings import Settings
from shared.web.app import make_app

MAILBOX = Path(mailbox.__file__).parent


def create_app(settings: Settings) -> Flask:
    """The app, with its own connections to the database; the first opens when it is first needed."""
    app = make_app("services.notify", settings, templates=MAILBOX / "templates", catalogues=[MAILBOX / "texts"])
    database = Database(settings, Role.NOTIFY)
    app.extensions["idesluss_database"] = database  # for whoever must close it: tests, a clean stop
    api.register(app, database)
    if settings.catches_mail:
        caught = Database(settings, Role.MAILBOX)
        app.extensions["idesluss_mailbox_database"] = caught
        app.register_blueprint(mailbox.blueprint(settings, MailStore(caught)))
    return app
