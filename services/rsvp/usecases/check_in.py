"""Check guests in at the door: by name, by code, from several telephones, some of them offline for a while.

A tick is kept as the telephone made it (``CheckIn``), once for its own id however often it is sent. The newest of a
guest's ticks counts, whatever order they arrive in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.domain import door_code
from services.rsvp.domain.name_order import name_key
from services.rsvp.domain.states import ActorKind, Answer, EventState, GuestState, Source
from services.rsvp.domain.ticks import MOST_CAME, KeptTick, Tick, newest, told_at
from services.rsvp.store import guests
from services.rsvp.store.day_tables import CheckIn
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases import record_reply, seats
from services.rsvp.usecases.history import note_guest
from shared import logs
from shared.errors import NotFound, Rejected
from shared.mail.addresses import canonical
from shared.signing import Signer

log = logs.get(__name__)

MOST_SILENT = 30
"""Guests who have not answered that a search shows."""


@dataclass(frozen=True, slots=True)
class DoorGuest:
    """A guest as the door sees them."""

    id: UUID
    name: str
    organisation: str
    state: str
    party_size: int
    others: Sequence[str]
    """Names of the party."""
    came: int
    came_at: datetime | None
    is_walk_in: bool
    code: str

    @property
    def is_expected(self) -> bool:
        """False for somebody who waits, said no, or has not answered: they may come all the same."""
        return self.state == GuestState.COMING.value or self.came > 0


@dataclass(frozen=True, slots=True)
class WalkIn:
    """Somebody who came without having answered."""

    name: str
    address: str | None = None
    party_size: int = 1
    diet: str = ""
    language: str = "sv"


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing that a telephone sends: a tick, or somebody who walked in."""

    id: UUID
    at: datetime
    came: int
    guest_id: UUID | None = None
    walk_in: WalkIn | None = None


@dataclass(slots=True)
class Kept:
    """What became of what a telephone sent; it forgets everything that is named here."""

    kept: list[UUID] = field(default_factory=list)
    unknown: list[UUID] = field(default_factory=list)
    """Ticks of guests who are not there (any more)."""
    refused: list[UUID] = field(default_factory=list)
    """People who walked in and could not be taken down: a person must look."""


def door_list(session: Session, event: Event, signer: Signer, wanted: str = "") -> list[DoorGuest]:
    """Everybody who has answered, by name, those who are coming first; they may come whatever they answered.

    :param wanted: part of a name or organisation, looked for also among those invited who have not answered: there may
        be thousands, so some of them at most.
    """
    here = Guest.event_id == event.id, Guest.anonymised_at.is_(None)
    rows = list(session.scalars(select(Guest).where(*here, _has_answered())))
    if wanted:
        fits = Guest.name.icontains(wanted, autoescape=True) | Guest.organisation.icontains(wanted, autoescape=True)
        silent = select(Guest).where(*here, ~_has_answered(), fits).order_by(Guest.name, Guest.id)
        rows += session.scalars(silent.limit(MOST_SILENT))
    found = [_door_guest(guest, signer) for guest in rows]
    return sorted(found, key=lambda guest: (not guest.is_expected, name_key(guest.name), str(guest.id)))


def by_code(session: Session, event: Event, signer: Signer, code: str) -> DoorGuest:
    """The guest of that event whose code it is.

    :raises NotFound: nobody's; or, once in a few million events, two guests'.
    """
    wanted = door_code.typed(code)
    here = Guest.event_id == event.id, Guest.anonymised_at.is_(None), _has_answered()
    ids = session.scalars(select(Guest.id).where(*here))
    found = [identity for identity in ids if wanted in door_code.codes_of(signer, identity)]
    if len(found) != 1:
        raise NotFound("door code")
    return _door_guest(session.get_one(Guest, found[0]), signer)


def check_in(session: Session, event: Event, ticks: Sequence[Tick], *, actor: str, moment: datetime) -> Kept:
    """Keep ticks, in whatever order they come.

    :param event: held by the caller (``access.own_event``).
    :raises Rejected: there is no door at this event: it was never published, or was cancelled.
    """
    _check_open(event)
    told = Kept()
    wanted = sorted({tick.guest_id for tick in ticks})
    rows = select(Guest).where(Guest.event_id == event.id, Guest.id.in_(wanted), Guest.anonymised_at.is_(None))
    known: Mapping[UUID, Guest] = {guest.id: guest for guest in session.scalars(rows)}
    for tick in ticks:
        if tick.guest_id not in known:
            told.unknown.append(tick.id)
            continue
        told.kept.append(tick.id)
        session.execute(
            insert(CheckIn)
            .values(
                id=tick.id,
                event_id=event.id,
                guest_id=tick.guest_id,
                came=min(max(tick.came, 0), MOST_CAME),
                at=told_at(tick.at, moment),
                actor=actor,
                received_at=moment,
            )
            .on_conflict_do_nothing()
        )
    for guest in known.values():
        _count(session, guest, actor=actor, moment=moment)
    return told


def walk_in(session: Session, event: Event, sent: Sent, *, actor: str, moment: datetime) -> Guest:
    """Take in somebody who stands at the door: they come, whatever the capacity says. Sent twice, it is once.

    Whoever has an address that is known here and is coming anyway is ticked, and keeps what they answered.

    :param event: held by the caller.
    :raises Rejected: as ``record_reply.register``; or there is no door at this event.
    """
    _check_open(event)
    made = session.get(CheckIn, sent.id)
    if made is not None and made.event_id == event.id:
        return session.get_one(Guest, made.guest_id)
    who = sent.walk_in
    if made is not None or who is None:
        raise Rejected("name", "missing")
    known = guests.by_address(session, event.id, canonical(who.address)) if who.address else None
    guest = known if known is not None and known.state == GuestState.COMING.value else None
    if guest is None:
        outcome = record_reply.register(
            session,
            event.id,
            name=who.name,
            address=who.address,
            language=who.language,
            source=Source.WALK_IN,
            given=record_reply.GivenReply(answer=Answer.YES, party_size=who.party_size, diet=who.diet, name=who.name),
            actor=actor,
            actor_kind=ActorKind.CONTACT,
            moment=moment,
            by_contact=True,
            event=event,
        )
        guest = outcome.guest
        if outcome.state is not GuestState.COMING:
            seats.give_seat(session, guest, actor=actor, moment=moment)
    session.flush()
    check_in(session, event, [Tick(sent.id, guest.id, who.party_size, sent.at)], actor=actor, moment=moment)
    return guest


def keep_sent(session: Session, event: Event, sent: Sequence[Sent], *, actor: str, moment: datetime) -> Kept:
    """Keep everything that a telephone had in its queue, in one transaction.

    :raises Rejected: there is no door at this event.
    """
    _check_open(event)
    told = Kept()
    for each in sent:
        if each.walk_in is None:
            continue
        try:
            walk_in(session, event, each, actor=actor, moment=moment)
        except Rejected as fault:
            log.info("walk_in_refused", field=fault.field, fault=fault.message_key)
            told.refused.append(each.id)
        else:
            told.kept.append(each.id)
    ticks = [Tick(each.id, each.guest_id, each.came, each.at) for each in sent if each.guest_id is not None]
    more = check_in(session, event, ticks, actor=actor, moment=moment)
    return Kept(told.kept + more.kept, told.unknown + more.unknown, told.refused)


def _has_answered() -> ColumnElement[bool]:
    return (Guest.state != GuestState.INVITED.value) | Guest.came.is_not(None)


def _check_open(event: Event) -> None:
    if event.state not in (EventState.PUBLISHED.value, EventState.HELD.value):
        raise Rejected("event", event.state)


def _count(session: Session, guest: Guest, *, actor: str, moment: datetime) -> None:
    """Let the guest's newest tick count."""
    rows = session.scalars(select(CheckIn).where(CheckIn.guest_id == guest.id)).all()
    last = newest(KeptTick(row.id, row.came, row.at, row.received_at) for row in rows)
    came = last.came if last is not None and last.came > 0 else None
    if last is None or came == guest.came:
        return
    guest.came, guest.came_at = came, last.at if came else None
    note_guest(
        session,
        guest,
        "came",
        actor=actor,
        actor_kind=ActorKind.CONTACT,
        moment=moment,
        facts={"came": came or 0},
        tells=False,
    )
    log.info("guest_checked_in", guest_id=str(guest.id), came=came or 0)


def _door_guest(guest: Guest, signer: Signer) -> DoorGuest:
    return DoorGuest(
        id=guest.id,
        name=guest.name,
        organisation=guest.organisation,
        state=guest.state,
        party_size=guest.party_size,
        others=[str(member["name"]) for member in guest.party if member.get("name")],
        came=guest.came or 0,
        came_at=guest.came_at,
        is_walk_in=guest.source == Source.WALK_IN,
        code=door_code.code_of(signer, guest.id),
    )
