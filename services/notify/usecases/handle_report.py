"""A delivery report sets the state of the notification it is about. A late or double report is no error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain.delivery import State, reported
from services.notify.domain.words import one_line
from services.notify.store import notifications
from shared import logs

log = logs.get(__name__)


def handle_report(session: Session, report: Mapping[str, Any]) -> State | None:
    """Apply one report; the notification's state afterwards, or None where there is no such notification.

    Whoever tells of the report has verified the signed return path that it came to: a recipient or a Message-ID
    inside a report could be anybody's.
    """
    row = notifications.locked(session, report["notification_id"])
    if row is None:
        log.warning("delivery_report_unknown", inbound_email_id=str(report["inbound_email_id"]))
        return None
    current = State(row.state)
    after = reported(
        current,
        action=report["action"],
        bounce_class=report["bounce_class"],
        permanent=report["permanent"],
    )
    if after is not current:
        row.state = after
        row.reason = report["bounce_class"]
        row.reply = one_line(report["line"] or report["status"] or "", 500)
        row.next_try = None
    log.info("delivery_reported", notification_id=str(row.id), state=after, before=current)
    return after
