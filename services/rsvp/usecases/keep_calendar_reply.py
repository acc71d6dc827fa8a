"""Keep a calendar reply that came by mail, once."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from services.rsvp.store.guest_tables import CalendarReply
from shared import logs
from shared.bus.inbox import Task

log = logs.get(__name__)


def keep_calendar_reply(task: Task) -> None:
    """Handle ``mail.calendar_reply.v1``: there is no event yet that it could answer, so it is kept as it came."""
    with task.transaction() as session:
        session.execute(insert(CalendarReply).values(**task.payload).on_conflict_do_nothing())
    log.info("calendar_reply_kept", inbound_email_id=str(task.payload["inbound_email_id"]))
