"""Few at a time: what goes to programs of others may hang, and must leave threads for mails.

Each process counts for itself. Who finds no place comes back soon, at a rate that stays the same however many wait:
a thousand that ask every second would hold up the mails themselves.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from shared.errors import TemporaryFailure

COMES_BACK = 0.5
"""Seconds, at the least, until who found no place asks again."""
APART = 0.02
"""Seconds between two that ask again."""


def places(threads: int) -> int:
    """How many of a worker's threads one slow channel may hold: two such leave at least one of three or more."""
    return max(1, (threads - 1) // 2)


class Few:
    """So many places. Thread-safe; nobody waits in it."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = threading.Semaphore(most)
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0.0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places.

        :raises TemporaryFailure: none is free; it says when to ask again.
        """
        if not self._free.acquire(blocking=False):
            raise TemporaryFailure("as many as may are on their way", retry_after=self._turn())
        try:
            yield
        finally:
            self._free.release()

    def _turn(self) -> timedelta:
        with self._lock:
            moment = self._clock()
            self._last = max(self._last + APART, moment + COMES_BACK)
            return timedelta(seconds=self._last - moment)
