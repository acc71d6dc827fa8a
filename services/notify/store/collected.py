"""Notifications of one person that have yet to leave, the digests they go out in, and the calls to write those."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, and_, or_, select, text
from sqlalchemy.orm import Session

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Category, Channel, Reason
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
        or_(
            Notification.state == State.CREATED,
            and_(Notification.state == State.TEMPORARY_FAILURE, Notification.next_try.is_not(None)),
        ),
    )
    return _of_person(session, address, found)


def digest(session: Session, key: str) -> Notification | None:
    """The digest of that idempotency key, or None where it is not written yet."""
    return session.scalars(select(Notification).where(Notification.idempotency_key == key)).one_or_none()


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
