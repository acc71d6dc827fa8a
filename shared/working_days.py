"""Swedish working days: by when an answer is promised, and on which days nobody is reminded."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache


def answer_by(received: date, working_days: int) -> date:
    """The last day of the promise: ``working_days`` working days after the day of arrival."""
    day = received
    left = working_days
    while left > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            left -= 1
    return day


def is_working_day(day: date) -> bool:
    """False on Saturdays, Sundays, Swedish public holidays and the eves that offices are closed."""
    return day.weekday() < 5 and day not in free_days(day.year)


@lru_cache(maxsize=16)
def free_days(year: int) -> frozenset[date]:
    """The weekday holidays of a year (lag 1989:253), with Midsummer, Christmas and New Year's Eve."""
    easter = _easter(year)
    midsummer_eve = next(day for day in (date(year, 6, 19) + timedelta(days=n) for n in range(7)) if day.weekday() == 4)
    return frozenset(
        {
            date(year, 1, 1),
            date(year, 1, 6),
            easter - timedelta(days=2),
            easter + timedelta(days=1),
            date(year, 5, 1),
            easter + timedelta(days=39),
            date(year, 6, 6),
            midsummer_eve,
            date(year, 12, 24),
            date(year, 12, 25),
            date(year, 12, 26),
            date(year, 12, 31),
        }
    )


def _easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the anonymous computus of 1876)."""
    golden = year % 19
    century, in_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - correction + 15) % 30
    leap_years, year_rest = divmod(in_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leap_years - epact - year_rest) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
