"""A guest's own page: what they answered, where they sit or wait and why, and the form that changes it.

Whoever holds the link may act; looking at the page changes nothing, so mail scanners and prefetching answer nobody's
invitation. The page speaks the guest's language unless another is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.answering import closes_at, why_closed
from services.rsvp.domain.reply_form import FilledReply
from services.rsvp.domain.states import ActorKind, GuestState
from services.rsvp.store import events, guests, public, sluices
from services.rsvp.store.guest_tables import Guest
from services.rsvp.usecases import seats
from services.rsvp.usecases.record_reply import record_reply
from services.rsvp.usecases.register_openly import held_answer
from services.rsvp.usecases.settling import place_of
from services.rsvp.web.public import reply_fields
from services.rsvp.web.public.event_page import about
from services.rsvp.web.public.reply_fields import Fault, Reading
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import ROOM, form_text, version_in
from shared.web.language import link, speak
from shared.web.room import room_for

ACTOR = "guest"
VIA = {"via": "page"}
_OFFERS: dict[str, Callable[..., object]] = {"ta": seats.take_offer, "lamna": seats.leave_offer}
"""What may be said to offered seats, by the button's value."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/svar/<token>`` and its buttons to the app."""

    def opened(session: Session, token: str) -> Guest:
        guest = guests.by_id(session, links.opened(settings.signer, links.REPLY, token))
        if guest.anonymised_at is not None:
            raise NotFound("the guest is nobody any more")
        speak(guest.language)
        return guest

    def page(token: str, status: int = 200, **more: Any) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                facts = _facts(session, opened(session, token), **more)
        except NotFound:
            return render_template("public/link_closed.html"), 404
        return make_response(render_template("public/reply.html", token=token, **facts), status)

    @app.get("/svar/<token>")
    def show_reply(token: str) -> ResponseReturnValue:
        return page(token, sent=request.args.get("sparat", ""))

    @room_for(fields=ROOM)
    def reply(token: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                guest = opened(session, token)
                event = events.by_id(session, guest.event_id)
        except NotFound:
            return page(token)
        reading = reply_fields.read(event, is_open=False)
        if reading.faults:
            return page(token, 422, reading=reading)
        try:
            with database.transaction() as session:
                _record(session, guest.id, reading)
        except Conflict:
            return page(token, 409, reading=reading, trouble="changed")
        except Rejected as fault:
            if (at_party := reply_fields.party_fault(fault.message_key)) is not None:
                return page(token, 422, reading=reading, faults=(at_party,))
            return page(token, 409, reading=reading, trouble=fault.message_key)
        return redirect(link(f"/svar/{token}", sparat="svar"), 303)

    app.add_url_rule("/svar/<token>", "reply", reply, methods=["POST"])

    @app.post("/svar/<token>/plats")
    def answer_offer(token: str) -> ResponseReturnValue:
        act = _OFFERS.get(request.form.get("act", ""))
        try:
            if act is None:
                raise NotFound("no such button")
            with database.transaction() as session:
                guest = opened(session, token)
                act(session, guest.id, moment=now(), actor_kind=ActorKind.GUEST, actor=ACTOR)
        except NotFound:
            return page(token)
        except (Conflict, Rejected):
            return page(token, 409, trouble="offer")
        return redirect(link(f"/svar/{token}", sparat="plats"), 303)


def _record(session: Session, guest_id: UUID, reading: Reading) -> None:
    record_reply(
        session,
        guest_id,
        reading.given,
        actor=ACTOR,
        actor_kind=ActorKind.GUEST,
        moment=now(),
        version=version_in(form_text()),
        facts=VIA,
    )


def _facts(
    session: Session,
    guest: Guest,
    *,
    reading: Reading | None = None,
    faults: tuple[Fault, ...] = (),
    trouble: str = "",
    sent: str = "",
) -> dict[str, Any]:
    """What the page shows: how it is now, and what was typed where it was not taken."""
    moment = now()
    event = events.by_id(session, guest.event_id)
    held = held_answer(session, guest)
    closed = why_closed(event, moment)
    offer_ends_at = guest.offer_ends_at if guest.state == GuestState.OFFERED else None
    form: FilledReply = reading.form if reading else reply_fields.of_guest(event, guest, held)
    wrong = faults or (reading.faults if reading else ())
    return {
        **reply_fields.facts_for(event, sluices.find(session, event.sluice_slug), form, wrong),
        **about(session, event),
        "guest": guest,
        "held": held,
        "place": place_of(session, guest),
        "seats": public.seats(session, event),
        "closed": closed,
        "closes_at": closes_at(event),
        "offer_ends_at": offer_ends_at if offer_ends_at and offer_ends_at > moment else None,
        "is_over": event.ends_at is not None and event.ends_at <= moment,
        "trouble": trouble,
        "typed": reading is not None,
        "sent": sent,
        "is_open_form": False,
    }
