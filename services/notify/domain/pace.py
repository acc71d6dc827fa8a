"""How fast mails may go to a relay or a domain that takes only so many a minute: arithmetic alone.

The generic cell rate algorithm (ITU-T I.371): one moment for each key says when all that was let through so far will
have been spread out evenly. Each mail moves it on by one interval, and may go once it lies no more than ``burst``
intervals ahead. Slots are given in the order of asking, and each mail waits for its own, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Slot:
    """A mail's place: how long it waits, and the moment to keep for the next one."""

    wait: timedelta
    next_free: datetime


def next_slot(next_free: datetime | None, now: datetime, *, per_minute: int, burst: int) -> Slot:
    """The slot of a mail that asks now.

    From any moment on, no more than ``burst`` plus the rate times the time are let through.

    :param next_free: what the slot before said; None for the first.
    :param per_minute: the rate, at least 1.
    :param burst: how many may go at once after a quiet time, at least 1.
    :raises ValueError: rate or burst is less than 1.
    """
    if per_minute < 1 or burst < 1:
        raise ValueError("rate and burst are at least 1")
    interval = timedelta(minutes=1) / per_minute
    spread = max(next_free or now, now) + interval
    return Slot(wait=max(spread - burst * interval - now, timedelta()), next_free=spread)
