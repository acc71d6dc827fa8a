"""One guest: how they stand and how it came to that, and what a contact may do for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.domain.states import GuestState
from services.rsvp.store import guest_desk, public, sluices
from services.rsvp.usecases import invite, keep_guests
from services.rsvp.usecases.access import own_guest, seen_event
from services.rsvp.usecases.proposals import open_proposals
from services.rsvp.usecases.settling import place_of
from services.rsvp.web.guests.pages import GUEST, GUESTS, by_field, event_page, go, guests_of, typed
from services.rsvp.web.public import reply_fields
from services.rsvp.web.public.reply_fields import Reading
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import ROOM, form_text, version_in
from shared.web.room import room_for
from shared.web.session import require_person
from shared.web.viewer import viewer

PERSON = ("name", "address", "organisation", "language")


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add a guest's page, a new guest's, and what is done there."""

    @app.get(f"{GUESTS}/ny")
    @require_person
    def new_guest(slug: str) -> str:
        return _new_page(database, slug)

    @app.post(f"{GUESTS}/ny")
    @require_person
    def add_guest(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                guest = keep_guests.add_guest(session, viewer(), slug, form_text(), moment=now())
        except Rejected as fault:
            return _new_page(database, slug, typed(), by_field(fault)), 422
        return go(guests_of(slug, f"/{guest.id}"), "added")

    @app.get(GUEST)
    @require_person
    def guest_page(slug: str, guest_id: UUID) -> ResponseReturnValue:
        return _page(settings, database, slug, guest_id)

    @app.get(f"{GUEST}/ratta")
    @require_person
    def correct_guest_page(slug: str, guest_id: UUID) -> ResponseReturnValue:
        return _correct_page(database, slug, guest_id)

    @app.post(f"{GUEST}/ratta")
    @require_person
    def correct_guest(slug: str, guest_id: UUID) -> ResponseReturnValue:
        form = form_text()
        try:
            with database.transaction() as session:
                keep_guests.correct_guest(
                    session, viewer(), slug, guest_id, form, version=version_in(form), moment=now()
                )
        except Rejected as fault:
            return _correct_page(database, slug, guest_id, typed(), by_field(fault))
        except Conflict:
            return _correct_page(database, slug, guest_id, typed(), is_late=True)
        return go(guests_of(slug, f"/{guest_id}"), "corrected")

    @app.get(f"{GUEST}/svar")
    @require_person
    def reply_for_page(slug: str, guest_id: UUID) -> ResponseReturnValue:
        return _reply_page(database, slug, guest_id)

    @room_for(fields=ROOM)
    @require_person
    def reply_for(slug: str, guest_id: UUID) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
        reading = reply_fields.read(event, is_open=False)
        if reading.faults:
            return _reply_page(database, slug, guest_id, reading)
        try:
            with database.transaction() as session:
                keep_guests.reply_for(
                    session, viewer(), slug, guest_id, reading.given, version=version_in(form_text()), moment=now()
                )
        except Conflict:
            return _reply_page(database, slug, guest_id, reading, trouble="changed")
        except Rejected as fault:
            return _reply_page(database, slug, guest_id, reading, trouble=fault.message_key)
        return go(guests_of(slug, f"/{guest_id}"), "replied")

    app.add_url_rule(f"{GUEST}/svar", "reply_for", reply_for, methods=["POST"])

    @app.post(f"{GUEST}/<any(plats,nej,bort,skicka):act>")
    @require_person
    def act_on_guest(slug: str, guest_id: UUID, act: str) -> ResponseReturnValue:
        version, who, moment = version_in(request.form), viewer(), now()
        key = request.form.get("key", "") or str(uuid4())
        try:
            with database.transaction() as session:
                if act == "plats":
                    keep_guests.seat(session, who, slug, guest_id, version=version, moment=moment)
                elif act == "nej":
                    keep_guests.decline_for(session, who, slug, guest_id, version=version, moment=moment)
                elif act == "skicka":
                    keep_guests.resend(session, who, slug, guest_id, key=key, moment=moment)
                else:
                    keep_guests.remove_guest(session, who, slug, guest_id, version=version)
        except Conflict:
            return _page(settings, database, slug, guest_id, trouble="changed"), 409
        except Rejected as fault:
            return _page(settings, database, slug, guest_id, trouble=f"{fault.field}.{fault.message_key}"), 422
        if act == "bort":
            return go(guests_of(slug), "removed")
        return go(guests_of(slug, f"/{guest_id}"), {"plats": "seated", "nej": "declined", "skicka": "sent"}[act])

    @app.post(f"{GUEST}/forslag/<uuid:proposal_id>")
    @require_person
    def decide_proposal(slug: str, guest_id: UUID, proposal_id: UUID) -> ResponseReturnValue:
        takes = request.form.get("act") == "ta"
        try:
            with database.transaction() as session:
                keep_guests.decide_proposal(session, viewer(), slug, guest_id, proposal_id, takes=takes, moment=now())
        except Conflict:
            return _page(settings, database, slug, guest_id, trouble="changed"), 409
        except Rejected as fault:
            return _page(settings, database, slug, guest_id, trouble=fault.message_key), 422
        return go(guests_of(slug, f"/{guest_id}"), "proposal_taken" if takes else "proposal_dropped")


def _new_page(
    database: Database, slug: str, value: dict[str, str] | None = None, faults: Mapping[str, Fault] | None = None
) -> str:
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        language = sluices.find(session, event.sluice_slug).language
    return event_page("new", event, value=value or {"language": language}, faults=faults)


def _page(settings: Settings, database: Database, slug: str, guest_id: UUID, *, trouble: str = "") -> str:
    moment = now()
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        guest = own_guest(session, event, guest_id)
        facts: dict[str, Any] = {
            "place": place_of(session, guest),
            "steps": guest_desk.history(session, guest.id),
            "proposals": [each for each, whose in open_proposals(session, event) if whose.id == guest.id],
        }
    return event_page(
        "guest",
        event,
        guest=guest,
        trouble=trouble,
        may_remove=keep_guests.may_be_removed(guest),
        may_seat=event.state == "published" and guest.state != GuestState.COMING,
        may_answer=event.state == "published" and guest.anonymised_at is None,
        may_send=guest.answer is None and guest.address is not None and invite.why_not(event, moment) is None,
        key=uuid4(),
        reply_url=links.reply_url(settings, guest.id) if guest.anonymised_at is None else "",
        **facts,
    )


def _correct_page(
    database: Database,
    slug: str,
    guest_id: UUID,
    value: dict[str, str] | None = None,
    faults: Mapping[str, Fault] | None = None,
    *,
    is_late: bool = False,
) -> ResponseReturnValue:
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        guest = own_guest(session, event, guest_id)
    there = {name: getattr(guest, name) or "" for name in PERSON}
    status = 409 if is_late else 422 if faults else 200
    return event_page(
        "correct", event, guest=guest, there=there, value=value or there, faults=faults, is_late=is_late
    ), status


def _reply_page(
    database: Database, slug: str, guest_id: UUID, reading: Reading | None = None, *, trouble: str = ""
) -> ResponseReturnValue:
    """The same form that the guest has, filled in with what is known or what was typed."""
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        guest = own_guest(session, event, guest_id)
        wrong = reading.faults if reading else ()
        if (at_party := reply_fields.party_fault(trouble)) is not None:
            wrong, trouble = (at_party,), ""
        form = reading.form if reading else reply_fields.of_guest(event, guest, None)
        facts = reply_fields.facts_for(event, sluices.find(session, event.sluice_slug), form, wrong)
        seats = public.seats(session, event)
    status = 409 if trouble == "changed" else 422 if wrong or trouble else 200
    shown: dict[str, Any] = {name: value for name, value in facts.items() if name not in ("event", "faults")}
    return event_page(
        "reply", event, guest=guest, seats=seats, wrong=wrong, trouble=trouble, contacts=[], **shown
    ), status
