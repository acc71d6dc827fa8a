"""Register for an open event, on its page or in a frame: one form, two doors, and a receipt that tells nobody's secret.

It works without JavaScript and without cookies. What is taken is durable before the answer; what cannot be taken comes
back with everything that was typed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Flask, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.answering import closes_at
from services.rsvp.store import events, public, sluices
from services.rsvp.store.tables import Event
from services.rsvp.usecases.register_openly import Receipt, SentRegistration, register_openly
from services.rsvp.web.public import reply_fields
from services.rsvp.web.public.doors import Door, framed
from services.rsvp.web.public.embed import FRAMED
from services.rsvp.web.public.event_page import OWN, event_page, form_name
from services.rsvp.web.public.reply_fields import Fault, Reading
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.signing import Signer
from shared.web import antibot
from shared.web.antibot import Seen
from shared.web.form_text import ROOM
from shared.web.language import link, spoken
from shared.web.room import room_for

RECEIPT = "registration-receipt"
TOKEN_LENGTH = 26


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the form's POST and its receipt, at both doors, to the app."""
    for door in (OWN, FRAMED):
        _register(app, settings, database, door)


@dataclass(eq=False)
class _Refused(Exception):
    """The form is shown again."""

    faults: tuple[Fault, ...] = ()
    trouble: str = ""
    status: int = 422


def _register(app: Flask, settings: Settings, database: Database, door: Door) -> None:
    guard = antibot.install(app, settings, database, "/prov/traff")

    def again(slug: str, reading: Reading, why: _Refused) -> Response:
        with database.transaction() as session:
            event = public.event_by_slug(session, slug)
            return event_page(
                session,
                settings,
                guard,
                door,
                event,
                form=reading.form,
                faults=why.faults,
                trouble=why.trouble,
                token=request.form.get(antibot.TOKEN, ""),
                status=why.status,
            )

    def taken(slug: str, sent: SentRegistration) -> Receipt:
        try:
            with database.transaction() as session:
                return register_openly(session, settings, slug, sent, moment=now())
        except Rejected as fault:
            if (at_party := reply_fields.party_fault(fault.message_key)) is not None:
                raise _Refused((at_party,)) from fault
            raise _Refused(trouble=fault.message_key, status=409) from fault

    @room_for(fields=ROOM)
    def send(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                event = public.event_by_slug(session, slug)
                consent = reply_fields.consent_words(event, sluices.find(session, event.sluice_slug))
        except NotFound:
            return render_template("public/missing.html"), 404
        reading = reply_fields.read(event, is_open=True)
        seen = guard.look(form_name(event), is_whole=not reading.faults)
        try:
            _refuse(reading, seen)
            receipt = taken(slug, _sent(reading, seen, consent))
        except _Refused as why:
            return again(slug, reading, why)
        return redirect(link(receipt_address(settings.signer, door, event, receipt)), 303)

    def show(slug: str, told: str) -> ResponseReturnValue:
        receipt = _read(settings.signer, slug, told)
        try:
            if receipt is None:
                raise NotFound("no receipt of ours")
            with database.transaction() as session:
                return _receipt_page(session, door, public.event_by_slug(session, slug), receipt)
        except NotFound:
            return render_template("public/missing.html"), 404

    kind = "framed" if door.is_framed else "own"
    app.add_url_rule(f"{door.base}/<slug>", f"register_{kind}", send, methods=["POST"])
    app.add_url_rule(f"{door.base}/<slug>/tack/<told>", f"registered_{kind}", show)


def _refuse(reading: Reading, seen: Seen) -> None:
    """Go on only with what can be taken as it is.

    :raises _Refused: saying why.
    """
    if seen.comes_too_often:
        raise _Refused(reading.faults, "often", 429)
    if seen.is_foreign:
        raise _Refused(reading.faults, "foreign", 403)
    if seen.is_stale:
        raise _Refused(reading.faults, "stale")
    if reading.faults:
        raise _Refused(reading.faults)


def _sent(reading: Reading, seen: Seen, consent: str) -> SentRegistration:
    return SentRegistration(
        name=reading.form.name,
        address=reading.form.email,
        language=spoken()[1],
        given=replace(reading.given, name=None),
        consent=consent,
        suspicion=seen.suspicion,
        key=seen.key,
        proof=(seen.proof.key, seen.proof.expires_at) if seen.proof else None,
    )


def receipt_address(signer: Signer, door: Door, event: Event, receipt: Receipt) -> str:
    """The receipt bears what it tells, signed: it names nobody, and nobody can make one up."""
    told = f"{receipt.state}-{receipt.party_size}-{receipt.place or 0}-{receipt.ahead}"
    signature = signer.token(RECEIPT, f"{event.slug} {told}", length=TOKEN_LENGTH)
    return f"{door.address(event)}/tack/{told}-{signature}"


def _read(signer: Signer, slug: str, address: str) -> Receipt | None:
    told, _, signature = address.rpartition("-")
    if len(signature) != TOKEN_LENGTH or not signer.verify(RECEIPT, f"{slug} {told}", signature):
        return None
    state, size, place, ahead = told.split("-")
    return Receipt(state, int(size), int(place) or None, int(ahead))


def _receipt_page(session: Session, door: Door, event: Event, receipt: Receipt) -> Response:
    sluice = sluices.find(session, event.sluice_slug)
    page = render_template(
        "public/receipt.html",
        frame="public/frame.html" if door.is_framed else "public/page.html",
        is_framed=door.is_framed,
        event=event,
        sluice=sluice,
        receipt=receipt,
        closes_at=closes_at(event),
        contacts=events.contacts_of(session, event),
        here=door.address(event),
    )
    return framed(door, make_response(page), sluice)
