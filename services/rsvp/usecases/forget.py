"""Forget who a guest was: on their own wish, or some days after the event. Numbers stay; names, addresses, words go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.orm import Session

from services.rsvp.domain import due
from services.rsvp.domain.states import ActorKind, Answer, EventState, GuestState
from services.rsvp.store import guests, seats
from services.rsvp.store.day_tables import CaughtIdea, Feedback, SummaryReader
from services.rsvp.store.guest_tables import CalendarReply, Guest, GuestEntry, ListDraft, Proposal, SentReply
from services.rsvp.store.tables import Event, HostQuestion
from services.rsvp.usecases.history import note_change, note_guest
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from shared import logs
from shared.clock import Clock, now
from shared.db import Database
from shared.errors import NotFound

log = logs.get(__name__)

ERASED = "erased"
_KEPT_FACTS = ("answer", "state", "party_size", "place", "via", "why")
"""What a step of the history may still say of somebody who is forgotten: numbers and codes."""


def erase_guest(session: Session, guest_id: UUID, *, actor_kind: ActorKind, moment: datetime) -> None:
    """Take a guest's name, address and words away at once. Seats that they had or waited for are given up first.

    Before the event that is a no, so that the next in line moves up; afterwards the numbers stay as they were.

    :raises NotFound: there is no such guest, or they are forgotten already.
    """
    # Held before anything is read: somebody may answer by the same link at this moment.
    event = seats.lock_event_of(session, guest_id)
    guest = guests.fresh(session, guest_id)
    if guest.anonymised_at is not None:
        raise NotFound("guest")
    gives_up = guest.state in (GuestState.COMING, GuestState.OFFERED, GuestState.WAITING, GuestState.MAYBE)
    is_ahead = event.state == EventState.PUBLISHED and (event.ends_at is None or event.ends_at > moment)
    if gives_up and is_ahead:
        given = GivenReply(Answer.NO)
        record_reply(
            session,
            guest_id,
            given,
            actor="",
            actor_kind=actor_kind,
            moment=moment,
            by_contact=True,
            facts={ERASED: True},
        )
    elif guest.state == GuestState.INVITED:
        guest.state = GuestState.DECLINED
    note_guest(session, guest, ERASED, actor="", actor_kind=actor_kind, moment=moment, tells=False)
    session.flush()
    _forget(session, Guest.id == guest_id, moment)
    log.info("guest_erased", guest_id=str(guest_id), by=actor_kind.value)


@dataclass(frozen=True, slots=True)
class ForgetGuests:
    """The scheduler's job: events that ended long enough ago lose the names of their guests."""

    database: Database
    clock: Clock = now
    is_sane: Callable[[], bool] = lambda: True
    """May anything be forgotten by the clock: see ``shared.sane_clock``."""

    def __call__(self) -> int:
        """Make anonymous what is due; how many events."""
        if not self.is_sane():
            return 0
        moment = self.clock()
        ended = Event.ends_at + func.make_interval(0, 0, 0, Event.anonymise_days) <= moment
        with self.database.transaction() as session:
            found = session.scalars(select(Event.id).where(Event.anonymised_at.is_(None), ended)).all()
        return sum(self._event(event_id, moment) for event_id in found)

    def _event(self, event_id: UUID, moment: datetime) -> bool:
        with self.database.transaction() as session:
            event = session.scalar(
                select(Event)
                .where(Event.id == event_id, Event.anonymised_at.is_(None))
                .with_for_update(skip_locked=True)
            )
            if event is None or event.ends_at is None:
                return False
            if not due.is_to_be_forgotten(event.ends_at, event.anonymise_days, moment):
                return False
            _forget(session, (Guest.event_id == event_id) & Guest.anonymised_at.is_(None), moment)
            for table in (ListDraft, SentReply, SummaryReader):
                session.execute(delete(table).where(table.event_id == event_id))
            session.execute(
                update(HostQuestion).where(HostQuestion.event_id == event_id).values(name="", address="", counter=None)
            )
            session.execute(update(CaughtIdea).where(CaughtIdea.event_id == event_id).values(name="", address=None))
            event.anonymised_at = moment
            note_change(session, "event.anonymised", actor="", moment=moment, event_id=event_id)
        log.info("event_anonymised", event_id=str(event_id))
        return True


def _forget(session: Session, which: ColumnElement[bool], moment: datetime) -> None:
    """Empty every column and row that may hold words about these guests."""
    ids = select(Guest.id).where(which)
    session.execute(
        update(GuestEntry)
        .where(GuestEntry.guest_id.in_(ids))
        .values(
            actor="",
            facts=func.coalesce(
                select(func.jsonb_object_agg(_each.c.key, _each.c.value))
                .where(_each.c.key.in_(_KEPT_FACTS))
                .correlate(GuestEntry)
                .scalar_subquery(),
                func.jsonb_build_object(),
            ),
        )
    )
    session.execute(delete(Proposal).where(Proposal.guest_id.in_(ids)))
    session.execute(update(Feedback).where(Feedback.guest_id.in_(ids)).values(text=""))
    session.execute(
        update(CalendarReply)
        .where(CalendarReply.guest_id.in_(ids))
        .values(attendee=None, sender=None, comment=None, delegated_to=None, uid=None)
    )
    same = select(Guest.event_id, Guest.address_key).where(which)
    session.execute(delete(SummaryReader).where(tuple_(SummaryReader.event_id, SummaryReader.address_key).in_(same)))
    # Last: the condition may ask for what this empties.
    session.execute(
        update(Guest)
        .where(which)
        .values(
            name="",
            organisation="",
            address=None,
            address_key=None,
            party=[],
            diet="",
            answers={},
            comment="",
            anonymised_at=moment,
            version=Guest.version + 1,
        )
    )


_each = func.jsonb_each(GuestEntry.facts).table_valued("key", "value", name="each")
