"""When a notification that did not go is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=15)
GIVE_UP = timedelta(days=3)
"""After so long the recipient is told nothing any more: the news is old."""


def pause(failures: int, jitter: float) -> timedelta:
    """How long to wait after ``failures`` attempts in a row: doubled each time, from 1 s up to 15 min.

    :param jitter: 0 to 1, at random; spreads the pause over 75 to 125 % (but never past the longest).
    """
    doubled: timedelta = FIRST * (1 << min(max(failures, 1) - 1, 20))
    return min(min(doubled, LONGEST) * (0.75 + jitter / 2), LONGEST)


def is_hopeless(due_at: datetime, now: datetime) -> bool:
    """True once it was due so long ago that we stop trying."""
    return now - due_at >= GIVE_UP
