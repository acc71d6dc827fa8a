"""Guests as they are looked up and made. Who sits and who waits is in ``seats``."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from services.rsvp.domain.states import GuestState, Source
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.seats import Counts, counts
from shared.errors import NotFound
from shared.web.paging import Position

__all__ = ["WAS_THERE", "Counts", "by_address", "by_event", "by_id", "count_walk_ins", "counts", "fresh", "history"]

_other = aliased(Guest)
WAS_THERE = or_(
    Guest.came > 0,
    and_(
        Guest.came.is_(None),
        Guest.state == GuestState.COMING.value,
        ~exists().where(_other.event_id == Guest.event_id, _other.came > 0),
    ),
)
"""True for whoever was ticked off at the door; where nobody was, for whoever was coming."""


def by_id(session: Session, guest_id: UUID) -> Guest:
    """A guest.

    :raises NotFound: there is none such.
    """
    found = session.get(Guest, guest_id)
    if found is None:
        raise NotFound("guest")
    return found


def fresh(session: Session, guest_id: UUID) -> Guest:
    """The guest as it is now: what the session read before it held the event may be old.

    :raises NotFound: there is none such.
    """
    found = session.get(Guest, guest_id, populate_existing=True)
    if found is None:
        raise NotFound("guest")
    return found


def by_address(session: Session, event_id: UUID, address_key: str) -> Guest | None:
    """The event's guest with that address (``shared.mail.addresses.canonical``), as it is now."""
    return session.scalar(
        select(Guest)
        .where(Guest.event_id == event_id, Guest.address_key == address_key)
        .execution_options(populate_existing=True)
    )


def by_event(
    session: Session,
    event_id: UUID,
    *,
    states: Sequence[str] = (),
    has_answered: bool | None = None,
    after: Position | None = None,
    limit: int | None = None,
) -> Sequence[Guest]:
    """Guests of an event, oldest first; of those ``states`` where any are named.

    With ``limit`` one more than that many, after the position ``after``: whoever pages sees that there is more.
    """
    wanted = select(Guest).where(Guest.event_id == event_id).order_by(Guest.created_at, Guest.id)
    if states:
        wanted = wanted.where(Guest.state.in_(states))
    if has_answered is not None:
        wanted = wanted.where(Guest.answer.is_not(None) if has_answered else Guest.answer.is_(None))
    if after is not None:
        wanted = wanted.where(tuple_(Guest.created_at, Guest.id) > (after.at, after.id))
    return session.scalars(wanted if limit is None else wanted.limit(limit + 1)).all()


def count_walk_ins(session: Session, event_id: UUID) -> int:
    """People who came without having answered, those with them included."""
    here = Guest.event_id == event_id, Guest.source == Source.WALK_IN.value, Guest.state == GuestState.COMING.value
    return session.scalar(select(func.coalesce(func.sum(Guest.party_size), 0)).where(*here)) or 0


def history(session: Session, guest_id: UUID) -> Sequence[GuestEntry]:
    """Everything that happened to a guest, oldest first."""
    return session.scalars(
        select(GuestEntry).where(GuestEntry.guest_id == guest_id).order_by(GuestEntry.at, GuestEntry.id)
    ).all()
