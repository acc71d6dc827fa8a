"""Who sits and who waits: the rules of the waiting list, without a database. Decision 0019 says why they are these.

Seats are given in the order in which they were asked for (``arrival``). A party sits or waits as a whole. Where the
free seats are too few for the party that is first, smaller ones behind it may be seated, but no party is passed more
than ``most_passed`` times: after that free seats are kept until there are enough for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

MOST_PARTY = 50
"""People in one party: a larger group is a meeting of its own."""
SHORTEST_OFFER = timedelta(hours=2)
"""An offered seat is kept at least that long, also over the reply-by date; nobody can answer a mail in minutes."""

Id = TypeVar("Id")


class Reason(StrEnum):
    """Why somebody waits."""

    FULL = "full"
    """There is no free seat."""
    PARTY_TOO_LARGE = "party-too-large"
    """There are free seats, but fewer than the party needs."""
    PASSED = "passed"
    """The same, and smaller parties behind have been seated meanwhile."""
    HELD_BACK = "held-back"
    """The free seats are kept for a larger party that waits longer and may not be passed again."""
    LARGER_THAN_EVENT = "larger-than-event"
    """The party has more people than the event has seats: it can never come as a whole."""
    OFFERED = "offered"
    """Seats are kept for them, and they have not said yes to them."""
    KNOWN = "known"
    """Somebody registered an address that has answered already: only its own link changes that answer."""


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Id]):
    """A party on the waiting list."""

    id: Id
    size: int
    passed: int = 0
    """How often smaller parties have been seated before it."""


@dataclass(frozen=True, slots=True)
class Moves(Generic[Id]):
    """What free seats do to a waiting list."""

    up: tuple[Id, ...]
    """Those who get seats, in order."""
    passed: dict[Id, int]
    """How many of them went before each party that waits longer."""


def free_seats(capacity: int | None, taken: int) -> int | None:
    """Seats that nobody holds; never below 0, though a contact may give more than there are. None: room for all."""
    return None if capacity is None else max(0, capacity - taken)


def move_up(queue: Iterable[Waiting[Id]], *, capacity: int | None, taken: int, most_passed: int) -> Moves[Id]:
    """Give the free seats to those who wait, in order; ``queue`` is read no further than the seats last.

    Applied again to what is left it moves nobody: a waiting list is always settled.
    """
    free = free_seats(capacity, taken)
    up: list[Id] = []
    skipped: list[Waiting[Id]] = []
    passed: dict[Id, int] = {}
    if free == 0:
        return Moves((), {})
    for party in queue:
        if free is None or party.size <= free:
            if any(may_not_be_passed(one, passed.get(one.id, 0), capacity, most_passed) for one in skipped):
                break
            up.append(party.id)
            free = None if free is None else free - party.size
            for one in skipped:
                passed[one.id] = passed.get(one.id, 0) + 1
            if free == 0:
                break
        else:
            skipped.append(party)
            if may_not_be_passed(party, 0, capacity, most_passed):
                break
    return Moves(tuple(up), passed)


def may_not_be_passed(party: Waiting[Id], more: int, capacity: int | None, most_passed: int) -> bool:
    """True where seats are kept for that party: it has been passed as often as may be.

    Never for a party larger than the whole event: it would keep everybody else out for nothing.
    """
    return capacity is not None and party.size <= capacity and party.passed + more >= most_passed


def may_grow(by: int, *, capacity: int | None, taken: int, somebody_waits: bool) -> bool:
    """May a party that has seats get ``by`` more? Not before those who wait."""
    free = free_seats(capacity, taken)
    return free is None or (by <= free and not somebody_waits)


def why_waiting(size: int, passed: int, *, capacity: int | None, taken: int) -> Reason:
    """Why a party of that size waits, in a settled waiting list."""
    free = free_seats(capacity, taken)
    if capacity is not None and size > capacity:
        return Reason.LARGER_THAN_EVENT
    if free == 0:
        return Reason.FULL
    if free is None or size <= free:
        return Reason.HELD_BACK
    return Reason.PASSED if passed else Reason.PARTY_TOO_LARGE


def offer_until(moment: datetime, *, hours: int, reply_by: datetime | None, starts_at: datetime | None) -> datetime:
    """Until when an offered seat is kept.

    ``hours``, but not beyond the reply-by date, when numbers are told to the kitchen; at least ``SHORTEST_OFFER``; an
    offer made after the reply-by date has its hours. Never beyond the start.
    """
    until = moment + timedelta(hours=hours)
    if reply_by is not None and moment < reply_by:
        until = min(until, reply_by)
    until = max(until, moment + SHORTEST_OFFER)
    return until if starts_at is None else min(until, max(starts_at, moment))
