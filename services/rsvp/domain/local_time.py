"""A day and a time of day as people write them, in a time zone, as moments: none, one, or two of them.

On the night when clocks go forward an hour does not exist, and on the night when they go back one exists twice
(Europe/Stockholm: last Sundays of March and October). Neither is guessed at.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST, SECOND = "first", "second"
"""Which of the two, where an hour exists twice."""

FIRST_YEAR, LAST_YEAR = 2000, 2200
"""What lies outside is a slip of the pen; at the ends of the calendar no zone can be reckoned with."""

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]?([0-5]\d)(?::00)?\Z")


@cache
def zone_of(name: str) -> ZoneInfo | None:
    """A time zone by its IANA name, or None where there is none such."""
    return ZoneInfo(name) if name in _names() else None


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def read_day(written: str) -> date | None:
    """A day of our time written as 2026-11-24, or None."""
    try:
        found = date.fromisoformat(written.strip())
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def read_time(written: str) -> time | None:
    """A time of day written as 09:00, 9.00 or 0900, or None."""
    found = _TIME.match(written.strip())
    return time(int(found[1]), int(found[2])) if found else None


def moments(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moments, in UTC, at which clocks there show that time on that day, the earlier first."""
    shown = datetime.combine(day, clock)
    found = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(moment for moment in found if moment.astimezone(zone).replace(tzinfo=None) == shown))


def written(moment: datetime | None, zone: ZoneInfo) -> tuple[str, str, str]:
    """A moment as day, time of day, and which of two where that hour exists twice; empty where there is none."""
    if moment is None:
        return "", "", ""
    there = moment.astimezone(zone)
    is_twice = len(moments(there.date(), there.time(), zone)) > 1
    return there.date().isoformat(), f"{there:%H:%M}", (SECOND if there.fold else FIRST) if is_twice else ""
