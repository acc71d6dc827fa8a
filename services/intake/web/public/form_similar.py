"""Earlier ideas that resemble the one being written: a piece of the form's page, fetched while somebody types.

Only what stands on the public board, in the words in which it stands there.
"""

from __future__ import annotations

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.store import sluices
from services.intake.usecases.similar import similar
from shared.db import Database

MAX_TITLE = 200
MAX_TEXT = 2_000
"""Characters that are compared; the page sends no more."""


def register(app: Flask, database: Database) -> None:
    """Add ``/ide/<slug>/liknande`` to the app."""

    @app.get("/ide/<slug>/liknande")
    def form_similar(slug: str) -> ResponseReturnValue:
        title, text = request.args.get("title", "")[:MAX_TITLE], request.args.get("text", "")[:MAX_TEXT]
        with database.transaction() as session:
            sluice = sluices.profile_by_slug(session, slug)
            found = similar(session, sluice.id, title, text, public_only=True) if sluice.board else []
        return render_template("form/similar.html", sluice=sluice, ideas=found)
