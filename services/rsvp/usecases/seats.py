"""Change an event's seats: how many there are, a seat given by hand, an offer taken or left.

Each holds the event, settles the waiting list in the same transaction, and writes into the history.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.rsvp.domain.event_form import MOST_SEATS
from services.rsvp.domain.states import ActorKind, Answer, EventState, GuestState
from services.rsvp.store import guests, seats
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases.history import note_change, note_guest
from services.rsvp.usecases.record_reply import GivenReply, Outcome, record_reply
from services.rsvp.usecases.settling import CAPACITY, HAND, Place, place_of, settle
from shared.errors import Conflict, Rejected

__all__ = ["Place", "give_seat", "leave_offer", "place_of", "set_capacity", "settle", "take_offer"]

BELOW_GIVEN = "below-given"
"""More seats are given than there are now. Nobody is thrown out; nobody moves up until enough have left."""
BELOW_WAITING = "below-waiting"
"""A party waits that is larger than the whole event now is."""


def set_capacity(session: Session, event: Event, capacity: int | None, *, actor: str, moment: datetime) -> list[str]:
    """Say how many seats an event has; None: room for all. Returns what the contact should know, as codes.

    :raises Rejected: ``capacity`` is ``wrong_number``.
    """
    if capacity is not None and not 1 <= capacity <= MOST_SEATS:
        raise Rejected("capacity", "wrong_number")
    session.flush()
    seats.lock_event(session, event.id)
    before = event.capacity
    if capacity != before:
        event.capacity = capacity
        event.version += 1
        note_change(
            session, "event.capacity", actor=actor, moment=moment, event_id=event.id, before=before, after=capacity
        )
        settle(session, event, moment=moment, actor=actor, why=CAPACITY)
    return warnings(session, event)


def warnings(session: Session, event: Event) -> list[str]:
    """What is odd about an event's seats, as codes."""
    if event.capacity is None:
        return []
    found = []
    session.flush()
    if seats.taken(session, event.id) > event.capacity:
        found.append(BELOW_GIVEN)
    largest = session.scalar(
        select(func.max(Guest.party_size)).where(Guest.event_id == event.id, Guest.state == GuestState.WAITING.value)
    )
    if largest is not None and largest > event.capacity:
        found.append(BELOW_WAITING)
    return found


def give_seat(session: Session, guest: Guest, *, actor: str, moment: datetime) -> Guest:
    """A contact gives a guest seats, whatever the capacity and the waiting list say. Twice is once.

    It counts against the capacity, and is not counted as passing those who wait: a person has decided it, and the
    history says who.

    :raises Rejected: ``reply`` is ``cancelled``, ``held``, ``unpublished`` or ``anonymised``.
    """
    session.flush()
    event = seats.lock_event(session, guest.event_id)
    guest = guests.fresh(session, guest.id)
    if guest.anonymised_at is not None:
        raise Rejected("reply", "anonymised")
    if event.state != EventState.PUBLISHED:
        is_over = event.state in (EventState.CANCELLED, EventState.HELD)
        raise Rejected("reply", event.state if is_over else "unpublished")
    if guest.state == GuestState.COMING:
        return guest
    before = {"answer": guest.answer, "state": guest.state, "party_size": guest.party_size}
    if guest.arrival is None:
        event.arrivals += 1
        guest.arrival = event.arrivals
    guest.answer = Answer.YES.value
    guest.state = GuestState.COMING.value
    guest.by_hand = True
    guest.offer_ends_at = None
    guest.replied_at = guest.replied_at or moment
    guest.version += 1
    note_guest(
        session,
        guest,
        "seated",
        actor=actor,
        actor_kind=ActorKind.CONTACT,
        moment=moment,
        facts={"why": HAND, "before": before},
    )
    # A party that waited may have kept free seats from smaller ones behind it.
    settle(session, event, moment=moment, actor=actor)
    return guest


def take_offer(
    session: Session, guest_id: UUID, *, moment: datetime, actor_kind: ActorKind = ActorKind.GUEST, actor: str = ""
) -> Outcome:
    """Say yes to offered seats. Twice is once.

    :raises Conflict: nothing is offered to them any more.
    :raises NotFound: there is no such guest.
    """
    return _answer_offer(session, guest_id, Answer.YES, moment, actor_kind, actor)


def leave_offer(
    session: Session, guest_id: UUID, *, moment: datetime, actor_kind: ActorKind = ActorKind.GUEST, actor: str = ""
) -> Outcome:
    """Say no to offered seats: they go to the next at once. Twice is once.

    :raises Conflict: nothing is offered to them any more.
    :raises NotFound: there is no such guest.
    """
    return _answer_offer(session, guest_id, Answer.NO, moment, actor_kind, actor)


def _answer_offer(
    session: Session, guest_id: UUID, answer: Answer, moment: datetime, actor_kind: ActorKind, actor: str
) -> Outcome:
    session.flush()
    seats.lock_event_of(session, guest_id)
    guest = guests.fresh(session, guest_id)
    is_open = guest.state == GuestState.OFFERED and guest.offer_ends_at is not None and moment < guest.offer_ends_at
    is_done = guest.state == (GuestState.COMING if answer is Answer.YES else GuestState.DECLINED)
    if not (is_open or is_done):
        raise Conflict("the offer has ended")
    if is_done:
        return Outcome(guest, GuestState(guest.state), None, 0, "", changed=False)
    return record_reply(
        session,
        guest_id,
        GivenReply.as_before(guest, answer),
        actor=actor or guest.name,
        actor_kind=actor_kind,
        moment=moment,
        facts={"offer": "taken" if answer is Answer.YES else "left"},
    )
