"""The receipt: the idea's number, the link back to it, and what happens now and when. It changes nothing."""

from __future__ import annotations

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.idea import Reference, Stage
from services.intake.store import queries, sluices
from services.intake.web.public import form_fields
from services.intake.web.public.form import DOORS, Door, framed
from services.intake.web.stair import stair
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import links


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/ide/<slug>/tack/<reference>`` and the same in a frame to the app."""
    for door in DOORS:
        _register(app, settings, database, door)


def _register(app: Flask, settings: Settings, database: Database, door: Door) -> None:
    def show(slug: str, reference: str) -> ResponseReturnValue:
        known = Reference.parse(reference)
        if known is None or not links.opens_follow(settings.signer, str(known), request.args.get("t", "")):
            return render_template("follow_closed.html"), 404
        with database.transaction() as session:
            row = queries.idea_by_reference(session, str(known))
            sluice = sluices.profile(session, row.idea.sluice_id)
        if sluice.slug != slug:
            raise NotFound("the idea is another sluice's now")
        response = framed(
            door,
            sluice,
            200,
            "form/receipt.html",
            idea=row.idea,
            stair=stair(Stage(row.idea.stage)),
            follow_url=links.follow_url(settings, row.idea.reference),
            after=form_fields.own_words(sluice, "after"),
            here=door.address(sluice),
        )
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    app.add_url_rule(f"{door.base}/<slug>/tack/<reference>", f"receipt{door.base.replace('/', '_')}", show)
