"""Let those who wait have the seats that are free, and say where somebody stands.

Whatever changes seats (a reply, an offer that ends, the capacity) settles the waiting list in the same transaction, so
that a free seat beside somebody who could have it never outlives a commit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.rsvp.domain import seating
from services.rsvp.domain.seating import Reason
from services.rsvp.domain.states import ActorKind, Answer, EventState, GuestState
from services.rsvp.store import guests, seats
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Event
from services.rsvp.usecases.history import note_guest
from shared.ids import new_id

SYSTEM = "system"
FREED, CAPACITY, HAND = "freed", "capacity", "hand"
"""Why somebody who waited has seats: others left them, there are more of them, or a contact gave them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a guest stands. Only those who wait have a place."""

    place: int | None
    """1 is first in the waiting list."""
    ahead: int
    """People in the parties that wait longer."""
    passed: int
    """How often smaller parties were seated before this one."""
    reason: str
    """Why they wait (``seating.Reason``), or empty."""


def place_of(session: Session, guest: Guest) -> Place:
    """A guest's place in the waiting list, and why they wait."""
    if guest.state == GuestState.OFFERED:
        return Place(None, 0, guest.passed, Reason.OFFERED.value)
    if guest.state != GuestState.WAITING or guest.arrival is None:
        return Place(None, 0, guest.passed, "")
    session.flush()
    event = session.get_one(Event, guest.event_id)
    return waiting_place(event, guest, seats.standing(session, event.id, guest.arrival))


def waiting_place(event: Event, guest: Guest, standing: seats.Standing) -> Place:
    """The place of somebody who waits, where it is known how it stands with the seats."""
    reason = seating.why_waiting(guest.party_size, guest.passed, capacity=event.capacity, taken=standing.taken)
    return Place(standing.waiting + 1, standing.waiting_people, guest.passed, reason.value)


def takes_guests(event: Event, moment: datetime) -> bool:
    """True while seats go to those who wait: the event is announced and has not begun."""
    return event.state == EventState.PUBLISHED and (event.starts_at is None or moment < event.starts_at)


def settle(
    session: Session,
    event: Event,
    *,
    moment: datetime,
    actor: str = SYSTEM,
    why: str = FREED,
    newcomer: UUID | None = None,
) -> list[UUID]:
    """Give free seats to those who wait; the event must be held. Returns who moved up, in order.

    Whoever asked for it comes at once; the others are offered their seats and have time to say yes.

    :param newcomer: the guest, already last in the waiting list, who asks for seats at this moment: they are there to
        say yes, so nothing is offered, and their history says it in the reply.
    """
    session.flush()
    if not takes_guests(event, moment):
        return []
    taken = seats.taken(session, event.id)
    if seating.free_seats(event.capacity, taken) == 0:
        return []
    moves = seating.move_up(
        seats.queue(session, event.id), capacity=event.capacity, taken=taken, most_passed=event.most_passed
    )
    for identity in moves.up:
        guest = guests.fresh(session, identity)
        if identity == newcomer:
            guest.state = GuestState.COMING.value
        else:
            _move_up(session, event, guest, moment=moment, actor=actor, why=why)
    if moves.passed:
        note_passed(session, event, moves.passed, moment=moment)
    return list(moves.up)


def _move_up(session: Session, event: Event, guest: Guest, *, moment: datetime, actor: str, why: str) -> None:
    guest.version += 1
    if guest.wants_at_once:
        guest.state = GuestState.COMING.value
        note_guest(
            session, guest, "seated", actor=actor, actor_kind=ActorKind.SYSTEM, moment=moment, facts={"why": why}
        )
        return
    guest.state = GuestState.OFFERED.value
    guest.offer_ends_at = seating.offer_until(
        moment, hours=event.offer_hours, reply_by=event.reply_by, starts_at=event.starts_at
    )
    facts = {"until": guest.offer_ends_at.isoformat(), "why": why}
    note_guest(session, guest, "offered", actor=actor, actor_kind=ActorKind.SYSTEM, moment=moment, facts=facts)


def note_passed(session: Session, event: Event, passed: dict[UUID, int], *, moment: datetime) -> None:
    """Write down that smaller parties went before these. Nobody is mailed for it: their page says it."""
    seats.count_passed(session, event.id, passed)
    rows = [
        {
            "id": new_id(),
            "guest_id": identity,
            "at": moment,
            "actor": SYSTEM,
            "actor_kind": ActorKind.SYSTEM.value,
            "what": "passed",
            "facts": {"times": times},
        }
        for identity, times in passed.items()
    ]
    session.execute(insert(GuestEntry.__table__), rows)  # type: ignore[arg-type] # a declared class has a Table


def end_offers(session: Session, event: Event, *, moment: datetime) -> int:
    """Take back seats that were offered and not taken in time; the event must be held. Settles nothing itself.

    Whoever let it pass is off the waiting list, as a maybe: offering the same seats to them day after day would keep
    them from everybody else. A yes by the same link puts them last in it again.
    """
    ended = seats.ended_offers(session, event.id, moment)
    for guest in ended:
        until = guest.offer_ends_at
        guest.version += 1
        note_guest(
            session,
            guest,
            "offer-ended",
            actor=SYSTEM,
            actor_kind=ActorKind.SYSTEM,
            moment=moment,
            facts={"until": until.isoformat() if until else None, "party_size": guest.party_size},
        )
        guest.answer = Answer.MAYBE.value
        leave_seats(guest, GuestState.MAYBE)
    return len(ended)


def leave_seats(guest: Guest, state: GuestState) -> None:
    """The guest neither has seats nor waits for any."""
    guest.state = state.value
    guest.arrival = None
    guest.passed = 0
    guest.offer_ends_at = None
    guest.by_hand = False
