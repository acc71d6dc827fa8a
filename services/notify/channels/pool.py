"""A relay's connections, shared by all threads of a process: few, reused, and never one in an unknown state."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from services.notify.channels.base import RelayAway, RelayFull
from services.notify.channels.connection import LOST, Connection
from shared import logs

log = logs.get(__name__)

FRESH_SECONDS = 10.0
"""A connection used so lately is taken as alive; an older one is asked first (NOOP)."""
IDLE_SECONDS = 60.0
"""A connection that nobody needed for so long is closed, so that the relay has it for others."""
MOST_MAILS = 100
"""Then a fresh one, so that all relays behind a balancer get their share."""
ROOM_SECONDS = 5.0
"""How long a thread waits for one of the connections that there may be."""
LIMIT_SECONDS = 600.0
"""How long we believe a relay that said it has no room for more connections."""


class Pool:
    """Connections to one relay. Thread-safe; last in, first out, so that those not needed age and go."""

    def __init__(self, relay: str, connect: Callable[[], Connection], *, most: int) -> None:
        self._relay = relay
        self._connect = connect
        self._most = most
        self._limit, self._limit_until = most, 0.0
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        self._open = 0
        self._sweeper: threading.Timer | None = None

    @property
    def open(self) -> int:
        """How many connections there are, used and idle."""
        return self._open

    def take(self, *, fresh: bool = False) -> tuple[Connection, bool]:
        """A connection for one mail, and whether it was used before. Give it back with ``give``.

        :param fresh: not one that was used before; those that are idle are closed.
        :raises RelayAway: none came about; ``RelayFull`` where none was free in time.
        """
        if fresh:
            self.close()
        deadline = time.monotonic() + ROOM_SECONDS
        while True:
            kept = self._reserve(deadline)
            if kept is not None:
                if self._is_alive(kept):
                    return kept, True
                self.give(kept)
                continue
            try:
                return self._connect(), False
            except BaseException as error:
                alone = self._release()
                if not isinstance(error, RelayFull):
                    raise
                if alone:
                    raise RelayAway(str(error)) from error
                self._believe_limit()

    def give(self, connection: Connection) -> None:
        """Take a connection back: for the next mail, or to be closed where it cannot serve one."""
        now = time.monotonic()
        with self._changed:
            serves = (
                connection.clean
                and connection.sock is not None
                and connection.mails < MOST_MAILS
                and self._open <= self._bound(now)
            )
            if serves:
                connection.used = now
                self._idle.append(connection)
                self._sweep_later()
                self._changed.notify()
                return
        connection.quit_politely()
        self._release()

    def close(self) -> None:
        """Close what is idle."""
        with self._changed:
            idle, self._idle = self._idle, []
            if self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None
        self._retire(idle)

    def _reserve(self, deadline: float) -> Connection | None:
        """An idle connection, or None for leave to open one.

        :raises RelayFull: neither in time.
        """
        with self._changed:
            while not self._idle:
                now = time.monotonic()
                if self._open < self._bound(now):
                    self._open += 1
                    return None
                if now >= deadline:
                    raise RelayFull("all connections to it are in use")
                self._changed.wait(deadline - now)
            return self._idle.pop()

    def _release(self) -> bool:
        """One connection less; True where there is none left."""
        with self._changed:
            self._open -= 1
            self._changed.notify()
            return self._open == 0

    def _bound(self, now: float) -> int:
        return self._limit if now < self._limit_until else self._most

    def _believe_limit(self) -> None:
        with self._changed:
            self._limit, self._limit_until = max(self._open, 1), time.monotonic() + LIMIT_SECONDS
            limit = self._limit
        log.warning("relay_takes_no_more_connections", relay=self._relay, connections=limit)

    @staticmethod
    def _is_alive(connection: Connection) -> bool:
        if time.monotonic() - connection.used < FRESH_SECONDS:
            return True
        try:
            connection.clean = connection.ask(b"NOOP").code == 250
        except LOST:
            connection.clean = False
        return connection.clean

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Timer(IDLE_SECONDS, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        oldest = time.monotonic() - IDLE_SECONDS
        with self._changed:
            idle, self._idle = self._idle, []
            self._idle = [each for each in idle if each.used > oldest]
            self._sweeper = None
            if self._idle:
                self._sweep_later()
        self._retire([each for each in idle if each.used <= oldest])

    def _retire(self, idle: list[Connection]) -> None:
        for connection in idle:
            connection.quit_politely()
            self._release()
