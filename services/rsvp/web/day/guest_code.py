"""The QR code on a guest's own page: what the door scans. It carries the door's short code, never the reply link."""

from __future__ import annotations

from flask import Flask
from flask.typing import ResponseReturnValue

from services.rsvp.domain import door_code
from services.rsvp.domain.states import EventState, GuestState
from services.rsvp.store import events, guests
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.web.day import qr
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import links


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/svar/<token>/kod.svg``, and ``door_code_of(guest)`` for templates."""

    @app.get("/svar/<token>/kod.svg")
    def guest_code_picture(token: str) -> ResponseReturnValue:
        guest_id = links.opened(settings.signer, links.REPLY, token)
        with database.transaction() as session:
            guest = guests.by_id(session, guest_id)
            event = events.by_id(session, guest.event_id)
            if not has_code(event, guest):
                raise NotFound("door code")
            slug = event.slug
        return qr.svg(door_url(settings, slug, door_code.code_of(settings.signer, guest_id)))

    app.jinja_env.globals.update(
        has_door_code=has_code,
        door_code_of=lambda guest: door_code.in_groups(door_code.code_of(settings.signer, guest.id)),
    )


def has_code(event: Event, guest: Guest) -> bool:
    """True for those who are coming to an event that is on."""
    return event.state == EventState.PUBLISHED.value and guest.state == GuestState.COMING.value


def door_url(settings: Settings, slug: str, code: str) -> str:
    """What the QR code holds: the door's page, for a telephone's own camera."""
    return f"{settings.base_url}/kontakt/traffar/{slug}/dorren/{code}"
