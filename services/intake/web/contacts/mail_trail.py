"""The page of one stored mail: what was decided about it, why, and forms that undo it."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import mail_trail
from services.intake.usecases.announce import Announcer
from services.intake.web import downloads
from services.intake.web.downloads import size_in_words
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import session
from shared.web.form_text import ROOM, form_text
from shared.web.language import link
from shared.web.room import room_for
from shared.web.viewer import viewer

PAGE = "/kontakt/mejl/<uuid:inbound_email_id>"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/mejl/<id>`` to the app."""
    announcer = Announcer(settings)

    def page(inbound_email_id: UUID, fault: tuple[str, str] | None = None) -> str:
        with database.transaction() as transaction:
            return render_template(
                "mail_lab/mail_trail.html",
                trail=mail_trail.trail(transaction, viewer(), inbound_email_id),
                fault=fault,
                typed=request.form,
                in_words=size_in_words,
                limit=mail_trail.MAX_TEXT,
            )

    def closed() -> ResponseReturnValue:
        return render_template("mail_lab/closed.html"), 404

    @app.get(PAGE)
    @session.require_person
    def show_trail(inbound_email_id: UUID) -> ResponseReturnValue:
        try:
            return page(inbound_email_id)
        except NotFound:
            return closed()

    @app.get(f"{PAGE}/original")
    @session.require_person
    def original_mail(inbound_email_id: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                raw = mail_trail.raw(transaction, viewer(), inbound_email_id)
        except NotFound:
            return closed()
        return downloads.original(inbound_email_id, raw)

    @app.post(f"{PAGE}/<act>")
    @room_for(fields=ROOM)
    @session.require_person
    def undo_decision(inbound_email_id: UUID, act: str) -> ResponseReturnValue:
        typed = form_text()
        given = {name: typed.get(name, "") for name in ("reason", "title", "text")}
        try:
            with database.transaction() as transaction:
                mail_trail.undone(transaction, announcer, viewer(), inbound_email_id, act, **given)
        except NotFound:
            return closed()
        except Rejected as fault:
            return page(inbound_email_id, (fault.field, fault.message_key)), 422
        except Conflict:
            return page(inbound_email_id, ("content", "nothing_to_undo")), 409
        return redirect(link(f"/kontakt/mejl/{inbound_email_id}", gjort=act), 303)
