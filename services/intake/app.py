"""Intake's web app: the front page, the signed pages, and the JSON API."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from services.intake.usecases import sessions
from services.intake.web import api, removed, theme
from services.intake.web.administration import (
    admin_access,
    admin_people,
    admin_retention,
    admin_sluices,
    mail_lab,
    personal_data,
)
from services.intake.web.contacts import (
    act_links,
    confirm,
    contact_acts,
    contact_answer,
    contact_idea,
    export,
    held,
    inbox,
    mail_trail,
    many,
    news_desk,
    overview,
    packages,
    public_desk,
    publishing,
)
from services.intake.web.public import (
    board,
    board_acts,
    embed,
    feeds,
    follow,
    follow_acts,
    form,
    form_receipt,
    form_similar,
    front,
    news,
    same_idea,
)
from services.intake.web.signing_in import oidc, renewal, sign_in, you
from shared.clock import now
from shared.db import Database, Role
from shared.mail import reasons
from shared.settings import Settings
from shared.web import ended
from shared.web.app import make_app

WEB = Path(__file__).parent / "web"
TEXTS = WEB / "texts"


def create_app(settings: Settings) -> Flask:
    """The app, with its own connections to the database; the first opens when it is first needed."""
    app = make_app(
        "services.intake",
        settings,
        templates=[WEB / "templates"],
        catalogues=[TEXTS, *sorted(folder for folder in TEXTS.iterdir() if folder.is_dir()), reasons.TEXTS],
    )
    database = Database(settings, Role.INTAKE)
    _remember_what_ended(app, database)
    renewal.register(app, database)
    removed.register(app)
    sign_in.register(app, settings, database)
    theme.register(app, database)
    oidc.register(app, settings, database)
    you.register(app, settings, database)
    admin_sluices.register(app, settings, database)
    admin_people.register(app, database)
    admin_retention.register(app, settings, database)
    admin_access.register(app, settings, database)
    personal_data.register(app, settings, database)
    front.register(app, settings, database)
    follow.register(app, settings, database)
    follow_acts.register(app, settings, database)
    confirm.register(app, settings, database)
    act_links.register(app, settings, database)
    same_idea.register(app, settings, database)
    contact_idea.register(app, settings, database)
    contact_answer.register(app, settings, database)
    contact_acts.register(app, settings, database)
    publishing.register(app, settings, database)
    mail_lab.register(app, settings)
    mail_trail.register(app, settings, database)
    inbox.register(app, settings, database)
    export.register(app, settings, database)
    many.register(app, settings, database)
    packages.register(app, database)
    held.register(app, settings, database)
    overview.register(app, settings, database)
    form.register(app, settings, database)
    form_receipt.register(app, settings, database)
    form_similar.register(app, database)
    embed.register(app)
    board.register(app, settings, database)
    board_acts.register(app, settings, database)
    feeds.register(app, settings, database)
    news.register(app, settings, database)
    news_desk.register(app, settings, database)
    public_desk.register(app, settings, database)
    api.register(app, settings, database)
    return app


def _remember_what_ended(app: Flask, database: Database) -> None:
    def load() -> ended.Names:
        with database.transaction() as session:
            return sessions.ended_access(session, now())

    ended.install(app, ended.Ended(load))
