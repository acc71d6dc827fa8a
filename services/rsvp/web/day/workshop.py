"""The workshop as those who hold it see it: open and close, themes, the code to show, and what was caught."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.caught import MAX_THEMES, THEME_LIMIT
from services.rsvp.store.tables import Event
from services.rsvp.usecases import workshop
from services.rsvp.usecases.access import own_event, seen_event
from services.rsvp.web.day import qr
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web import session as signed_in
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.viewer import viewer

PAGE = "/kontakt/traffar/<slug>/verkstad"
TOLD = ("opened", "closed", "themes", "arranged", "released", "discarded", "overtaken", "unpublished")


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/traffar/<slug>/verkstad`` and its acts."""

    def page(session: Session, event: Event, *, fault: Rejected | None = None, typed: str | None = None) -> str:
        ideas = workshop.caught(session, event)
        return render_template(
            "day/workshop.html",
            event=event,
            ideas=[idea for idea in ideas if idea.held is None],
            held=[idea for idea in ideas if idea.held is not None],
            address=catch_url(settings, event),
            themes="\n".join(event.themes) if typed is None else typed,
            fault=fault,
            told=request.args.get("gjort", "") if request.args.get("gjort") in TOLD else "",
            limits={"number": MAX_THEMES, "length": THEME_LIMIT},
        )

    @app.get(PAGE)
    @signed_in.require_person
    def workshop_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            return page(session, seen_event(session, viewer(), slug))

    @app.get(f"{PAGE}/kod.svg")
    @signed_in.require_person
    def workshop_code(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            return qr.svg(catch_url(settings, seen_event(session, viewer(), slug)))

    @app.get(f"{PAGE}/visa")
    @signed_in.require_person
    def workshop_sign(slug: str) -> ResponseReturnValue:
        """What is shown or printed in the room: the question, the code, the address."""
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return render_template("day/sign.html", event=event, address=catch_url(settings, event))

    def act(slug: str, told: str, deed: Callable[[Session, Event], object]) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                deed(session, own_event(session, viewer(), slug))
        except Conflict:
            told = "overtaken"
        except Rejected as fault:
            told = fault.message_key
        return redirect(link(f"/kontakt/traffar/{slug}/verkstad", gjort=told), 303)

    @app.post(f"{PAGE}/oppna")
    @signed_in.require_person
    def open_workshop(slug: str) -> ResponseReturnValue:
        return act(slug, "opened", _setter(is_open=True))

    @app.post(f"{PAGE}/stang")
    @signed_in.require_person
    def close_workshop(slug: str) -> ResponseReturnValue:
        return act(slug, "closed", _setter(is_open=False))

    @app.post(f"{PAGE}/teman")
    @signed_in.require_person
    def set_themes(slug: str) -> ResponseReturnValue:
        typed = form_text().get("themes", "")
        try:
            with database.transaction() as session:
                event = own_event(session, viewer(), slug)
                workshop.set_themes(session, event, typed, actor=signed_in.who(), moment=now())
        except Rejected as fault:
            with database.transaction() as session:
                return page(session, seen_event(session, viewer(), slug), fault=fault, typed=typed), 422
        return redirect(link(f"/kontakt/traffar/{slug}/verkstad", gjort="themes"), 303)

    @app.post(f"{PAGE}/ide/<uuid:caught_id>")
    @signed_in.require_person
    def arrange_idea(slug: str, caught_id: UUID) -> ResponseReturnValue:
        do, theme = request.form.get("do", ""), request.form.get("theme")
        if do == "release":
            return act(slug, "released", lambda session, event: workshop.release(session, event, caught_id))
        if do == "discard":
            return act(slug, "discarded", lambda session, event: workshop.discard(session, event, caught_id))
        hidden = {"hide": True, "show": False}.get(do)
        moved = theme if do == "move" else None
        return act(
            slug,
            "arranged",
            lambda session, event: workshop.arrange(session, event, caught_id, theme=moved, hidden=hidden),
        )


def catch_url(settings: Settings, event: Event) -> str:
    """The page for those present, as the QR code holds it."""
    return f"{settings.base_url}/traffar/{event.slug}/ide/{event.workshop_code}"


def _setter(*, is_open: bool) -> Callable[[Session, Event], None]:
    def deed(session: Session, event: Event) -> None:
        workshop.set_open(session, event, is_open=is_open, actor=signed_in.who(), moment=now())

    return deed
