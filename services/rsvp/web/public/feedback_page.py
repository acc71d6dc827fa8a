"""The page on which a guest says what they thought. Looking says nothing; the link comes in a mail after the event."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.opinion import RATINGS, TEXT_LIMIT, rating_in
from services.rsvp.store import sluices
from services.rsvp.usecases import give_feedback
from services.rsvp.web.number_words import number
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import ROOM, form_text
from shared.web.language import link, speak
from shared.web.room import room_for

PAGE = "/svar/tyck/<token>"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/svar/tyck/<token>`` to the app."""

    def guest_of(token: str) -> UUID:
        return links.opened(settings.signer, links.FEEDBACK, token)

    def page(
        token: str, typed: Mapping[str, str] | None = None, fault: Rejected | None = None, status: int = 200
    ) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                guest, event, said = give_feedback.asked(session, guest_of(token))
                sluice = sluices.find(session, event.sluice_slug)
        except NotFound:
            return render_template("public/link_closed.html"), 404
        speak(guest.language)
        was = {"rating": str(said.rating or ""), "text": said.text} if said else {}
        return (
            render_template(
                "summary/feedback.html",
                event=event,
                sluice=sluice,
                token=token,
                typed=was if typed is None else typed,
                fault=fault,
                closed=give_feedback.why_closed(event, now()),
                has_said=said is not None,
                is_sent=request.args.get("sparat", "") == "svar",
                ratings=tuple(reversed(RATINGS)),
                limit=TEXT_LIMIT,
                number=number,
            ),
            status,
        )

    @app.get(PAGE)
    def show_feedback(token: str) -> ResponseReturnValue:
        return page(token)

    @room_for(fields=ROOM)
    def say(token: str) -> ResponseReturnValue:
        typed = form_text()
        try:
            with database.transaction() as session:
                give_feedback.give_feedback(
                    session,
                    guest_of(token),
                    rating=rating_in(typed.get("rating", "")),
                    text=typed.get("text", ""),
                    moment=now(),
                )
        except NotFound:
            return page(token)
        except Rejected as fault:
            return page(token, typed, fault, 409 if fault.field == "event" else 422)
        return redirect(link(f"/svar/tyck/{token}", sparat="svar"), 303)

    app.add_url_rule(PAGE, "say_feedback", say, methods=["POST"])
