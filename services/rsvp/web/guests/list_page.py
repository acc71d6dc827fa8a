"""An event's guests in groups: who comes, who waits and why, who is silent. And the list as a whole."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.event_form import MOST_SEATS
from services.rsvp.domain.fault import Fault
from services.rsvp.domain.seating import why_waiting
from services.rsvp.store import guest_desk, seats
from services.rsvp.store.guest_desk import Group
from services.rsvp.usecases import keep_guests
from services.rsvp.usecases.access import seen_event
from services.rsvp.usecases.offers import alarms
from services.rsvp.usecases.proposals import open_proposals
from services.rsvp.usecases.seats import warnings
from services.rsvp.web.guests.pages import GUESTS, by_field, event_page, go, guests_of, typed, uuid_in
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.web.form_text import form_text, version_in
from shared.web.session import require_person
from shared.web.viewer import viewer
from shared.words import one_line

GLANCE = 20
"""Guests of each group that are shown before somebody asks for all of one."""


def register(app: Flask, database: Database) -> None:
    """Add ``…/gaster``, its seats, and its closing."""

    @app.get(GUESTS)
    @require_person
    def guest_list(slug: str) -> str:
        words = one_line(request.args.get("q", ""), 100)
        only = _group(request.args.get("grupp", ""))
        after = uuid_in(request.args.get("efter", ""))
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            counts = guest_desk.counts(session, event.id, words)
            shown = [only] if only else [group for group in Group if counts[group]]
            limit = guest_desk.PAGE if only else GLANCE
            parts = [
                (
                    group,
                    counts[group],
                    guest_desk.portion(session, event.id, group, words=words, after=after, limit=limit),
                )
                for group in shown
            ]
            figures = seats.counts(session, event.id)
            waiting = [guest for group, _, part in parts for guest in part.guests if group is Group.WAITING]
            facts: dict[str, Any] = {
                "places": guest_desk.standings(session, event.id, waiting),
                "mails": [guest for _, guest in open_proposals(session, event)],
                "alarm": bool(alarms(session, only=event.id)),
                "warnings": warnings(session, event),
            }
        return event_page(
            "list",
            event,
            words=words,
            only=only,
            is_continued=after is not None,
            parts=parts,
            figures=figures,
            why=lambda guest: (
                why_waiting(guest.party_size, guest.passed, capacity=event.capacity, taken=figures.taken).value
            ),
            **facts,
        )

    @app.get(f"{GUESTS}/platser")
    @require_person
    def list_seats_page(slug: str) -> ResponseReturnValue:
        given = request.args.get("capacity")
        if given is None:
            return _seats_page(database, slug)
        return _seats_page(database, slug, value={"capacity": given}, foretells=True)

    @app.post(f"{GUESTS}/platser")
    @require_person
    def change_list_seats(slug: str) -> ResponseReturnValue:
        form = form_text()
        try:
            capacity = _capacity(form.get("capacity", ""))
            with database.transaction() as session:
                keep_guests.change_capacity(session, viewer(), slug, capacity, version=version_in(form), moment=now())
        except Rejected as fault:
            return _seats_page(database, slug, value=typed(), faults=by_field(fault))
        except Conflict:
            return _seats_page(database, slug, value=typed(), is_late=True)
        return go(guests_of(slug), "seats")

    @app.post(f"{GUESTS}/stang")
    @require_person
    def freeze_list(slug: str) -> ResponseReturnValue:
        is_frozen = request.form.get("act") == "stang"
        with database.transaction() as session:
            keep_guests.freeze(session, viewer(), slug, is_frozen=is_frozen, moment=now())
        return go(guests_of(slug), "frozen" if is_frozen else "thawed")


def _seats_page(
    database: Database,
    slug: str,
    *,
    value: dict[str, str] | None = None,
    faults: dict[str, Fault] | None = None,
    is_late: bool = False,
    foretells: bool = False,
) -> ResponseReturnValue:
    found = dict(faults or {})
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        figures = seats.counts(session, event.id)
        foretold = None
        if foretells and value is not None:
            try:
                foretold = keep_guests.preview_capacity(session, event, _capacity(value["capacity"]))
            except Rejected as fault:
                found |= by_field(fault)
    capacity = "" if event.capacity is None else str(event.capacity)
    status = 409 if is_late else 422 if found else 200
    return (
        event_page(
            "seats",
            event,
            figures=figures,
            foretold=foretold,
            value=value or {"capacity": capacity},
            faults=found,
            is_late=is_late,
        ),
        status,
    )


def _capacity(written: str) -> int | None:
    """A number of seats, or None for no end.

    :raises Rejected: it is no such number.
    """
    written = "".join(written.split())
    if not written:
        return None
    if not (written.isascii() and written.isdecimal() and len(written) < 8 and int(written) <= MOST_SEATS):
        raise Rejected("capacity", "wrong_number")
    return int(written)


def _group(name: str) -> Group | None:
    return Group(name) if name in list(Group) else None
