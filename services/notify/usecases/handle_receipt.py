"""An SMS provider's receipt sets the state of the notification it is about. A late or double one is no error."""

from __future__ import annotations

import re
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain import receipt
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel, Reason
from services.notify.store import notifications
from services.notify.usecases import lifecycle, undelivered
from services.notify.usecases.queue_message import QueueMessage
from shared import logs

log = logs.get(__name__)

_PROVIDER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def handle_receipt(
    session: Session, queue: QueueMessage, notification_id: UUID, *, provider_id: str, status: str
) -> State | None:
    """Apply one receipt; the notification's state afterwards, or None where it says nothing that we can use.

    Whoever calls has verified that the address it came to was given out for that notification. The provider's id is
    kept where none is known yet: a receipt may come before our own commit, and then no attempt is made again.
    """
    row = notifications.locked(session, notification_id)
    if row is None or row.channel != Channel.SMS:
        log.warning("sms_receipt_unknown", notification_id=str(notification_id))
        return None
    if status not in list(receipt.Status) or not _PROVIDER_ID.fullmatch(provider_id):
        log.warning("sms_receipt_unreadable", notification_id=str(row.id))
        return None
    if row.provider_id is None:
        row.provider_id = provider_id
    elif row.provider_id != provider_id:
        log.warning("sms_receipt_of_another", notification_id=str(row.id))
        return None
    after = receipt.state_of(receipt.Status(status))
    if after is not None:
        reason = Reason.NOT_DELIVERED if after is State.PERMANENT_FAILURE else None
        moment = queue.clock()
        if lifecycle.change(session, row, after, now=moment, reason=reason, reply=f"receipt: {status}"):
            queue(session, undelivered.notices(session, queue.settings, row, moment))
    log.info("sms_receipt", notification_id=str(row.id), status=status, state=row.state)
    return State(row.state)
