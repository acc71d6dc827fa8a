"""When people may be written to without being disturbed: on working days, outside the quiet hours, in Swedish time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from shared.clock import STOCKHOLM
from shared.errors import MisconfiguredError
from shared.working_days import is_working_day

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


DEFAULT_QUIET_HOURS = QuietHours(20, 8)


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
    found = (swedish_moment(day, time(hour)) for day in working_days(local.date()) for hour in opens)
    return next(each for each in found if each > moment)


def working_days(first: date) -> Iterator[date]:
    """Working days from ``first`` on, without end."""
    day = first
    while True:
        if is_working_day(day):
            yield day
        day += timedelta(days=1)


def swedish_moment(day: date, hour: time) -> datetime:
    """When Swedish clocks show that hour on that day, in UTC."""
    return datetime.combine(day, hour, STOCKHOLM).astimezone(UTC)
