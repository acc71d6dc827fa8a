"""Cancel a notification that waits. What is on its way, or has come to an end, cannot be called back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Reason
from services.notify.domain.words import one_line
from services.notify.store import books, notifications, operations
from services.notify.store.tables import Notification
from services.notify.usecases import lifecycle
from shared.errors import Conflict, NotFound, Rejected


def cancel(session: Session, identity: UUID, *, actor: str, reason: str, moment: datetime) -> Notification:
    """Cancel it, with all that goes out in it where it is a digest; the notification as it then is.

    :raises NotFound: there is no such notification.
    :raises Rejected: there is no reason.
    :raises Conflict: it is being sent, has ended, or goes out in a digest.
    """
    row = notifications.locked(session, identity)
    if row is None:
        raise NotFound
    reason = one_line(reason, 500)
    if not reason:
        raise Rejected("reason", "cancel.fault.reason")
    if row.carried_by is not None:
        raise Conflict(f"It goes out in the digest {row.carried_by}: cancel that.")
    if books.account(row) is not Account.WAITING or row.state == State.SENDING:
        raise Conflict(f"It is {row.state}: only what waits can be cancelled.")
    lifecycle.change(session, row, State.CANCELLED, now=moment, reason=Reason.CANCELLED, reply=reason)
    operations.record(session, at=moment, actor=actor, act="cancelled", target=f"notification:{row.id}", reason=reason)
    return row
