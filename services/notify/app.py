"""notify's HTTP side: its API, and the catching mailbox where that is where mail goes."""

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
    """The app; connects to nothing until it is asked something."""
    app = make_app("notify", settings, templates=MAILBOX / "templates", catalogues=[MAILBOX / "texts"])
    api.register(app, Database(settings, Role.NOTIFY))
    if settings.catches_mail:
        app.register_blueprint(mailbox.blueprint(settings, MailStore(Database(settings, Role.MAILBOX))))
    return app
