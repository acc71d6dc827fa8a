"""Ask for an event's summary by mail, and the buttons behind the link that we then send. Looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.store import sluices
from services.rsvp.usecases import want_summary
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import antibot, links
from shared.web.form_text import form_text
from shared.web.language import link, spoken
from shared.web.public_form import is_person, status_of

FORM = "event-summary"
ASK = "/traffar/<slug>/summering"
LINK = "/svar/summering/<token>"
_NOTHING: Mapping[str, str] = {}


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the form and the link's page to the app."""
    guard = antibot.install(app, settings, database, "/prov/traff")

    def form_page(slug: str, typed: Mapping[str, str] = _NOTHING, fault: Rejected | None = None) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                event = want_summary.askable(session, slug)
                sluice = sluices.find(session, event.sluice_slug)
        except NotFound:
            return render_template("public/missing.html"), 404
        again = request.method == "POST"
        page = render_template(
            "summary/want.html",
            event=event,
            sluice=sluice,
            typed=typed,
            fault=fault,
            is_sent=request.args.get("skickat", "") == "mejl",
            guard=guard.fields(FORM, token=request.form.get(antibot.TOKEN) if again else None, sent_again=again),
        )
        return page, status_of(fault) if fault else 200

    @app.get(ASK)
    def show_want_summary(slug: str) -> ResponseReturnValue:
        return form_page(slug)

    @app.post(ASK)
    def want(slug: str) -> ResponseReturnValue:
        typed = form_text()
        try:
            if is_person(guard, FORM):
                with database.transaction() as session:
                    address, language = typed.get("address", ""), spoken()[1]
                    want_summary.ask_for_summary(
                        session, settings, slug, address=address, language=language, moment=now()
                    )
        except Rejected as fault:
            return form_page(slug, typed, fault)
        except NotFound:
            return form_page(slug)
        return redirect(link(f"/traffar/{slug}/summering", skickat="mejl"), 303)

    def reader_of(token: str) -> UUID:
        return links.opened(settings.signer, links.SUMMARY_READER, token)

    @app.get(LINK)
    def show_wish(token: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                wish = want_summary.look(session, reader_of(token))
        except NotFound:
            return render_template("public/link_closed.html"), 404
        return render_template("summary/wish.html", wish=wish, event=wish.event, sluice=wish.sluice, token=token)

    def pressed(token: str, act: Callable[[Session, UUID], None]) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                act(session, reader_of(token))
        except NotFound:
            return render_template("public/link_closed.html"), 404
        return redirect(link(f"/svar/summering/{token}"), 303)

    @app.post(LINK)
    def confirm_wish(token: str) -> ResponseReturnValue:
        return pressed(token, lambda session, reader: want_summary.confirm(session, settings, reader, moment=now()))

    @app.post(f"{LINK}/sluta")
    def stop_wish(token: str) -> ResponseReturnValue:
        return pressed(token, lambda session, reader: want_summary.stop(session, reader, moment=now()))
