"""When people are left in peace, and when their digests come: in Swedish time, whatever the clock is set to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from services.notify.domain.kinds import Rhythm
from shared.clock import STOCKHOLM
from shared.errors import MisconfiguredError
from shared.working_days import is_working_day

DIGEST_AT = time(7, 30)
"""Before the working day begins: what came in is there when its reader is."""

_HOURS = re.compile(r"\s*([0-9]{1,2})\s*-\s*([0-9]{1,2})\s*")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From the beginning of one hour of the day to the beginning of another, over midnight where it ends earlier."""

    begins: int
    ends: int

    def covers(self, hour: int) -> bool:
        """True if that hour of the day is a quiet one."""
        if self.begins < self.ends:
            return self.begins <= hour < self.ends
        return hour >= self.begins or hour < self.ends


def parse_quiet_hours(text: str) -> QuietHours:
    """Quiet hours as IDESLUSS_QUIET_HOURS has them: ``20-8``.

    :raises MisconfiguredError: it has another form.
    """
    match = _HOURS.fullmatch(text)
    begins, ends = (int(match[1]), int(match[2])) if match else (0, 0)
    if begins == ends or max(begins, ends) > 23:
        raise MisconfiguredError(
            f"IDESLUSS_QUIET_HOURS: two different hours from 0 to 23, as 20-8 for from eight to eight, not {text!r}"
        )
    return QuietHours(begins, ends)


def next_waking_moment(moment: datetime, quiet: QuietHours) -> datetime:
    """The moment itself, or the next that is on a working day and not in quiet hours.

    The clock changes on Sundays alone, so every hour of a working day is there once.
    """
    local = moment.astimezone(STOCKHOLM)
    if is_working_day(local.date()) and not quiet.covers(local.hour):
        return moment
    opens = sorted({quiet.ends} if quiet.covers(0) else {0, quiet.ends})
    found = (_at(day, time(hour)) for day in _working_days(local.date()) for hour in opens)
    return next(each for each in found if each > moment)


def next_slot(moment: datetime, rhythm: Rhythm) -> datetime:
    """When the next digest of that rhythm is due: later than ``moment``, the same for all moments up to then.

    Daily is 07:30 on working days; weekly is 07:30 on Monday, or on the week's first working day.

    :raises ValueError: nothing is collected in that rhythm.
    """
    today = moment.astimezone(STOCKHOLM).date()
    if rhythm is Rhythm.DAILY:
        days = _working_days(today)
    elif rhythm is Rhythm.WEEKLY:
        days = _first_working_days(today)
    else:
        raise ValueError(f"no digest comes {rhythm}")
    return next(each for each in (_at(day, DIGEST_AT) for day in days) if each > moment)


def _working_days(first: date) -> Iterator[date]:
    day = first
    while True:
        if is_working_day(day):
            yield day
        day += timedelta(days=1)


def _first_working_days(first: date) -> Iterator[date]:
    """The first working day of each week from the one that ``first`` is in."""
    monday = first - timedelta(days=first.weekday())
    while True:
        yield next(_working_days(monday))
        monday += timedelta(days=7)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, STOCKHOLM).astimezone(UTC)
