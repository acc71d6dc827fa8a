"""What notify tells /metrics and those who watch it, worked out from its tables."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notify.store.books import WAITING
from shared.web.metrics import WHOLE_TABLE, Gauge

OVERDUE = f"""
    SELECT min(due_at) AS since FROM notify.notification
     WHERE {WAITING} AND due_at <= now() AND carried_by IS NULL AND reason IS DISTINCT FROM 'paused'
       AND (paced_until IS NULL OR paced_until <= now())
       AND NOT (channel = 'webhook' AND state = 'temporary-failure')
"""  # noqa: S608 - a constant of ours
"""Since when the oldest that should have left is due. What waits for its turn or for somebody who paused it is not
late, and a webhook's receiver who is away is watched at the webhook."""

DIFFERENCE = f"""
    SELECT coalesce((SELECT sum(CASE account WHEN 'asked' THEN number ELSE -number END) FROM notify.tally), 0)
           - (SELECT count(*) FROM notify.notification WHERE {WAITING})
"""  # noqa: S608 - a constant of ours

FIGURES = (
    Gauge(
        "idesluss_notifications",
        "Notifications by state",
        ("state",),
        "SELECT state, count(*) FROM notify.notification GROUP BY 1",
        WHOLE_TABLE,
    ),
    Gauge(
        "idesluss_notifications_booked",
        "The books: asked = sent + failed + suppressed + waiting",
        ("account",),
        "SELECT account, sum(number) FROM notify.tally GROUP BY 1",
    ),
    Gauge(
        "idesluss_notifications_waiting",
        "Notifications that have yet to leave",
        ("channel",),
        f"SELECT channel, count(*) FROM notify.notification WHERE {WAITING} GROUP BY 1",  # noqa: S608 - a constant of ours
    ),
    Gauge(
        "idesluss_books_difference",
        "Asked, less what is closed, less what waits: 0 where the books balance",
        (),
        DIFFERENCE,
    ),
    Gauge(
        "idesluss_notification_oldest_unsent_seconds",
        "How long the oldest notification that should have left has been due",
        (),
        f"SELECT coalesce(extract(epoch FROM now() - since), 0) FROM ({OVERDUE}) AS oldest",  # noqa: S608 - a constant of ours
    ),
)


def overdue_since(session: Session) -> datetime | None:
    """Since when the oldest notification that should have left has been due; None where all have left."""
    since: datetime | None = session.execute(text(OVERDUE)).scalar_one()
    return since
