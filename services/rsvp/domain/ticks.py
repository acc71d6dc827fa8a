"""Ticks at the door, made on several telephones, some of them offline for a while: which one counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

MOST_CAME = 99
"""People of one party."""


_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: so many of that guest's party came. 0 takes a tick back."""

    id: UUID
    """The telephone's own: sent twice, it is one."""
    guest_id: UUID
    came: int
    at: datetime
    """By the telephone's clock."""


@dataclass(frozen=True, slots=True)
class KeptTick:
    """A tick as it is kept."""

    id: UUID
    came: int
    at: datetime
    """Never later than ``received_at``."""
    received_at: datetime


def told_at(at: datetime, received_at: datetime) -> datetime:
    """When a tick counts as made: a clock that goes ahead must not win over everybody for the time it is ahead.

    One that was never set tells a time at the beginning of the calendar, which no zone can be reckoned with.
    """
    return max(min(at, received_at), _EARLIEST)


def newest(ticks: Iterable[KeptTick]) -> KeptTick | None:
    """The tick that counts: the newest by its time; of two at the same time, the one received last."""
    return max(ticks, key=lambda tick: (tick.at, tick.received_at, tick.id), default=None)
