"""When people are left in peace, and when their digests come: in Swedish time, whatever the clock is set to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from services.notify.domain.kinds import Rhythm
from shared.clock import STOCKHOLM
from shared.waking import QuietHours, next_waking_moment, parse_quiet_hours, swedish_moment, working_days

__all__ = ["DIGEST_AT", "QuietHours", "next_slot", "next_waking_moment", "parse_quiet_hours"]

DIGEST_AT = time(7, 30)
"""Before the working day begins: what came in is there when its reader is."""


def next_slot(moment: datetime, rhythm: Rhythm) -> datetime:
    """When the next digest of that rhythm is due: later than ``moment``, the same for all moments up to then.

    Daily is 07:30 on working days; weekly is 07:30 on Monday, or on the week's first working day.

    :raises ValueError: nothing is collected in that rhythm.
    """
    today = moment.astimezone(STOCKHOLM).date()
    if rhythm is Rhythm.DAILY:
        days = working_days(today)
    elif rhythm is Rhythm.WEEKLY:
        days = _first_working_days(today)
    else:
        raise ValueError(f"no digest comes {rhythm}")
    return next(each for each in (swedish_moment(day, DIGEST_AT) for day in days) if each > moment)


def _first_working_days(first: date) -> Iterator[date]:
    """The first working day of each week from the one that ``first`` is in."""
    monday = first - timedelta(days=first.weekday())
    while True:
        yield next(working_days(monday))
        monday += timedelta(days=7)
