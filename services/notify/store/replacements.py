"""What was sent in place of what did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from services.notify.store.tables import Notification


def by_key(session: Session, key: str) -> Notification | None:
    """The notification that was made under an idempotency key, or None."""
    return session.scalars(select(Notification).where(Notification.idempotency_key == key)).one_or_none()


def of(session: Session, identity: UUID) -> Sequence[Notification]:
    """What was sent in place of a notification, newest first."""
    statement = select(Notification).where(Notification.replaces == identity)
    return session.scalars(statement.order_by(Notification.id.desc())).all()


def unreplaced(session: Session, idea: str, recipient_folded: str) -> Sequence[Notification]:
    """Everything about one idea to one mailbox that nothing was sent in place of, oldest first, locked."""
    other = aliased(Notification)
    statement = select(Notification).where(
        Notification.idea_reference == idea,
        Notification.recipient_folded == recipient_folded,
        ~exists().where(other.replaces == Notification.id),
    )
    return session.scalars(statement.order_by(Notification.id).with_for_update(of=Notification)).all()
