"""Notifications of one person that have yet to leave, the digests they go out in, and the calls to write those."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Category, Channel, Reason
from services.notify.store import books
from services.notify.store.tables import Notification
from shared.mail.addresses import canonical, folded


def waiting(session: Session, address: str) -> Sequence[Notification]:
    """What waits for the person's next digest, oldest first, locked."""
    found = select(Notification).where(Notification.state == State.CREATED, Notification.reason == Reason.COLLECTED)
    return _of_person(session, address, found.where(Notification.carried_by.is_(None)))


def unsent(session: Session, address: str, category: Category) -> Sequence[Notification]:
    """What is to go to the person in a category and is not being sent right now, oldest first, locked."""
    found = select(Notification).where(
        Notification.category == category,
        books.booked_at(Account.WAITING),
        Notification.state != State.SENDING,
    )
    return _of_person(session, address, found)


def is_call_done(session: Session, message_id: UUID) -> bool | None:
    """True where the call to write a digest is done, False where it is still to come, None where it was never made."""
    found = text("SELECT done_at IS NOT NULL FROM bus.delivery WHERE consumer = 'notify' AND message_id = :id")
    done: bool | None = session.execute(found, {"id": message_id}).scalar_one_or_none()
    return done


def _of_person(session: Session, address: str, found: Select[Notification]) -> Sequence[Notification]:
    rows = session.scalars(
        found.where(Notification.channel == Channel.EMAIL, Notification.recipient_folded == folded(address))
        .order_by(Notification.created_at, Notification.id)
        .with_for_update()
    )
    # Folding makes one of all of a mailbox's +tags; each of them may be somebody with choices of their own.
    return [row for row in rows if canonical(row.recipient_address) == address]
