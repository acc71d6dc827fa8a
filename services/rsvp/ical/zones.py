"""VTIMEZONE of any IANA zone, in the form that calendar programs understand (RFC 5545 §3.6.5).

The library's own lists every change since 1970 as RDATE, which Outlook does not read: it knows rules of the form "last
Sunday of October" alone. So a rule is looked for that is true of the years around the meetings; where a zone has none
(its country changes its mind), each change stands by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

MARGIN_YEARS = 1
"""Years before and after the meetings that the rules must be true of."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - local time, as VTIMEZONE wants it


@dataclass(frozen=True, slots=True)
class Shift:
    """One change of a zone's offset."""

    at: datetime
    """Local time by the offset before it, without zone: how DTSTART of an observance is said."""
    before: timedelta
    after: timedelta
    name: str
    is_summer: bool
    """The clocks go forward; Dublin's winter is its "daylight" time in the zone's own words, and in no program's."""

    @property
    def rule(self) -> tuple[int, int, int]:
        """Month, which one of its weekdays (-1: the last), weekday (0 Monday)."""
        is_last = (self.at + timedelta(days=7)).month != self.at.month
        return self.at.month, -1 if is_last else (self.at.day - 1) // 7 + 1, self.at.weekday()


def timezone(zone: str, first_year: int, last_year: int) -> Timezone:
    """The zone as a component, true of those years and one more on either side.

    :raises zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    known = ZoneInfo(zone)
    years = range(first_year - MARGIN_YEARS, last_year + MARGIN_YEARS + 1)
    component = Timezone()
    component.add("TZID", zone)
    shifts = list(_shifts(zone, years.start, years.stop))
    if not shifts:
        there = datetime(first_year, 1, 1, tzinfo=known)
        offset = there.utcoffset() or timedelta()
        component.add_component(_observance(Shift(_BEGINNING, offset, offset, there.tzname() or zone, False)))
        return component
    kinds = [[shift for shift in shifts if shift.is_summer == is_summer] for is_summer in (False, True)]
    if all(_is_yearly(same, len(years)) for same in kinds):
        for same in kinds:
            component.add_component(_observance(same[0], yearly=True))
        return component
    first = shifts[0]  # before it, something held, too
    held = Shift(_BEGINNING, first.before, first.before, zone, not first.is_summer)
    for shift in (held, *shifts):
        component.add_component(_observance(shift))
    return component


def _is_yearly(shifts: Sequence[Shift], years: int) -> bool:
    """True where the change comes once in each of the years, on the same weekday of the same month, alike."""
    alike = {(shift.rule, shift.at.time(), shift.before, shift.after) for shift in shifts}
    return len(shifts) == years and len(alike) == 1


def _observance(shift: Shift, *, yearly: bool = False) -> TimezoneStandard | TimezoneDaylight:
    observance = TimezoneDaylight() if shift.is_summer else TimezoneStandard()
    observance.add("DTSTART", shift.at)
    observance.add("TZOFFSETFROM", shift.before)
    observance.add("TZOFFSETTO", shift.after)
    observance.add("TZNAME", shift.name)
    if yearly:
        month, which, weekday = shift.rule
        observance.add("RRULE", vRecur({"FREQ": "YEARLY", "BYMONTH": month, "BYDAY": f"{which}{_DAYS[weekday]}"}))
    return observance


@lru_cache(maxsize=64)
def _shifts(zone: str, first_year: int, after_year: int) -> tuple[Shift, ...]:
    return tuple(_find(ZoneInfo(zone), datetime(first_year, 1, 1, tzinfo=UTC), datetime(after_year, 1, 1, tzinfo=UTC)))


def _find(zone: ZoneInfo, moment: datetime, end: datetime) -> Iterator[Shift]:
    """Every change of offset from ``moment`` to ``end``: a day with one in it is halved until its minute is known."""
    day = timedelta(days=1)
    while moment < end:
        later = moment + day
        before, after = moment.astimezone(zone), later.astimezone(zone)
        if before.utcoffset() != after.utcoffset():
            low, high = moment, later
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                if middle.astimezone(zone).utcoffset() == before.utcoffset():
                    low = middle
                else:
                    high = middle
            on = (low + timedelta(minutes=1)).replace(second=0, microsecond=0)
            was, becomes = before.utcoffset() or timedelta(), after.utcoffset() or timedelta()
            yield Shift(
                at=(on + was).replace(tzinfo=None),
                before=was,
                after=becomes,
                name=after.tzname() or "",
                is_summer=becomes > was,
            )
        moment = later
