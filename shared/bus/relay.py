"""Ring for what is not done: at once when something is said, and again while it stays undone.

This one loop is both the relay (outbox → broker) and the sweeper (what the broker lost is rung for
again). Any number of relays may run side by side: each takes rows that no other holds.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import dramatiq
import psycopg
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError

from shared import logs, meters
from shared.bus.broker import attend, build_broker, ring
from shared.bus.outbox import CHANNEL, Priority
from shared.contracts.registry import CONSUMERS
from shared.db import CONNECT_TIMEOUT, Database, Role, connection_class, conninfo, role_url
from shared.settings import Settings

log = logs.get(__name__)

RING_AGAIN = timedelta(seconds=10)
"""How long a bell may go unheard before it rings again; doubled each time, up to 32 times this."""
WINDOWS: dict[Priority, int] = {Priority.PROMPT: 100, Priority.BULK: 40}
"""How many deliveries of one consumer may be rung for and not yet taken: the rest wait their turn.

What is prompt never waits for more than the bulk that has been rung for already.
"""
IDLE_SECONDS = 1.0
"""The longest pause between two looks when nobody says anything."""
BUSY_SECONDS = 0.05
"""The pause after a look at which something rang: more may be waiting behind a full window."""
POLL_SECONDS = 0.2
"""The longest pause where PgBouncer stands between: nobody can be told through it that something was said."""
HUNG_SECONDS = 60
"""A relay that stands still this long ends itself, and is started again by whoever started it: RabbitMQ may be there
and yet never confirm a bell, as while a queue has no leader, and pika waits for that without end."""

_TAKE = text("""
    WITH room AS MATERIALIZED (
        SELECT each.consumer, line.priority, line.size - (
                   SELECT count(*) FROM (
                       SELECT 1 FROM bus.delivery AS rung
                        WHERE rung.consumer = each.consumer AND rung.priority = line.priority
                          AND rung.done_at IS NULL AND rung.parked_at IS NULL
                          AND rung.next_try > now() AND rung.rings > 0
                        LIMIT line.size) AS outstanding) AS left
          FROM unnest(CAST(:consumers AS text[])) AS each (consumer)
         CROSS JOIN unnest(CAST(:priorities AS int[]), CAST(:sizes AS int[])) AS line (priority, size)),
    due AS MATERIALIZED (
        SELECT found.consumer, found.message_id
          FROM room CROSS JOIN LATERAL (
              SELECT waiting.consumer, waiting.message_id FROM bus.delivery AS waiting
               WHERE waiting.consumer = room.consumer AND waiting.priority = room.priority
                 AND waiting.done_at IS NULL AND waiting.parked_at IS NULL
                 AND waiting.next_try <= now()
               ORDER BY waiting.next_try LIMIT room.left FOR UPDATE SKIP LOCKED) AS found)
    UPDATE bus.delivery AS d
       SET rings = d.rings + 1, next_try = now() + :again * power(2, least(d.rings, 5))
      FROM due, bus.message AS m
     WHERE d.consumer = due.consumer AND d.message_id = due.message_id AND m.id = d.message_id
    RETURNING d.consumer, m.name, m.id, d.priority
""")


# As before the ring; the next look finds it at once. Whoever was rung for earlier may be at it already.
_TAKE_BACK = text("""
    UPDATE bus.delivery AS d SET rings = greatest(d.rings - 1, 0), next_try = now()
      FROM unnest(CAST(:consumers AS text[]), CAST(:ids AS uuid[])) AS unrung (consumer, id)
     WHERE d.consumer = unrung.consumer AND d.message_id = unrung.id
       AND d.done_at IS NULL AND d.parked_at IS NULL AND (d.claimed_until IS NULL OR d.claimed_until < now())
""")

_PARAMETERS = {
    "consumers": list(CONSUMERS),
    "priorities": list(WINDOWS),
    "sizes": list(WINDOWS.values()),
    "again": RING_AGAIN,
}


class Relay:
    """Looks for due deliveries and rings for them."""

    def __init__(self, database: Database, broker: dramatiq.Broker) -> None:
        self._database = database
        self._broker = broker

    def look(self) -> int:
        """Ring for what is due now; returns how many bells rang.

        :raises sqlalchemy.exc.DBAPIError: the database is away; nothing is lost by that.
        :raises dramatiq.errors.BrokerConnectionError: the broker is; nor by that.
        """
        attend(self._broker)
        with self._database.transaction() as session:
            session.execute(text("SET LOCAL synchronous_commit = off"))
            due = session.execute(_TAKE, _PARAMETERS).all()
        unrung = deque(sorted(due, key=lambda row: row.priority))
        try:
            while unrung:
                ring(self._broker, unrung[0].consumer, unrung[0].name, unrung[0].id)
                meters.RINGS.labels(unrung.popleft().consumer).inc()
        finally:
            if unrung:
                self._take_back(unrung)
        return len(due)

    def _take_back(self, unrung: Collection[Row[Any]]) -> None:
        """Or each would wait the longer, the longer the broker is away."""
        with self._database.transaction() as session:
            session.execute(
                _TAKE_BACK, {"consumers": [row.consumer for row in unrung], "ids": [row.id for row in unrung]}
            )


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """The relay process: runs until SIGTERM or SIGINT.

    :raises MisconfiguredError: BROKER_URL is wrong, or RabbitMQ refuses us.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database = Database(settings, Role.RELAY, pool_size=1)
    broker = build_broker(settings, Role.RELAY)
    relay = Relay(database, broker)
    listening: psycopg.Connection | None = None
    while not stopping.is_set():
        beat()
        signal.alarm(HUNG_SECONDS)
        try:
            if not settings.database_pooler and (listening is None or listening.closed):
                listening = _listen(settings)
            pause = BUSY_SECONDS if relay.look() else IDLE_SECONDS
            if listening is None:
                stopping.wait(min(pause, POLL_SECONDS))
            else:
                _wait(listening, stopping, pause)
        except (DBAPIError, psycopg.Error, dramatiq.errors.BrokerConnectionError) as error:
            log.warning("relay_waits_for_database_or_broker", error=type(error).__name__)
            if listening is not None:
                listening.close()
            stopping.wait(0.5)
    signal.alarm(HUNG_SECONDS)  # a broker that is gone may not hold up the end
    if listening is not None:
        listening.close()
    broker.close()
    database.dispose()
    signal.alarm(0)


def _listen(settings: Settings) -> psycopg.Connection:
    connection = connection_class(settings, Role.RELAY).connect(
        conninfo(role_url(settings, Role.RELAY)),
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT,
        application_name="idesluss relay listen",
    )
    connection.execute(f"LISTEN {CHANNEL}".encode())
    return connection


def _wait(listening: psycopg.Connection, stopping: threading.Event, seconds: float) -> None:
    """Until somebody says something, or the time is over; short steps so that a stop is heard."""
    deadline = time.monotonic() + seconds
    while not stopping.is_set() and (left := deadline - time.monotonic()) > 0:
        for _ in listening.notifies(timeout=min(left, 0.25), stop_after=1):
            return
