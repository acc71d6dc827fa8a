"""What the clock brings for guests: reminders before an event, and the question afterwards. Each at most once.

Run every few minutes by any number of schedulers. What is due is a mailing with a name of its own within its event, so
that neither a crash nor a clock that jumps can begin it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.rsvp.domain import due
from services.rsvp.domain.states import EventState, GuestState
from services.rsvp.store.guest_tables import Guest, Mailing
from services.rsvp.store.tables import Event
from services.rsvp.usecases.mail_many import start_mailing
from shared import logs
from shared.clock import Clock, now
from shared.db import Database
from shared.waking import DEFAULT_QUIET_HOURS, QuietHours, next_waking_moment

log = logs.get(__name__)

ACTOR = ""
"""The system's name in histories."""
REPLY, DAY, FEEDBACK = "reply-reminder", "day-reminder", "feedback"

_AHEAD = timedelta(days=2) + due.LONGEST_REST
"""How far ahead of its beginning an event is looked at for the reminder of the day."""


@dataclass(frozen=True, slots=True)
class RemindGuests:
    """The scheduler's job."""

    database: Database
    clock: Clock = now
    quiet: QuietHours = DEFAULT_QUIET_HOURS
    """Reminders are begun when notify sends them at once: what it held over a weekend would be told to those who
    answered on the Saturday, of events that were cancelled on the Sunday, or after they began."""

    def __call__(self) -> int:
        """Begin the mailings that are due; for how many events."""
        moment = self.clock()
        with self.database.transaction() as session:
            found = session.scalars(select(Event.id).where(_may_be_due(moment)).order_by(Event.starts_at)).all()
        return sum(self._event(event_id, moment) for event_id in found)

    def _event(self, event_id: UUID, moment: datetime) -> bool:
        with self.database.transaction() as session:
            event = session.scalar(select(Event).where(Event.id == event_id).with_for_update(skip_locked=True))
            if event is None or event.starts_at is None or event.ends_at is None:
                return False
            if event.state == EventState.HELD:
                return self._ask(session, event, event.ends_at, moment)
            if event.state != EventState.PUBLISHED:
                return False
            reminded = self._remind_of_reply(session, event, moment)
            return self._remind_of_day(session, event, event.starts_at, moment) or reminded

    def _waking(self, moment: datetime) -> datetime:
        return next_waking_moment(moment, self.quiet)

    def _remind_of_reply(self, session: Session, event: Event, moment: datetime) -> bool:
        """Those who were invited and have said nothing."""
        if (
            event.reply_by is None
            or event.frozen_at
            or not due.wants_reply_reminder(event.reply_by, moment, self._waking)
        ):
            return False
        silent = session.scalars(
            select(Guest.id).where(
                Guest.event_id == event.id,
                Guest.state == GuestState.INVITED.value,
                Guest.address.is_not(None),
                Guest.last_invited_at < moment - due.SETTLED,
            )
        ).all()
        return _begin(session, event, REPLY, due.day_of(event.reply_by, event.zone).isoformat(), silent, moment)

    def _remind_of_day(self, session: Session, event: Event, starts_at: datetime, moment: datetime) -> bool:
        """Those who come or may come, and those who still wait: they must know where they stand."""
        if not due.wants_day_reminder(starts_at, event.zone, moment, self._waking):
            return False
        states = (GuestState.COMING, GuestState.OFFERED, GuestState.WAITING, GuestState.MAYBE)
        concerned = session.scalars(
            select(Guest.id).where(
                Guest.event_id == event.id,
                Guest.state.in_([state.value for state in states]),
                Guest.address.is_not(None),
            )
        ).all()
        return _begin(session, event, DAY, due.day_of(starts_at, event.zone).isoformat(), concerned, moment)

    def _ask(self, session: Session, event: Event, ends_at: datetime, moment: datetime) -> bool:
        """Those who came; where nobody was ticked off at the door, those who said that they would."""
        if not due.wants_feedback(ends_at, event.zone, moment):
            return False
        with_address = select(Guest.id).where(Guest.event_id == event.id, Guest.address.is_not(None))
        came = session.scalars(with_address.where(Guest.came > 0)).all()
        there = came or session.scalars(with_address.where(Guest.state == GuestState.COMING.value)).all()
        return _begin(session, event, FEEDBACK, "once", there, moment)


def _may_be_due(moment: datetime) -> ColumnElement[bool]:
    """Narrow enough that the table is not read through, and decides nothing: that is for ``domain.due``."""
    published = (Event.state == EventState.PUBLISHED.value) & (
        (Event.starts_at < moment + _AHEAD)
        | Event.reply_by.between(moment, moment + due.REPLY_REMINDER + due.LONGEST_REST)
    )
    held = (Event.state == EventState.HELD.value) & Event.ends_at.between(moment - due.ASK_WITHIN, moment)
    return published | held


def _begin(session: Session, event: Event, kind: str, key: str, guests: Sequence[UUID], moment: datetime) -> bool:
    """Begin a mailing unless it was begun before or concerns nobody."""
    known = select(Mailing.id).where(Mailing.event_id == event.id, Mailing.kind == kind, Mailing.key == key)
    if not guests or session.scalar(known) is not None:
        return False
    start_mailing(session, event, kind, key=key, actor=ACTOR, moment=moment, guests=guests)
    log.info("guests_reminded", event_id=str(event.id), kind=kind, guests=len(guests))
    return True
