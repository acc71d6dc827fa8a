"""Rsvp's part of a job about one person: tell what is held here, or take it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind
from services.rsvp.store.day_tables import CaughtIdea, SummaryReader
from services.rsvp.store.guest_tables import BookEntry, CalendarReply, Guest, ListDraft, SentReply
from services.rsvp.store.tables import Base, EventContact, HostQuestion
from services.rsvp.usecases.forget import erase_guest
from shared import mentions
from shared.bus import about, outbox
from shared.bus.inbox import Task
from shared.clock import Clock, now
from shared.contracts.people import ACCESS
from shared.contracts.registry import PERSON_DATA_TOLD, RSVP
from shared.db import changed
from shared.errors import TemporaryFailure
from shared.mentions import ERASED, Own, Person

_LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What rsvp's rows say who somebody is."""

    person: Person
    guests: Sequence[Guest]


@dataclass(frozen=True, slots=True)
class PersonInRsvp:
    """Handles ``person.data_wanted.v1`` and ``person.closing.v1``."""

    clock: Clock = now

    def do(self, task: Task) -> None:
        """Do rsvp's part, and tell of it."""
        with task.transaction() as session:
            known = know(session, Person(task.payload["address"], mobile=task.payload["mobile"]))
            told: dict[str, Any] = {
                "job_id": task.payload["job_id"],
                "service": RSVP,
                "names": sorted(known.person.names),
                "guests": [guest.id for guest in known.guests],
            }
            if task.payload["kind"] == ACCESS:
                held = tell(session, known)
                told["counts"] = {name: len(rows) for name, rows in held.items()}
                for piece in mentions.in_pieces(held):
                    outbox.put(session, PERSON_DATA_TOLD, told | piece)
            else:
                told["counts"] = erase(session, known, self.clock)
                outbox.put(session, PERSON_DATA_TOLD, told)

    def close(self, task: Task) -> None:
        """Take away what came meanwhile.

        :raises TemporaryFailure: something about the person is still to be done here.
        """
        person = Person(task.payload["address"], mobile=task.payload["mobile"])
        with task.transaction() as session:
            if task.payload["kind"] == ACCESS:
                return
            mentions.patiently(session)
            if about.undone_here(session, RSVP, person.spellings, spared=task.message_id):
                raise TemporaryFailure("messages about the person wait here", retry_after=_LOOK_AGAIN)
            erase(session, know(session, person), self.clock)


def know(session: Session, person: Person) -> Known:
    """Look up which guests and names are a person's."""
    mentions.patiently(session)
    guests = session.scalars(
        select(Guest).where(mentions.is_theirs(session, Guest.address_key, person)).order_by(Guest.id)
    ).all()

    def names(table: Any, column: Any) -> Sequence[str]:
        found: Sequence[str] = session.scalars(
            select(table.name).where(mentions.is_theirs(session, column, person))
        ).all()
        return found

    known = {
        *(guest.name for guest in guests),
        *names(BookEntry, BookEntry.address),
        *names(HostQuestion, HostQuestion.address),
        *names(EventContact, EventContact.address),
        *names(CaughtIdea, CaughtIdea.address),
        *person.names,
    }
    real = frozenset(name.strip() for name in known if name.strip() and name.strip() != ERASED)
    return Known(Person(person.address, real, person.mobile), guests)


def tell(session: Session, known: Known) -> dict[str, list[dict[str, Any]]]:
    """Everything held here about the person: table → rows."""
    own = Own({"guest_id": [guest.id for guest in known.guests]})
    return mentions.rows_about(session, Base.metadata, known.person, own)


def erase(session: Session, known: Known, clock: Clock = now) -> dict[str, int]:
    """Take the person's name and address away; what each kind of row counts. Doing it again changes nothing.

    Seats that they had at coming events are given up, so that the next in line moves up.
    """
    person, ids = known.person, [guest.id for guest in known.guests]
    for guest in known.guests:
        if guest.anonymised_at is None:
            erase_guest(session, guest.id, actor_kind=ActorKind.SYSTEM, moment=clock())

    def those(column: Any) -> ColumnElement[bool]:
        return mentions.is_theirs(session, column, person)

    counts = {"guests": len(ids), "lists": _out_of_lists(session, person)}
    for name, statement in (
        ("books", delete(BookEntry).where(those(BookEntry.address))),
        ("readers", delete(SummaryReader).where(those(SummaryReader.address))),
        ("contacts", delete(EventContact).where(those(EventContact.address))),
        ("replies", delete(SentReply).where(SentReply.guest_id.in_(ids))),
        ("hosts", update(HostQuestion).where(those(HostQuestion.address)).values(name="", address="", counter=None)),
        ("caught", update(CaughtIdea).where(those(CaughtIdea.address)).values(name="", address=None)),
        (
            "calendars",
            update(CalendarReply)
            .where(those(CalendarReply.attendee) | those(CalendarReply.sender))
            .values(attendee=None, sender=None, comment=None, delegated_to=None, uid=None),
        ),
    ):
        counts[name] = changed(session, statement)
    session.flush()
    session.expire_all()
    return counts | mentions.take_away(session, Base.metadata, person, Own({"guest_id": ids}))


def forget_again(session: Session, ids: Sequence[UUID], clock: Clock = now) -> int:
    """Erase guests by their ids, as after an older backup was restored; how many were there with a name."""
    there = session.scalars(select(Guest.id).where(Guest.id.in_(ids), Guest.anonymised_at.is_(None))).all()
    for identity in there:
        erase_guest(session, identity, actor_kind=ActorKind.SYSTEM, moment=clock())
    return len(there)


def _out_of_lists(session: Session, person: Person) -> int:
    """An address in a list that waits to be imported would otherwise become a guest called nothing."""
    changed = 0
    for draft in session.scalars(select(ListDraft).with_for_update()):
        rows = [row for row in draft.rows if not person.is_address(str(row.get("address", "")))]
        faults = [fault for fault in draft.faults if not person.is_mentioned(fault)]
        if len(rows) + len(faults) < len(draft.rows) + len(draft.faults):
            draft.rows, draft.faults = rows, faults
            changed += 1
    return changed
