"""The page on which somebody follows their idea, opened by the signed link in their confirmation."""

from __future__ import annotations

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.idea import Reference, Stage, SubmitterKind
from services.intake.store import queries, sluices
from services.intake.usecases.submitter import state_kind
from services.intake.web.stair import stage_left, stair
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.language import link


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/i/<reference>`` to the app."""

    def opened(reference: str, token: str) -> str:
        """The reference as we write it, if the token opens it; a wrong one looks as if there were no idea."""
        found = Reference.parse(reference)
        if found is None or not links.opens_follow(settings.signer, str(found), token):
            raise NotFound("no such page")
        return str(found)

    @app.get("/i/<reference>")
    def follow(reference: str) -> ResponseReturnValue:
        token = request.args.get("t", "")
        try:
            known = opened(reference, token)
        except NotFound:
            return render_template("follow_closed.html"), 404
        with database.transaction() as session:
            row = queries.idea_by_reference(session, known)
            entries = queries.timeline(session, row.idea.id, public_only=True)
            sluice = sluices.profile(session, row.idea.sluice_id)
        stage = Stage(row.idea.stage)
        return render_template(
            "follow.html",
            idea=row.idea,
            sluice=sluice,
            entries=list(reversed(entries)),
            answered=any(entry.event == "answered" for entry in entries),
            late=now().astimezone(STOCKHOLM).date() > row.idea.answer_by.astimezone(STOCKHOLM).date(),
            stair=stair(stage, stage_left(entries)),
            token=token,
        )

    @app.post("/i/<reference>/kind")
    def say_kind(reference: str) -> ResponseReturnValue:
        token = request.form.get("t", "")
        known = opened(reference, token)
        try:
            kind = SubmitterKind(request.form.get("kind", ""))
        except ValueError as error:
            raise Rejected("kind", "unknown") from error
        with database.transaction() as session:
            state_kind(session, known, kind)
        return redirect(link(f"/i/{known}", t=token), 303)
