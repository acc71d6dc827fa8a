"""When a notification that did not go is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.notify.domain.kinds import Channel

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=15)
FIRST_WHILE_FULL = timedelta(minutes=30)
LONGEST_WHILE_FULL = timedelta(hours=4)
"""A mailbox is emptied by a person, not by the minute; asking often looks like spamming."""
GIVE_UP = timedelta(days=3)
"""After so long the recipient is told nothing any more: the news is old."""
GIVE_UP_WEBHOOK = timedelta(days=1)
"""A program that was away for longer asks for a replay; meanwhile its messages must not pile up."""


def pause(failures: int, jitter: float) -> timedelta:
    """How long to wait after ``failures`` attempts in a row: doubled each time, from 1 s up to 15 min.

    :param jitter: 0 to 1, at random; spreads the pause over 75 to 125 % (but never past the longest).
    """
    return _doubled(failures, jitter, FIRST, LONGEST)


def pause_while_full(failures: int, jitter: float) -> timedelta:
    """As ``pause``, for a mailbox without room: from 30 min up to 4 h."""
    return _doubled(failures, jitter, FIRST_WHILE_FULL, LONGEST_WHILE_FULL)


def _doubled(failures: int, jitter: float, first: timedelta, longest: timedelta) -> timedelta:
    doubled: timedelta = first * (1 << min(max(failures, 1) - 1, 20))
    return min(min(doubled, longest) * (0.75 + jitter / 2), longest)


def is_hopeless(due_at: datetime, now: datetime, channel: Channel = Channel.EMAIL) -> bool:
    """True once it was due so long ago that we stop trying."""
    return now - due_at >= (GIVE_UP_WEBHOOK if channel is Channel.WEBHOOK else GIVE_UP)
