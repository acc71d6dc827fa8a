"""How a contact's ideas are told apart and asked for: groups, orders, filters, and days in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from shared.working_days import is_working_day


class Group(StrEnum):
    """What an idea waits for, as far as the reader is concerned; in the order in which they are listed."""

    LATE = "late"
    """Unanswered past the promise, whoever has it."""
    NEW = "new"
    """Unanswered, and nobody else's turn."""
    WAITING = "waiting"
    """Its submitter was asked something, or somebody else has taken it."""
    HELD = "held"
    """Somebody must look before it counts."""
    ANSWERED = "answered"
    """Everything else: answered, closed, or part of another idea."""


class Sort(StrEnum):
    """The order within a group."""

    PROMISE = "promise"
    NEWEST = "newest"
    OLDEST = "oldest"
    SUPPORTERS = "supporters"


ME: Final = "me"
NOBODY: Final = "nobody"
"""Whom an idea is assigned to, apart from a named contact."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which ideas are asked for: every filter given must fit."""

    q: str = ""
    sluice: str | None = None
    stage: str | None = None
    kind: str | None = None
    via: str | None = None
    tag: UUID | None = None
    assigned: str | None = None
    """``me``, ``nobody`` or a contact's id."""
    held: bool | None = None
    published: bool | None = None
    late: bool | None = None
    undelivered: bool | None = None
    registry: str | None = None
    """A registry state."""
    since: date | None = None
    until: date | None = None
    """Days of arrival, both included."""
    sort: Sort | None = None

    @property
    def filters(self) -> dict[str, object]:
        """What is filtered by, by name; the order is none."""
        given = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "sort"}
        return {name: value for name, value in given.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Due:
    """How far an unanswered idea is from its promise, in working days."""

    late: bool
    days: int
    """Working days passed since the last day of the promise, or left until it; 0 late is a free day after it."""


def is_late(answer_by: date, today: date) -> bool:
    """True once the last day of the promise has passed (``store.inbox.is_late`` is the same for the database)."""
    return today > answer_by


def due(answer_by: date, today: date) -> Due:
    """How far ``today`` is from the last day of the promise."""
    if is_late(answer_by, today):
        return Due(True, working_days(answer_by, today))
    return Due(False, working_days(today, answer_by))


@lru_cache(maxsize=4096)
def working_days(after: date, until: date) -> int:
    """How many working days come after the one day, up to and with the other; 0 where that is no later."""
    return sum(is_working_day(after + timedelta(days=n)) for n in range(1, (until - after).days + 1))
