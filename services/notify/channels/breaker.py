"""Whether a relay is worth asking: after some faults in a row it is left alone, then one mail tries it.

Each process learns for itself. What waits meanwhile costs neither a connection nor a timeout.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

from shared import logs

log = logs.get(__name__)

FAULTS = 3
"""So many in a row open it."""
FIRST = timedelta(seconds=5)
LONGEST = timedelta(seconds=60)
WHILE_PROBED = timedelta(seconds=1)
"""How long to wait while another thread's mail finds out."""


class BreakerState(StrEnum):
    """Closed: mails flow. Open: none is tried. Probing: one is being tried."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Counts one relay's faults. Thread-safe.

    Whoever was admitted says afterwards how it went: ``succeeded``, ``failed`` or ``gave_up``.
    """

    def __init__(self, relay: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._relay = relay
        self._clock = clock
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._faults = 0
        self._pause = FIRST
        self._opens_until = 0.0

    @property
    def state(self) -> BreakerState:
        """As it is now; an open one whose time has come is still called open until somebody tries."""
        return self._state

    @property
    def faults(self) -> int:
        """How many in a row."""
        return self._faults

    def admits(self) -> bool:
        """May a mail be tried? After an open breaker's pause, exactly one caller hears yes."""
        with self._lock:
            if self._state is BreakerState.OPEN and self._clock() >= self._opens_until:
                self._state = BreakerState.PROBING
                return True
            return self._state is BreakerState.CLOSED

    def wait(self) -> timedelta:
        """How long until it is worth asking again; zero where it is so now."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return timedelta()
            if self._state is BreakerState.PROBING:
                return WHILE_PROBED
            return max(timedelta(seconds=self._opens_until - self._clock()), timedelta())

    def succeeded(self) -> None:
        """The relay spoke with us, whatever it said about the mail."""
        with self._lock:
            was, self._state = self._state, BreakerState.CLOSED
            self._faults, self._pause = 0, FIRST
        if was is not BreakerState.CLOSED:
            log.info("relay_closed", relay=self._relay)

    def failed(self, *, hopeless: bool = False) -> None:
        """The relay was at fault. ``hopeless``: another try would be no better, so open at once."""
        with self._lock:
            self._faults += 1
            if self._state is BreakerState.OPEN:
                return  # somebody who was admitted before it opened
            if self._state is BreakerState.CLOSED and self._faults < FAULTS and not hopeless:
                return
            pause = self._pause
            self._state = BreakerState.OPEN
            self._opens_until = self._clock() + pause.total_seconds()
            self._pause = min(pause * 2, LONGEST)
        log.warning("relay_opened", relay=self._relay, faults=self._faults, seconds=pause.total_seconds())

    def gave_up(self) -> None:
        """The try ended without word of the relay, for reasons of our own: the next may try."""
        with self._lock:
            if self._state is BreakerState.PROBING:
                self._state = BreakerState.OPEN
                self._opens_until = self._clock()
