"""Empty messages of whom they went to and of what they said. That they were sent, and what became of them, stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.store import books
from services.notify.store.tables import Attempt, Notification

NOTHING = "{}"
"""The facts of an emptied message."""


def is_empty(row: Notification) -> bool:
    """True where nothing is left that it could be written from."""
    return row.facts == NOTHING


def empty(session: Session, ids: Sequence[UUID]) -> None:
    """Take recipient, words and the other side's words away; the books count rows and states, and stay as they are."""
    session.execute(
        update(Notification)
        .where(Notification.id.in_(ids))
        # The moment of its last change is what it was.
        .values(
            recipient_address="",
            recipient_folded="",
            recipient_name="",
            facts=NOTHING,
            reply=None,
            updated_at=Notification.updated_at,
        )
    )
    session.execute(update(Attempt).where(Attempt.notification_id.in_(ids)).values(reply=None))


def ended_before(session: Session, moment: datetime, *, limit: int) -> Sequence[UUID]:
    """Ids of messages that came to their end before that moment and still say something; locked, if nobody else has."""
    return session.scalars(
        select(Notification.id)
        .where(Notification.updated_at < moment, ~books.booked_at(Account.WAITING), _says_something())
        .order_by(Notification.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def _says_something() -> ColumnElement[bool]:
    return or_(Notification.facts != NOTHING, Notification.reply.is_not(None))
