"""A guest takes their name, address and words away: a page that says what goes and what stays, and its button."""

from __future__ import annotations

from flask import Flask, redirect, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind, GuestState
from services.rsvp.store import events, guests, sluices
from services.rsvp.store.guest_tables import Guest
from services.rsvp.usecases.forget import erase_guest
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import links
from shared.web.language import link, speak

PAGE = "/svar/<token>/radera"
GIVEN_UP = (GuestState.COMING.value, GuestState.OFFERED.value, GuestState.WAITING.value)


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/svar/<token>/radera`` to the app."""

    def opened(session: Session, token: str) -> Guest:
        return guests.by_id(session, links.opened(settings.signer, links.REPLY, token))

    @app.get(PAGE)
    def show_erase(token: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                guest = opened(session, token)
                event = events.by_id(session, guest.event_id)
                sluice = sluices.find(session, event.sluice_slug)
        except NotFound:
            return render_template("public/link_closed.html"), 404
        speak(guest.language)
        moment = now()
        is_over = event.ends_at is not None and event.ends_at <= moment
        return render_template(
            "summary/erase.html",
            event=event,
            sluice=sluice,
            guest=guest,
            token=token,
            gives_up=event.state == "published" and not is_over and guest.state in GIVEN_UP,
        )

    @app.post(PAGE)
    def erase(token: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                guest = opened(session, token)
                if guest.anonymised_at is None:
                    erase_guest(session, guest.id, actor_kind=ActorKind.GUEST, moment=now())
        except NotFound:
            return render_template("public/link_closed.html"), 404
        return redirect(link(f"/svar/{token}/radera"), 303)
