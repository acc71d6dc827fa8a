"""A delivery report sets the state of the notification it is about. A late or double report is no error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain.delivery import State, reported
from services.notify.domain.suppression import Cause
from services.notify.domain.words import one_line
from services.notify.store import notifications
from services.notify.store.tables import Notification
from services.notify.usecases import lifecycle, suppress, undelivered
from services.notify.usecases.queue_message import QueueMessage
from shared import logs
from shared.mail.addresses import folded
from shared.mail.bounce_class import BounceClass

log = logs.get(__name__)


def handle_report(session: Session, queue: QueueMessage, report: Mapping[str, Any]) -> State | None:
    """Apply one report; the notification's state afterwards, or None where there is no such notification.

    Whoever tells of the report has verified the signed return path that it came to: a recipient or a Message-ID
    inside a report could be anybody's. That return path was given to one address, so what a report says of another
    (a mailbox that ours is forwarded to, or a stranger somebody wants silenced) is only logged.
    """
    row = notifications.locked(session, report["notification_id"])
    if row is None:
        log.warning("delivery_report_unknown", inbound_email_id=str(report["inbound_email_id"]))
        return None
    current = State(row.state)
    if not _is_about(row, report["recipient"]):
        log.warning(
            "delivery_report_about_another",
            notification_id=str(row.id),
            inbound_email_id=str(report["inbound_email_id"]),
        )
        return current
    moment = queue.clock()
    after = reported(
        current,
        action=report["action"],
        bounce_class=report["bounce_class"],
        permanent=report["permanent"],
    )
    line = one_line(report["line"] or report["status"] or "", suppress.LONGEST)
    moved = lifecycle.change(session, row, after, now=moment, reason=report["bounce_class"], reply=line)
    log.info("delivery_reported", notification_id=str(row.id), state=after, before=current)
    if _shows_that_nobody_is_there(row, report):
        suppress.because_of(session, row, Cause.RECIPIENT_GONE, line, moment)
    if moved and after is State.DELIVERED:
        suppress.arrived(session, row, moment)
    if moved:
        queue(session, undelivered.notices(session, queue.settings, row, moment))
    return after


def _is_about(row: Notification, recipient: str | None) -> bool:
    """In any spelling of the mailbox: servers fold letter case, and some report without the ``+tag``."""
    return recipient is None or folded(recipient) == row.recipient_folded


def _shows_that_nobody_is_there(row: Notification, report: Mapping[str, Any]) -> bool:
    """Where two reports contradict each other, the mail that arrived is believed."""
    gone = report["permanent"] and report["bounce_class"] == BounceClass.RECIPIENT_GONE
    return gone and row.state == State.PERMANENT_FAILURE
