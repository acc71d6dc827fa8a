"""What was sent in place of what did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import Session, aliased

from services.notify.domain.delivery import State
from services.notify.store.tables import Notification
from shared.db import hold

_FIRST = text("""
    WITH RECURSIVE above AS (
        SELECT id, replaces FROM notify.notification WHERE id = :id
         UNION
        SELECT n.id, n.replaces FROM notify.notification AS n JOIN above ON n.id = above.replaces)
    SELECT id FROM above WHERE NOT EXISTS (SELECT FROM above AS higher WHERE higher.id = above.replaces)
""")
_COUNT_BELOW = text("""
    WITH RECURSIVE below AS (
        SELECT id FROM notify.notification WHERE replaces = :id
         UNION
        SELECT n.id FROM notify.notification AS n JOIN below ON n.replaces = below.id)
    SELECT count(*) FROM below
""")


def of(session: Session, identity: UUID) -> Sequence[Notification]:
    """What was sent in place of a notification, newest first."""
    statement = select(Notification).where(Notification.replaces == identity)
    return session.scalars(statement.order_by(Notification.id.desc())).all()


def count_chain(session: Session, identity: UUID) -> int:
    """How much was sent in place of what a notification goes back to, directly or in place of each other.

    Whoever counts for the same waits for this transaction: two at once cannot both be the last allowed.
    """
    first: UUID = session.execute(_FIRST, {"id": identity}).scalar_one()
    hold(session, f"notify sends {first} anew")
    counted: int = session.execute(_COUNT_BELOW, {"id": first}).scalar_one()
    return counted


def count_to(session: Session, recipient: str, since: datetime) -> int:
    """How much was sent in place of something to one mailbox (folded), since then; whoever counts waits, as above."""
    hold(session, f"notify sends anew to {recipient}")
    counted = select(func.count()).where(
        Notification.recipient_folded == recipient,
        Notification.created_at > since,
        Notification.replaces.is_not(None),
        Notification.state != State.SUPPRESSED,
    )
    return session.scalars(counted).one()


def unreplaced(session: Session, idea: str, recipient_folded: str) -> Sequence[Notification]:
    """Everything about one idea to one mailbox that nothing was sent in place of, oldest first, locked."""
    other = aliased(Notification)
    statement = select(Notification).where(
        Notification.idea_reference == idea,
        Notification.recipient_folded == recipient_folded,
        ~exists().where(other.replaces == Notification.id),
    )
    return session.scalars(statement.order_by(Notification.id).with_for_update(of=Notification)).all()
