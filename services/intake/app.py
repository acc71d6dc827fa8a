"""Intake's web app: the front page, the signed pages, and the JSON API."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.intake.web import api, confirm, contact_idea, follow, front
from shared.db import Database, Role
from shared.mail import reasons
from shared.settings import Settings
from shared.web.app import make_app

WEB = Path(__file__).parent / "web"


def create_app(settings: Settings) -> Flask:
    """The app, with its own connections to the database; the first opens when it is first needed."""
    app = make_app(
        "services.intake", settings, templates=[WEB / "templates"], catalogues=[WEB / "texts", reasons.TEXTS]
    )
    database = Database(settings, Role.INTAKE)
    front.register(app, settings, database)
    follow.register(app, settings, database)
    confirm.register(app, settings, database)
    contact_idea.register(app, settings, database)
    api.register(app, settings, database)
    return app
