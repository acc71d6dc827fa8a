"""The front page: what this is in three sentences, where to send an idea, and where to look further."""

from __future__ import annotations

from flask import Flask, render_template

from services.intake.store import sluices
from shared.db import Database
from shared.settings import Settings


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/`` to the app."""

    @app.get("/")
    def front() -> str:
        with database.transaction() as session:
            found = sluices.profiles(session)
        return render_template("front.html", sluices=found, catches_mail=settings.catches_mail)
