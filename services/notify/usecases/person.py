"""Notify's part of a job about one person: tell what was written to and about them, or take it away.

What is on its way to them goes first: whoever asks to be forgotten may still be waiting for an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.notify.domain.delivery import State, may_send
from services.notify.domain.kinds import Channel, Reason
from services.notify.domain.suppression import unnamed
from services.notify.store import caught, emptying, suppressions
from services.notify.store.tables import Base, Notification, Preference, Suppression
from services.notify.usecases import lifecycle
from shared import mentions
from shared.bus import about as bus
from shared.bus import outbox
from shared.bus.inbox import Task
from shared.clock import Clock, now
from shared.contracts.people import ACCESS
from shared.contracts.registry import NOTIFY, PERSON_DATA_TOLD
from shared.db import changed
from shared.errors import TemporaryFailure
from shared.mail.addresses import folded
from shared.mentions import Own, Person
from shared.settings import Settings

SOON = timedelta(minutes=5)
"""What is due within this time is waited for; what is due later is cancelled."""
PATIENCE = timedelta(hours=1)
"""A relay that is away so long is waited for no more: the person's wish comes first."""
_LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what the messages are about."""

    person: Person
    ideas: Sequence[str] = ()
    """References of their ideas."""
    guests: Sequence[str] = ()
    """Their ids at events."""


@dataclass(frozen=True, slots=True)
class PersonInNotify:
    """Handles ``person.messages_wanted.v1`` and ``person.closing.v1``."""

    settings: Settings
    clock: Clock = now

    def do(self, task: Task) -> None:
        """Do notify's part, and tell of it.

        :raises TemporaryFailure: something is on its way to the person.
        """
        payload = task.payload
        person = Person(payload["address"], frozenset(payload["names"]), payload["mobile"])
        told: dict[str, Any] = {"job_id": payload["job_id"], "service": NOTIFY}
        about = About(person, tuple(payload["ideas"]), tuple(str(each) for each in payload["guests"]))
        if payload["kind"] == ACCESS:
            with task.transaction() as session:
                held = tell(session, about)
                told["counts"] = {name: len(rows) for name, rows in held.items()}
                for piece in mentions.in_pieces(held):
                    outbox.put(session, PERSON_DATA_TOLD, told | piece)
            return
        with task.transaction() as session:
            told["counts"] = self._erase(session, about, payload["asked_at"])
            outbox.put(session, PERSON_DATA_TOLD, told)

    def close(self, task: Task) -> None:
        """Take away what came meanwhile.

        :raises TemporaryFailure: something about the person is still to be done here, or on its way to them.
        """
        payload = task.payload
        if payload["kind"] == ACCESS:
            with task.transaction():
                return
        person = Person(payload["address"], mobile=payload["mobile"])
        with task.transaction() as session:
            mentions.patiently(session)
            if bus.undone_here(session, NOTIFY, person.spellings, spared=task.message_id):
                raise TemporaryFailure("messages about the person wait here", retry_after=_LOOK_AGAIN)
            self._erase(session, About(person), payload["asked_at"])

    def _erase(self, session: Session, about: About, asked_at: datetime) -> dict[str, int]:
        moment = self.clock()
        let_go(session, about.person, moment, is_patient=moment - asked_at < PATIENCE)
        counts, touched = erase(session, about)
        # Before this transaction ends: if it fails, all is done again.
        return counts | {"caught": caught.forget(self.settings, about.person.is_address, touched)}


def tell(session: Session, about: About) -> dict[str, list[dict[str, Any]]]:
    """Everything held here about the person: table → rows."""
    sent = [row.id for row in _to(session, about.person)]
    return mentions.rows_about(session, Base.metadata, about.person, Own({"notification_id": sent}))


def let_go(session: Session, person: Person, moment: datetime, *, is_patient: bool) -> None:
    """Cancel what would leave much later.

    :raises TemporaryFailure: something is on its way, or about to be.
    """
    for row in _to(session, person):
        if not may_send(State(row.state)) or (row.state == State.TEMPORARY_FAILURE and row.next_try is None):
            continue
        if row.state == State.SENDING or (is_patient and row.due_at <= moment + SOON and row.carried_by is None):
            raise TemporaryFailure("a message to the person is on its way", retry_after=_LOOK_AGAIN)
        lifecycle.change(session, row, State.CANCELLED, now=moment, reason=Reason.CANCELLED)


def erase(session: Session, about: About) -> tuple[dict[str, int], list[str]]:
    """Take name, address and words away; what each kind of row counts, and the Message-IDs of the mails it touched.

    That a message was sent, when, of which kind and with which outcome, stays: the books must balance.
    """
    person = about.person
    mentions.patiently(session)
    sent = _to(session, person)
    ids, touched = [row.id for row in sent], [row.message_id for row in sent]
    emptying.empty(session, ids)
    gone = changed(session, delete(Preference).where(mentions.is_theirs(session, Preference.address, person)))
    held = mentions.spelled(session, Suppression.address, person)
    kept = suppressions.take_names(session, held, unnamed(person.address))
    session.flush()
    session.expire_all()
    counts = {"messages": len(ids), "preferences": gone, "suppressions": kept}
    own = Own({"idea_reference": about.ideas, "notification_id": ids}, signs=about.guests)
    touched += [
        mention.row["message_id"]
        for mention in mentions.find(session, Base.metadata, person, own)
        if mention.table.name == "notification"
    ]
    return counts | mentions.take_away(session, Base.metadata, person, own), touched


def _to(session: Session, person: Person) -> Sequence[Notification]:
    """What was written to the person, by mail or to their telephone, locked."""
    known = [folded(person.address), *([folded(person.mobile), person.mobile] if person.mobile else [])]
    rows = session.scalars(
        select(Notification).where(Notification.recipient_folded.in_(known)).order_by(Notification.id).with_for_update()
    )
    return [
        row
        for row in rows
        if row.channel == Channel.SMS or (row.channel == Channel.EMAIL and person.is_address(row.recipient_address))
    ]
