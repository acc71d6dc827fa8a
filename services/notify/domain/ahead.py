"""Times that somebody sets for later. Far ones fit no calendar: no page could show them in local time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FARTHEST = timedelta(days=3652)
"""Ten years: nobody plans for longer."""


def ahead(wanted: datetime, moment: datetime) -> datetime | None:
    """An aware time in UTC; None where it is not after the moment, or more than ten years after it."""
    try:
        wanted = wanted.astimezone(UTC)
    except OverflowError:
        return None
    return wanted if moment < wanted <= moment + FARTHEST else None
