"""What is due by the clock for an event: reminders, the end, the questions afterwards, forgetting. Pure.

Each answer names a window, not a moment: a scheduler that slept or a clock that jumped finds what is still sensible to
do, and what has lost its sense is left undone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Waking = Callable[[datetime], datetime]
"""The moment itself, or the next at which people may be written to: ``shared.waking``."""

REPLY_REMINDER = timedelta(days=3)
"""Before the deadline."""
LAST_CALL = timedelta(hours=6)
"""A reminder later than this before the deadline only annoys."""
SETTLED = timedelta(days=2)
"""Nobody is reminded of an invitation younger than this."""
DAY_BEFORE = time(9)
"""On the day before, from this hour of the event's own time on."""
LAST_WORD = timedelta(hours=3)
"""Before the beginning: later than this, a reminder of the day helps nobody."""
LONGEST_REST = timedelta(days=7)
"""Christmas Eve on a Thursday, with the weekend after it, is four days."""
ASK_AFTER = time(9)
"""The day after, from this hour on, guests are asked what they thought."""
ASK_WITHIN = timedelta(days=14)


def always(moment: datetime) -> datetime:
    """Nobody is ever asleep."""
    return moment


def wants_reply_reminder(reply_by: datetime | None, moment: datetime, waking: Waking = always) -> bool:
    """True while guests who have not answered may be reminded of the deadline.

    Never begun while people rest: whoever answers meanwhile would be reminded all the same.
    """
    if reply_by is None:
        return False
    last = reply_by - LAST_CALL
    return _early_enough(reply_by - REPLY_REMINDER, last, waking) <= moment < last and waking(moment) == moment


def wants_day_reminder(starts_at: datetime, zone: str, moment: datetime, waking: Waking = always) -> bool:
    """True from the morning of the day before until shortly before it begins.

    Where people rest all that time, as before a Sunday, from the last morning on which they do not.
    """
    last = starts_at - LAST_WORD
    begins = datetime.combine(day_of(starts_at, zone) - timedelta(days=1), DAY_BEFORE, tzinfo=ZoneInfo(zone))
    return _early_enough(begins, last, waking) <= moment < last and waking(moment) == moment


def _early_enough(begins: datetime, last: datetime, waking: Waking) -> datetime:
    """That moment, or the same hour on the last day before from which on people may be written to before ``last``."""
    earlier = (begins - timedelta(days=days) for days in range(LONGEST_REST.days + 1))
    return next((each for each in earlier if waking(each) < last), begins)


def wants_feedback(ends_at: datetime, zone: str, moment: datetime) -> bool:
    """True from the morning after it ended, for a fortnight."""
    asks = datetime.combine(day_of(ends_at, zone) + timedelta(days=1), ASK_AFTER, tzinfo=ZoneInfo(zone))
    return asks <= moment < ends_at + ASK_WITHIN


def is_to_be_forgotten(ends_at: datetime, days: int, moment: datetime) -> bool:
    """True once so many days have passed since its end."""
    return moment >= ends_at + timedelta(days=days)


def day_of(moment: datetime, zone: str) -> date:
    """The calendar day of a moment where the event is."""
    return moment.astimezone(ZoneInfo(zone)).date()
