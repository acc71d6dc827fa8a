"""The page on which a contact confirms an answer that they drafted by mail, opened by our link to them.

Looking changes nothing, so a scanner that opens every link in a mail sends no answer. The token is all the right
there is, and it stands in the form's body as well: a foreign page cannot make that request without knowing it.
"""

from __future__ import annotations

from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.official import MAX_ANSWER
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import form_text
from shared.web.language import link


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/bekrafta/<token>`` to the app."""
    announcer = Announcer(settings)

    def shown(token: str, draft_id: UUID, *, text: str | None = None, fault: str | None = None) -> str:
        with database.transaction() as session:
            draft = answer.view_draft(session, draft_id)
        return render_template(
            "confirm.html",
            draft=draft,
            text=draft.text if text is None else text,
            fault=fault,
            token=token,
            limit=MAX_ANSWER,
            idea_url=links.contact_url(settings, draft.reference, draft.contact_id),
        )

    @app.get("/kontakt/bekrafta/<token>")
    def show_draft(token: str) -> ResponseReturnValue:
        draft_id = links.draft_of(settings.signer, token)
        if draft_id is None:
            return render_template("confirm_closed.html"), 404
        try:
            return shown(token, draft_id)
        except NotFound:
            return render_template("confirm_closed.html"), 404

    @app.post("/kontakt/bekrafta/<token>")
    def send_answer(token: str) -> ResponseReturnValue:
        draft_id = links.draft_of(settings.signer, token)
        if draft_id is None or request.form.get("token") != token:
            return render_template("confirm_closed.html"), 404
        text = form_text().get("text", "")
        if len(text) > MAX_ANSWER:
            return shown(token, draft_id, text=text, fault="too_long"), 422
        try:
            with database.transaction() as session:
                answer.confirm(session, announcer, draft_id, text)
        except Rejected:
            return shown(token, draft_id, text=text, fault="empty"), 422
        return redirect(link(f"/kontakt/bekrafta/{token}"), 303)
