"""What contacts do with single guests and with the list as a whole: add, correct, answer for, seat, remove, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.rsvp.domain import seating
from services.rsvp.domain.states import ActorKind, Answer, GuestState, Source
from services.rsvp.store import guests, seats, sluices
from services.rsvp.store.guest_tables import Guest, Mailing, Proposal
from services.rsvp.store.tables import Event
from services.rsvp.usecases import invite, proposals
from services.rsvp.usecases.access import own_event, own_guest
from services.rsvp.usecases.address_books import read_person
from services.rsvp.usecases.history import note_change, note_guest
from services.rsvp.usecases.record_reply import GivenReply, Outcome, record_reply
from services.rsvp.usecases.seats import give_seat, set_capacity
from services.rsvp.usecases.settling import settle
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Raised:
    """What another number of seats would bring."""

    capacity: int | None
    taken: int
    up: int
    """Parties that would come from the waiting list."""
    up_people: int
    below: int
    """People with seats beyond that number: nobody is thrown out."""


def add_guest(session: Session, viewer: Viewer, slug: str, fields: Mapping[str, str], *, moment: datetime) -> Guest:
    """Put one person on the list by hand. Nobody is mailed.

    :raises NotFound: there is no such event, for them.
    :raises Rejected: ``address`` has a fault or is ``listed``; ``language`` is ``unknown``; ``list`` is ``closed``.
    """
    event = own_event(session, viewer, slug)
    invite.see_that_it_takes_guests(event, moment)
    language = sluices.find(session, event.sluice_slug).language
    person = read_person({"language": language, **fields})
    key = canonical(person["address"])
    if guests.by_address(session, event.id, key) is not None:
        raise Rejected("address", "listed")
    guest = Guest(
        id=new_id(),
        event_id=event.id,
        source=Source.HAND.value,
        address_key=key,
        state=GuestState.INVITED.value,
        party=[],
        answers={},
        **person,
    )
    session.add(guest)
    session.flush()
    _note(session, guest, "listed", viewer, moment, {"via": ""})
    return guest


def correct_guest(
    session: Session,
    viewer: Viewer,
    slug: str,
    guest_id: UUID,
    fields: Mapping[str, str],
    *,
    version: int,
    moment: datetime,
) -> Guest:
    """Change a guest's name, workplace, address or language.

    :raises NotFound: no such event or guest, for them.
    :raises Rejected: as ``add_guest``.
    :raises Conflict: the guest has changed since.
    """
    event, guest = _held(session, viewer, slug, guest_id)
    if guest.version != version or guest.anonymised_at is not None:
        raise Conflict("the guest has changed meanwhile")
    person = read_person(fields)
    key = canonical(person["address"])
    other = guests.by_address(session, event.id, key)
    if other is not None and other.id != guest.id:
        raise Rejected("address", "listed")
    changed = [name for name, value in person.items() if getattr(guest, name) != value]
    if changed:
        for name in changed:
            setattr(guest, name, person[name])
        guest.address_key = key
        guest.version += 1
        _note(session, guest, "corrected", viewer, moment, {"fields": changed})
    return guest


def reply_for(
    session: Session, viewer: Viewer, slug: str, guest_id: UUID, given: GivenReply, *, version: int, moment: datetime
) -> Outcome:
    """Take down what a guest said on the telephone: also after the deadline, and on a closed list.

    :raises NotFound: no such event or guest, for them.
    :raises Rejected: as ``record_reply``.
    :raises Conflict: the guest has changed since.
    """
    _, guest = _held(session, viewer, slug, guest_id)
    return record_reply(
        session,
        guest.id,
        given,
        actor=viewer.address,
        actor_kind=ActorKind.CONTACT,
        moment=moment,
        version=version,
        by_contact=True,
    )


def decline_for(
    session: Session, viewer: Viewer, slug: str, guest_id: UUID, *, version: int, moment: datetime
) -> Outcome:
    """Say no for a guest, whose seats go to the next at once.

    :raises NotFound: no such event or guest, for them.
    :raises Rejected: as ``record_reply``.
    :raises Conflict: the guest has changed since.
    """
    given = GivenReply(Answer.NO)
    return reply_for(session, viewer, slug, guest_id, given, version=version, moment=moment)


def seat(session: Session, viewer: Viewer, slug: str, guest_id: UUID, *, version: int, moment: datetime) -> Guest:
    """Give a guest seats whatever the capacity and the waiting list say.

    :raises NotFound: no such event or guest, for them.
    :raises Rejected: as ``give_seat``.
    :raises Conflict: the guest has changed since.
    """
    _, guest = _held(session, viewer, slug, guest_id)
    if guest.version != version:
        raise Conflict("the guest has changed meanwhile")
    return give_seat(session, guest, actor=viewer.address, moment=moment)


def remove_guest(session: Session, viewer: Viewer, slug: str, guest_id: UUID, *, version: int) -> str:
    """Take somebody who never answered off the list; their name. Their link then opens nothing.

    :raises NotFound: no such event or guest, for them.
    :raises Conflict: they have answered, or came: what they said stays.
    """
    _, guest = _held(session, viewer, slug, guest_id)
    if guest.version != version or not may_be_removed(guest):
        raise Conflict("they have answered")
    session.delete(guest)
    return guest.name or guest.address or ""


def may_be_removed(guest: Guest) -> bool:
    """True for somebody who has said nothing and was not there."""
    return guest.answer is None and guest.state == GuestState.INVITED and guest.came is None


def resend(session: Session, viewer: Viewer, slug: str, guest_id: UUID, *, key: str, moment: datetime) -> Mailing:
    """Mail a guest who has not answered their link, for the first time or again.

    :raises NotFound: no such event or guest, for them.
    :raises Rejected: as ``invite.send_to_one``.
    """
    event, guest = _held(session, viewer, slug, guest_id)
    return invite.send_to_one(session, event, guest, actor=viewer.address, key=key, moment=moment)


def decide_proposal(
    session: Session,
    viewer: Viewer,
    slug: str,
    guest_id: UUID,
    proposal_id: UUID,
    *,
    takes: bool,
    moment: datetime,
) -> None:
    """Let what a guest wrote by mail count as their answer, or put it aside.

    :raises NotFound: no such event, guest or proposal, for them.
    :raises Conflict: it was decided before, or the guest has answered since.
    :raises Rejected: as ``record_reply``.
    """
    event, guest = _held(session, viewer, slug, guest_id)
    proposal = session.get(Proposal, proposal_id)
    if proposal is None or proposal.guest_id != guest.id:
        raise NotFound("proposal")
    decide = proposals.take if takes else proposals.drop
    decide(session, proposal.id, actor=viewer.address, actor_kind=ActorKind.CONTACT, moment=moment, event=event)


def preview_capacity(session: Session, event: Event, capacity: int | None) -> Raised:
    """What would follow from another number of seats: nothing is changed."""
    taken = seats.taken(session, event.id)
    queue = list(seats.queue(session, event.id))
    moves = seating.move_up(queue, capacity=capacity, taken=taken, most_passed=event.most_passed)
    sizes = {party.id: party.size for party in queue}
    below = 0 if capacity is None else max(0, taken - capacity)
    return Raised(capacity, taken, len(moves.up), sum(sizes[identity] for identity in moves.up), below)


def change_capacity(
    session: Session, viewer: Viewer, slug: str, capacity: int | None, *, version: int, moment: datetime
) -> Sequence[str]:
    """Set another number of seats; those who wait move up at once. What is odd about it, as codes.

    :raises NotFound: there is no such event, for them.
    :raises Rejected: ``capacity`` is ``wrong_number``.
    :raises Conflict: somebody else has changed the event since.
    """
    event = own_event(session, viewer, slug, version=version)
    return set_capacity(session, event, capacity, actor=viewer.address, moment=moment)


def freeze(session: Session, viewer: Viewer, slug: str, *, is_frozen: bool, moment: datetime) -> None:
    """Close the list for guests' changes since the kitchen has its numbers, or open it again. Twice is once.

    :raises NotFound: there is no such event, for them.
    """
    event = own_event(session, viewer, slug)
    if (event.frozen_at is not None) == is_frozen:
        return
    event.frozen_at = moment if is_frozen else None
    event.version += 1
    what = "event.frozen" if is_frozen else "event.thawed"
    note_change(session, what, actor=viewer.address, moment=moment, event_id=event.id)
    settle(session, event, moment=moment, actor=viewer.address)


def _held(session: Session, viewer: Viewer, slug: str, guest_id: UUID) -> tuple[Event, Guest]:
    """The event, locked, and the guest as it is now."""
    event = own_event(session, viewer, slug)
    return event, guests.fresh(session, own_guest(session, event, guest_id).id)


def _note(
    session: Session, guest: Guest, what: str, viewer: Viewer, moment: datetime, facts: Mapping[str, object]
) -> None:
    note_guest(
        session,
        guest,
        what,
        actor=viewer.address,
        actor_kind=ActorKind.CONTACT,
        moment=moment,
        facts=facts,
        tells=False,
    )
