"""What the list of events shows beside each: how many come and wait, and what wants a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from services.rsvp.domain.states import GuestState
from services.rsvp.store.guest_tables import Guest, Proposal
from services.rsvp.store.tables import Event, Tour

LONGEST = 500
"""Events on one page."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One event's guests, in few numbers."""

    guests: int = 0
    coming: int = 0
    """People with a seat."""
    waiting: int = 0
    """People on the waiting list."""
    offered: int = 0
    """Parties that were offered seats and have not said yes yet."""
    proposals: int = 0
    """Replies by plain mail that nobody has pressed the button for."""


NONE = Figures()


def list_events(session: Session, whose: ColumnElement[bool], sluice: str | None) -> Sequence[Event]:
    """Events of some, by day, the newest last; those without a day first."""
    wanted = select(Event).where(whose)
    if sluice is not None:
        wanted = wanted.where(Event.sluice_slug == sluice)
    newest = wanted.order_by(Event.starts_at.desc().nulls_first(), Event.slug).limit(LONGEST)
    return list(reversed(session.scalars(newest).all()))


def list_tours(session: Session, whose: ColumnElement[bool], sluice: str | None) -> Sequence[tuple[Tour, int]]:
    """Tours of some with the number of their stops, the newest first."""
    wanted = (
        select(Tour, func.count(Event.id))
        .outerjoin(Event, Event.tour_id == Tour.id)
        .where(whose)
        .group_by(Tour.id)
        .order_by(Tour.created_at.desc())
        .limit(LONGEST)
    )
    if sluice is not None:
        wanted = wanted.where(Tour.sluice_slug == sluice)
    return [(tour, stops) for tour, stops in session.execute(wanted)]


def figures(session: Session, events: Collection[UUID]) -> Mapping[UUID, Figures]:
    """The figures of those events, by id; events without guests are left out."""
    people = func.sum(Guest.party_size)
    waiting_replies = session.execute(
        select(Guest.event_id, func.count())
        .join(Proposal, Proposal.guest_id == Guest.id)
        .where(Guest.event_id.in_(events), Proposal.state == "open")
        .group_by(Guest.event_id)
    ).all()
    proposals: dict[UUID, int] = {row[0]: row[1] for row in waiting_replies}
    rows = session.execute(
        select(
            Guest.event_id,
            func.count(),
            people.filter(Guest.state == GuestState.COMING.value),
            people.filter(Guest.state == GuestState.WAITING.value),
            func.count().filter(Guest.state == GuestState.OFFERED.value),
        )
        .where(Guest.event_id.in_(events))
        .group_by(Guest.event_id)
    )
    return {
        event_id: Figures(guests, int(coming or 0), int(waiting or 0), offered, proposals.get(event_id, 0))
        for event_id, guests, coming, waiting, offered in rows
    }
