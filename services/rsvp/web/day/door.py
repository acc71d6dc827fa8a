"""The door: guests are ticked by name or code on any telephone, also while it has no net for a while.

Without JavaScript it is a page with forms. With it, ticks wait in the telephone until the net is back and are sent
together; docs/decisions/0023-door-offline.md says what is kept there, and for how long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError, fields
from sqlalchemy.orm import Session

from services.rsvp.domain.seating import MOST_PARTY
from services.rsvp.domain.ticks import MOST_CAME, Tick
from services.rsvp.store import guests
from services.rsvp.store.tables import Event
from services.rsvp.usecases import check_in
from services.rsvp.usecases.access import own_event, seen_event
from services.rsvp.usecases.check_in import Sent, WalkIn
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_secret_id
from shared.settings import Settings
from shared.web import session as signed_in
from shared.web.form_text import form_text
from shared.web.language import link, spoken
from shared.web.room import room_for
from shared.web.viewer import viewer
from shared.words import clean

PAGE = "/kontakt/traffar/<slug>/dorren"
MOST_SENT = 500
"""Things that a telephone sends at once; it sends the rest after."""
ROOM = 1024 * 1024
CAMERA = "camera=(self), geolocation=(), microphone=()"
"""Permissions-Policy of the one page that may look through the camera."""


class _WalkInSchema(Schema):
    """Of any length: what is too long is cut, or refused by itself, and must not hold up the rest of the queue."""

    name = fields.String(required=True)
    address = fields.String(load_default="")
    party_size = fields.Integer(load_default=1)
    diet = fields.String(load_default="")


class _SentSchema(Schema):
    """One thing in a telephone's queue."""

    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    guest = fields.UUID(load_default=None, allow_none=True)
    came = fields.Integer(load_default=0)
    walk_in = fields.Nested(_WalkInSchema, load_default=None, allow_none=True)


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/traffar/<slug>/dorren`` and what belongs to it."""

    def page(
        session: Session, event: Event, *, fault: Rejected | None = None, value: Mapping[str, str] | None = None
    ) -> Response:
        facts = _plain() | {"wanted": _wanted(), "fault": fault, "value": value or {}}
        rows = check_in.door_list(session, event, settings.signer, _wanted())
        counts = guests.counts(session, event.id)
        return _with_camera(render_template("day/door.html", event=event, guests=rows, **facts | {"counts": counts}))

    @app.get(PAGE)
    @signed_in.require_person
    def door_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return page(session, event)

    @app.get(f"{PAGE}/lista")
    @signed_in.require_person
    def door_rows(slug: str) -> ResponseReturnValue:
        """The list as it now is, for a telephone that has the page open already."""
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            rows = check_in.door_list(session, event, settings.signer, _wanted())
            counts = guests.counts(session, event.id)
            html = render_template("day/door_rows.html", event=event, guests=rows, wanted="")
        return jsonify(html=html, token=signed_in.form_token(), came=counts.came_people, coming=counts.coming_people)

    @app.get(f"{PAGE}/skal")
    @signed_in.require_person
    def door_shell(slug: str) -> ResponseReturnValue:
        """The page without a single name: what a telephone may keep to show it without a net."""
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return _with_camera(render_template("day/door.html", event=event, guests=None, **_plain()))

    @app.get(f"{PAGE}/vakt.js")
    def door_worker(slug: str) -> ResponseReturnValue:
        """The service worker: a program that says nothing of anybody, so it needs no sign-in."""
        response = app.send_static_file("door-worker.js")
        response.headers["Service-Worker-Allowed"] = f"/kontakt/traffar/{slug}/dorren"
        response.headers["Cache-Control"] = "no-cache"
        return response

    @app.post(f"{PAGE}/kom")
    @signed_in.require_person
    def tick_one(slug: str) -> ResponseReturnValue:
        """One tick from a page without scripts."""
        given = form_text()
        tick = Tick(UUID(hex=new_secret_id()), _uuid(given.get("guest", "")), _came(given), now())
        with database.transaction() as session:
            event = own_event(session, viewer(), slug)
            _check(check_in.check_in(session, event, [tick], actor=signed_in.who(), moment=now()).unknown)
        code = given.get("code", "")
        back = f"/kontakt/traffar/{slug}/dorren"
        return redirect(link(f"{back}/{code}") if code.isalnum() else link(back, q=given.get("q", "")[:100]), 303)

    @app.post(f"{PAGE}/ny")
    @signed_in.require_person
    def take_walk_in(slug: str) -> ResponseReturnValue:
        """Somebody who walked in, from a page without scripts."""
        given = form_text()
        sent = Sent(_uuid(given.get("id", "")), now(), 0, walk_in=_walk_in(given))
        try:
            with database.transaction() as session:
                event = own_event(session, viewer(), slug)
                guest = check_in.walk_in(session, event, sent, actor=signed_in.who(), moment=now())
                name = guest.name
        except Rejected as fault:
            with database.transaction() as session:
                return page(session, seen_event(session, viewer(), slug), fault=fault, value=given), 422
        return redirect(link(f"/kontakt/traffar/{slug}/dorren", q=name), 303)

    @app.post(f"{PAGE}/kryss")
    @room_for(fields=ROOM)
    @signed_in.require_person
    def keep_queue(slug: str) -> ResponseReturnValue:
        """What a telephone has in its queue, and which of it it may forget."""
        try:
            sent = _SentSchema(many=True).load(json.loads(request.form.get("queue", "[]"))[:MOST_SENT])
        except (ValueError, TypeError, KeyError, RecursionError, ValidationError) as error:
            raise Rejected("queue", "unreadable") from error
        with database.transaction() as session:
            event = own_event(session, viewer(), slug)
            told = check_in.keep_sent(
                session, event, [_sent(each) for each in sent], actor=signed_in.who(), moment=now()
            )
        return jsonify(kept=told.kept, unknown=told.unknown, refused=told.refused)

    @app.get(f"{PAGE}/<code>")
    @signed_in.require_person
    def door_code_page(slug: str, code: str) -> ResponseReturnValue:
        """Where a scanned code leads: one guest, one large button."""
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            try:
                guest = check_in.by_code(session, event, settings.signer, code)
            except NotFound:
                return render_template("day/door_unknown.html", event=event, code=code), 404
            return render_template("day/door_guest.html", event=event, guest=guest)

    app.jinja_env.globals["door_uuid"] = lambda: str(UUID(hex=new_secret_id()))


def _plain() -> dict[str, Any]:
    return {"wanted": "", "fault": None, "value": {}, "counts": None, "most_party": MOST_PARTY}


def _wanted() -> str:
    return request.args.get("q", "").strip()[:100]


def _with_camera(page: str) -> Response:
    response = make_response(page)
    response.headers["Permissions-Policy"] = CAMERA
    return response


def _check(unknown: list[UUID]) -> None:
    if unknown:
        raise Conflict("the guest is not there any more")


def _uuid(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise NotFound("guest") from error


def _came(given: Mapping[str, str]) -> int:
    """How many of the party; nobody where the tick is taken back."""
    if given.get("do") == "undo":
        return 0
    number = given.get("came", "1")
    return min(max(int(number), 1), MOST_CAME) if number.isascii() and number.isdecimal() and len(number) < 4 else 1


def _walk_in(given: Mapping[str, str]) -> WalkIn:
    _, language = spoken()
    size = given.get("party_size", "1")
    return WalkIn(
        name=given.get("name", "").strip(),
        address=clean(given.get("address", "")).strip() or None,
        party_size=int(size) if size.isascii() and size.isdecimal() and len(size) < 4 else 1,
        diet=given.get("diet", ""),
        language=language,
    )


def _sent(each: Mapping[str, Any]) -> Sent:
    at: datetime = each["at"]
    who = each["walk_in"]
    given = {name: str(value) for name, value in who.items()} if who else None
    return Sent(each["id"], at, each["came"], each["guest"], _walk_in(given) if given else None)
