"""The seats of an event as they are in the database: the lock under which they change, who holds them, who waits.

Everything that gives or takes seats holds the event's row, from reading to commit: one at a time, in the order in which
they came. Nothing is counted twice anywhere: seats are the sum of those who have them, read in one index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, case, func, or_, select, text, true, update
from sqlalchemy.orm import Session, load_only

from services.rsvp.domain.seating import Waiting
from services.rsvp.domain.states import EventState, GuestState
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from shared.errors import NotFound

HOLDING = tuple(state.value for state in GuestState if state.holds_seats)
FIRST_BATCH, BATCH = 20, 500
"""Rows of a waiting list that are read at a time: most often the first few are all that matter."""


def by_row(statement: Select[Event]) -> Select[Event]:
    """Hold the event's row until the transaction ends."""
    return statement.with_for_update(of=Event)


hold: Callable[[Select[Event]], Select[Event]] = by_row
"""How an event is held. A test puts something else here, and shows that seats are then given twice."""

_WHAT_SEATS_NEED = (
    *(Event.id, Event.slug, Event.state, Event.sluice_slug, Event.capacity, Event.reply_by, Event.starts_at),
    *(Event.offer_hours, Event.most_passed, Event.frozen_at, Event.arrivals, Event.version, Event.is_open),
    *(Event.anonymised_at, Event.questions, Event.languages),
)
_EVENT = select(Event).options(load_only(*_WHAT_SEATS_NEED))
_BY_ID = _EVENT.where(Event.id == bindparam("named"))
_BY_SLUG = _EVENT.where(Event.slug == bindparam("named"))
_BY_GUEST = _EVENT.join(Guest, Guest.event_id == Event.id).where(Guest.id == bindparam("named"))


def lock_event(session: Session, event_id: UUID) -> Event:
    """The event, held; as it is now, whatever the session had read before.

    :raises NotFound: there is none.
    """
    return _locked(session, _BY_ID, event_id)


def lock_event_of(session: Session, guest_id: UUID) -> Event:
    """The guest's event, held.

    :raises NotFound: there is no such guest.
    """
    return _locked(session, _BY_GUEST, guest_id)


def lock_event_by_slug(session: Session, slug: str) -> Event:
    """The event of that slug, held.

    :raises NotFound: there is none.
    """
    return _locked(session, _BY_SLUG, slug)


def _locked(session: Session, statement: Select[Event], named: object) -> Event:
    event = session.scalar(_held(hold, statement), {"named": named})
    if event is None:
        raise NotFound(f"event of {named}")
    return event


@cache
def _held(how: Callable[[Select[Event]], Select[Event]], statement: Select[Event]) -> Select[Event]:
    """The same statement object each time: SQLAlchemy then knows it at once."""
    return how(statement).execution_options(populate_existing=True)


def taken(session: Session, event_id: UUID) -> int:
    """Seats that somebody has, or that are kept for somebody who was offered them."""
    found: int = session.execute(_TAKEN, {"event": event_id}).scalar_one()
    return found


_TAKEN = text(
    "SELECT coalesce(sum(party_size), 0) FROM rsvp.guest WHERE event_id = :event AND state IN ('coming', 'offered')"
)


def queue(session: Session, event_id: UUID) -> Iterator[Waiting[UUID]]:
    """The waiting list in order, read as far as it is wanted."""
    after, limit = -1, FIRST_BATCH
    while True:
        rows = session.execute(
            select(Guest.id, Guest.party_size, Guest.passed, Guest.arrival)
            .where(Guest.event_id == event_id, Guest.state == GuestState.WAITING.value, Guest.arrival > after)
            .order_by(Guest.arrival)
            .limit(limit)
        ).all()
        for row in rows:
            yield Waiting(row.id, row.party_size, row.passed)
        if len(rows) < limit:
            return
        after, limit = rows[-1].arrival or 0, BATCH


def somebody_waits(session: Session, event_id: UUID) -> bool:
    """Is there anybody on the waiting list?"""
    return session.scalar(select(_waiting(event_id).exists())) or False


def _waiting(event_id: UUID) -> Select[UUID]:
    return select(Guest.id).where(Guest.event_id == event_id, Guest.state == GuestState.WAITING.value)


def count_passed(session: Session, event_id: UUID, passed: dict[UUID, int]) -> None:
    """Count how often parties that wait were passed just now."""
    session.execute(
        update(Guest)
        .where(Guest.event_id == event_id, Guest.id.in_(list(passed)))
        .values(passed=Guest.passed + case(passed, value=Guest.id)),
        execution_options={"synchronize_session": False},
    )
    for identity in passed:
        known = session.identity_map.get(session.identity_key(Guest, identity))
        if known is not None:
            session.refresh(known, ["passed"])


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with an event's seats, for whoever asks for some."""

    taken: int
    waiting: int
    """Parties that wait longer."""
    waiting_people: int


def standing(session: Session, event_id: UUID, arrival: int) -> Standing:
    """Seats that are taken, and who waits longer than that arrival; read in one index."""
    row = session.execute(_STANDING, {"event": event_id, "arrival": arrival}).one()
    return Standing(row[0], row[1], row[2])


_STANDING = text(
    "SELECT coalesce(sum(party_size) FILTER (WHERE state <> 'waiting'), 0),"
    " count(*) FILTER (WHERE state = 'waiting'), coalesce(sum(party_size) FILTER (WHERE state = 'waiting'), 0)"
    " FROM rsvp.guest WHERE event_id = :event"
    " AND (state IN ('coming', 'offered') OR (state = 'waiting' AND arrival < :arrival))"
)


def ended_offers(session: Session, event_id: UUID, moment: datetime) -> Sequence[Guest]:
    """Those of an event who did not take their seats in time, in order."""
    return session.scalars(
        select(Guest)
        .where(
            Guest.event_id == event_id,
            Guest.state == GuestState.OFFERED.value,
            Guest.offer_ends_at <= moment,
        )
        .order_by(Guest.arrival)
    ).all()


def to_be_settled(session: Session, moment: datetime, event_id: UUID | None = None) -> Sequence[UUID]:
    """Events with offers that have ended, or with both a waiting list and free seats; all, or whether this one is."""
    holding = (
        select(func.coalesce(func.sum(Guest.party_size), 0))
        .where(Guest.event_id == Event.id, Guest.state.in_(HOLDING))
        .scalar_subquery()
    )
    waits = select(Guest.id).where(Guest.event_id == Event.id, Guest.state == GuestState.WAITING.value).exists()
    ended = (
        select(Guest.id)
        .where(
            Guest.event_id == Event.id,
            Guest.state == GuestState.OFFERED.value,
            Guest.offer_ends_at <= moment,
        )
        .exists()
    )
    has_begun = and_(Event.starts_at.is_not(None), Event.starts_at <= moment)
    return session.scalars(
        select(Event.id)
        .where(
            Event.state == EventState.PUBLISHED.value,
            or_(ended, and_(~has_begun, waits, or_(Event.capacity.is_(None), Event.capacity > holding))),
            true() if event_id is None else Event.id == event_id,
        )
        .order_by(Event.id)
    ).all()


@dataclass(frozen=True, slots=True)
class Counts:
    """How an event's guests stand: replies (parties), and the people in them where that differs."""

    invited: int
    """All guests, whether they have answered or not."""
    coming: int
    coming_people: int
    waiting: int
    waiting_people: int
    offered: int
    offered_people: int
    declined: int
    maybe: int
    unanswered: int
    came: int
    came_people: int

    @property
    def taken(self) -> int:
        """Seats that are not free."""
        return self.coming_people + self.offered_people


def counts(session: Session, event_id: UUID) -> Counts:
    """Count an event's guests."""
    rows: Sequence[Any] = session.execute(
        select(
            Guest.state,
            func.count().label("parties"),
            func.coalesce(func.sum(Guest.party_size), 0).label("people"),
            func.count().filter(Guest.came > 0).label("came"),
            func.coalesce(func.sum(Guest.came), 0).label("came_people"),
        )
        .where(Guest.event_id == event_id)
        .group_by(Guest.state)
    ).all()
    parties = {row.state: row.parties for row in rows}
    people = {row.state: int(row.people) for row in rows}
    return Counts(
        invited=sum(parties.values()),
        coming=parties.get(GuestState.COMING, 0),
        coming_people=people.get(GuestState.COMING, 0),
        waiting=parties.get(GuestState.WAITING, 0),
        waiting_people=people.get(GuestState.WAITING, 0),
        offered=parties.get(GuestState.OFFERED, 0),
        offered_people=people.get(GuestState.OFFERED, 0),
        declined=parties.get(GuestState.DECLINED, 0),
        maybe=parties.get(GuestState.MAYBE, 0),
        unanswered=parties.get(GuestState.INVITED, 0),
        came=sum(row.came for row in rows),
        came_people=sum(int(row.came_people) for row in rows),
    )
