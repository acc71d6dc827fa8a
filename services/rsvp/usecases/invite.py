"""Put people on an event's list, and let them be invited: those who have not been, or those who have not answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.rsvp.domain.answering import closes_at
from services.rsvp.domain.states import EventState
from services.rsvp.store.guest_tables import BookEntry, Guest, Mailing
from services.rsvp.store.tables import Event
from services.rsvp.usecases import mail_many
from services.rsvp.usecases.access import own_event
from services.rsvp.usecases.address_books import own_book
from services.rsvp.usecases.mail_many import AGAIN, INVITATION
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.viewer import Viewer
from shared.words import clean

NOTE_LIMIT: Final = 1_000
KEY_LENGTH: Final = 36

_ADD = text("""
    WITH added AS (
        INSERT INTO rsvp.guest
            (id, event_id, source, name, organisation, address, address_key, language, state, party, answers)
        SELECT id, :event, 'invitation', name, organisation, address, address_key, language, 'invited', '[]', '{}'
          FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:organisations AS text[]),
                      CAST(:addresses AS text[]), CAST(:keys AS text[]), CAST(:languages AS text[]))
            AS person(id, name, organisation, address, address_key, language)
        ON CONFLICT (event_id, address_key) DO NOTHING
        RETURNING id
    ), noted AS (
        INSERT INTO rsvp.guest_entry (id, guest_id, at, actor, actor_kind, what, facts)
        SELECT step.entry, added.id, :moment, :actor, 'contact', 'listed', CAST(:facts AS jsonb)
          FROM added JOIN unnest(CAST(:ids AS uuid[]), CAST(:entries AS uuid[])) AS step(guest, entry)
            ON step.guest = added.id
    )
    SELECT count(*) FROM added
""")


def put_on_list(
    session: Session,
    event: Event,
    people: Iterable[Mapping[str, Any]],
    *,
    actor: str,
    moment: datetime,
    via: str,
) -> int:
    """Add those who are not on the list yet, in one statement; how many they were. Nobody is mailed.

    :param people: each with ``name``, ``address``, ``organisation`` and ``language``; the address can be written to.
    :param via: what the history says that they came from: a list's or book's name.
    """
    rows = list(people)
    if not rows:
        return 0
    found = session.execute(
        _ADD,
        {
            "event": event.id,
            "ids": [new_id() for _ in rows],
            "entries": [new_id() for _ in rows],
            "names": [row["name"] for row in rows],
            "organisations": [row["organisation"] for row in rows],
            "addresses": [row["address"] for row in rows],
            "keys": [canonical(row["address"]) for row in rows],
            "languages": [row["language"] for row in rows],
            "moment": moment,
            "actor": actor,
            "facts": json.dumps({"via": via}, ensure_ascii=False),
        },
    )
    return int(found.scalar_one())


def put_books_on_list(session: Session, viewer: Viewer, slug: str, books: Sequence[UUID], *, moment: datetime) -> int:
    """Add everybody in these address books to the list of an event; how many were new.

    :raises NotFound: no such event or book, for them.
    :raises Rejected: ``books`` is ``none``; ``list`` is ``closed``.
    """
    event = own_event(session, viewer, slug)
    see_that_it_takes_guests(event, moment)
    if not books:
        raise Rejected("books", "none")
    added = 0
    for book_id in dict.fromkeys(books):
        book = own_book(session, viewer, book_id)
        entries = session.scalars(select(BookEntry).where(BookEntry.book_id == book.id).order_by(BookEntry.id))
        people = [
            {
                "name": entry.name,
                "address": entry.address,
                "organisation": entry.organisation,
                "language": entry.language,
            }
            for entry in entries
        ]
        added += put_on_list(session, event, people, actor=viewer.address, moment=moment, via=book.name)
    return added


def send(session: Session, viewer: Viewer, slug: str, kind: str, *, note: str, key: str, moment: datetime) -> Mailing:
    """Mail all who wait for an invitation, or all who were invited and are silent.

    :param kind: ``invitation`` or ``again``.
    :param note: a greeting in the contact's own words.
    :param key: the form's own: sent twice, it is one mailing.
    :raises NotFound: there is no such event, for them.
    :raises Rejected: ``send`` is ``draft``, ``cancelled``, ``held``, ``late``, ``frozen`` or ``nobody``; ``note`` is
        ``too_long``.
    """
    if kind not in (INVITATION, AGAIN):
        raise NotFound(kind)
    event = own_event(session, viewer, slug)
    note = clean(note).strip()
    if len(note) > NOTE_LIMIT:
        raise Rejected("note", "too_long")
    if (why := why_not(event, moment)) is not None:
        raise Rejected("send", why)
    known = select(Mailing).where(Mailing.event_id == event.id, Mailing.kind == kind, Mailing.key == key[:KEY_LENGTH])
    sent = session.scalar(known)
    if sent is not None:
        return sent
    if running(session, event.id, kind):
        raise Conflict("it is going out already")
    if not waiting_for(session, event.id, kind):
        raise Rejected("send", "nobody")
    return mail_many.start_mailing(
        session, event, kind, key=key[:KEY_LENGTH], actor=viewer.address, moment=moment, facts={"note": note}
    )


def send_to_one(session: Session, event: Event, guest: Guest, *, actor: str, key: str, moment: datetime) -> Mailing:
    """Mail one guest who has not answered their link, for the first time or again. The caller holds the event.

    :raises Rejected: as ``send``; ``send`` is ``no_address`` or ``answered``.
    """
    if guest.address is None:
        raise Rejected("send", "no_address")
    if guest.answer is not None:
        raise Rejected("send", "answered")
    if (why := why_not(event, moment)) is not None:
        raise Rejected("send", why)
    kind = INVITATION if guest.invited_at is None else AGAIN
    return mail_many.start_mailing(
        session, event, kind, key=key[:KEY_LENGTH], actor=actor, moment=moment, guests=[guest.id]
    )


def why_not(event: Event, moment: datetime) -> str | None:
    """Why nobody can be invited now, as a code; None where they can."""
    if event.state in (EventState.DRAFT, EventState.ASKED):
        return "draft"
    if event.state != EventState.PUBLISHED:
        return event.state
    if event.frozen_at is not None:
        return "frozen"
    last = closes_at(event)
    return "late" if last is not None and moment >= last else None


def see_that_it_takes_guests(event: Event, moment: datetime) -> None:
    """Go on where people may be put on the list.

    :raises Rejected: ``list`` is ``closed``: the event is cancelled, over, or its guests are forgotten.
    """
    if not takes_guests(event, moment):
        raise Rejected("list", "closed")


def takes_guests(event: Event, moment: datetime) -> bool:
    """True while people may be put on the list."""
    is_over = event.state in (EventState.CANCELLED, EventState.HELD) or event.anonymised_at is not None
    return not is_over and (event.ends_at is None or moment < event.ends_at)


def waiting_for(session: Session, event_id: UUID, kind: str) -> int:
    """How many a mailing of that kind would reach now."""
    whom = mail_many.KINDS[kind].whom
    wanted = select(func.count()).select_from(Guest)
    return session.scalar(wanted.where(Guest.event_id == event_id, Guest.address.is_not(None), whom)) or 0


def running(session: Session, event_id: UUID, kind: str) -> Mailing | None:
    """The mailing of that kind that is going out to many, where one is."""
    return session.scalar(
        select(Mailing)
        .where(
            Mailing.event_id == event_id,
            Mailing.kind == kind,
            Mailing.finished_at.is_(None),
            Mailing.stopped_at.is_(None),
            func.jsonb_typeof(Mailing.facts["guests"]) == "null",
        )
        .limit(1)
    )
