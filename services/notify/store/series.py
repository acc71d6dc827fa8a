"""Which mails of a series must leave before another, and how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notify.store.books import WAITING
from services.notify.store.tables import Notification


@dataclass(frozen=True, slots=True)
class Ahead:
    """What stands before a notification in its series."""

    made: int
    """How many there are; those that are missing are still on the bus."""
    waiting: int
    """How many of them have neither left nor failed for good."""
    next_try: datetime | None
    """When the last of those is tried (again)."""


_AHEAD = f"""
    SELECT count(DISTINCT series_number) AS made, count(*) FILTER (WHERE {WAITING}) AS waiting,
           max(coalesce(next_try, due_at)) FILTER (WHERE {WAITING}) AS next_try
      FROM notify.notification
     WHERE series = :series AND series_number < :number
"""  # noqa: S608 - a constant of ours


def ahead(session: Session, row: Notification) -> Ahead:
    """What must leave before that notification."""
    found = session.execute(text(_AHEAD), {"series": row.series, "number": row.series_number}).one()
    return Ahead(found.made, found.waiting, found.next_try)
