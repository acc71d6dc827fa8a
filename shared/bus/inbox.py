"""Act on a message exactly once, whatever the broker does.

A worker first claims the delivery (which counts the attempt, so that a message that kills its
worker is counted too, and takes a lease), then works, then commits its effects and "done" in one
transaction that holds the delivery's row. A lease is renewed while its worker lives; a worker that
slept past its lease finds that a newer attempt has begun, and its effects are refused.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared import logs, meters
from shared.bus.attempts import Outcome, observed
from shared.contracts.registry import MESSAGES
from shared.db import Database
from shared.errors import TemporaryFailure

log = logs.get(__name__)

MAX_ATTEMPTS = 5
"""A delivery that failed this often is parked for a person."""
LEASE = timedelta(seconds=10)
"""How long a claim holds without being renewed: what a killed worker held goes on after this."""
RENEWAL_SECONDS = 3.0

_CLAIM = text("""
    WITH lazily AS (SELECT set_config('synchronous_commit', 'off', true))
    UPDATE bus.delivery AS d
       SET attempts = d.attempts + 1, claimed_until = now() + :lease, next_try = now() + :lease, rings = 1
      FROM bus.message AS m, lazily
     WHERE d.consumer = :consumer AND d.message_id = :message_id AND m.id = d.message_id
       AND d.done_at IS NULL AND d.parked_at IS NULL
       AND (d.claimed_until IS NULL OR d.claimed_until < now())
    RETURNING d.attempts, m.name, m.payload, m.correlation_id, d.last_error, m.trace
""")
"""Losing this in a crash of the database is harmless, so it does not wait for the disk."""
_RENEW = text("""
    UPDATE bus.delivery
       SET claimed_until = now() + :lease, next_try = now() + :lease
     WHERE consumer = :consumer AND message_id = :message_id AND attempts = :attempt
       AND done_at IS NULL AND claimed_until IS NOT NULL
""")
_DONE = text("""
    UPDATE bus.delivery SET done_at = now(), claimed_until = NULL, last_error = NULL
     WHERE consumer = :consumer AND message_id = :message_id AND attempts = :attempt AND done_at IS NULL
    RETURNING 1
""")
"""Said first in the transaction of the effects: it locks the delivery's row, and falls with them."""
_FAILED = text("""
    UPDATE bus.delivery
       SET claimed_until = NULL, rings = 0, last_error = :error, next_try = now() + :pause,
           due_at = now() + :pause,
           attempts = attempts - CASE WHEN :counts THEN 0 ELSE 1 END,
           parked_at = CASE WHEN :counts AND attempts >= :most THEN now() END
     WHERE consumer = :consumer AND message_id = :message_id AND attempts = :attempt AND done_at IS NULL
    RETURNING parked_at IS NOT NULL
""")


class AlreadyDone(Exception):
    """Somebody else finished this delivery, or has begun a newer attempt at it."""


@dataclass(slots=True)
class Task:
    """One attempt at one delivery, as a handler sees it."""

    database: Database
    consumer: str
    message_id: UUID
    name: str
    payload: dict[str, Any]
    attempt: int
    correlation_id: str
    trace: str | None = None
    """The ``traceparent`` of whoever said it."""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction for the handler's effects; the delivery is done when it commits.

        :raises AlreadyDone: another worker has finished it or taken it over.
        """
        key = {"consumer": self.consumer, "message_id": self.message_id, "attempt": self.attempt}
        with self.database.transaction() as session:
            if session.execute(_DONE, key).first() is None:
                raise AlreadyDone
            yield session


Handler = Callable[[Task], None]


class Inbox:
    """What one worker process does when the bell rings. Thread-safe."""

    def __init__(self, database: Database, consumer: str, handlers: Mapping[str, Handler]) -> None:
        self._database = database
        self._consumer = consumer
        self._handlers = handlers
        self._leases = _Leases(database)

    def start(self) -> None:
        """Start renewing leases."""
        self._leases.start()

    def stop(self) -> None:
        """Stop renewing leases."""
        self._leases.stop()

    def run(self, message_id: UUID) -> None:
        """Make one attempt at a delivery. Never raises for what the message or its handler did.

        Returns without a word where there is nothing (more) to do: a bell may ring twice.
        """
        task = self._claim(message_id)
        if task is None:
            return
        with (
            logs.correlation(task.correlation_id),
            self._leases.held(task),
            observed(self._consumer, task.name, task.attempt, task.trace) as seen,
        ):
            try:
                self._handlers[task.name](task)
            except AlreadyDone:
                seen.outcome = Outcome.TAKEN_OVER
                log.info("delivery_taken_over", message=task.name, message_id=str(message_id))
            except TemporaryFailure as failure:
                seen.outcome = Outcome.PUT_OFF
                self._failed(task, str(failure), counts=False, pause=failure.retry_after or _pause(task.attempt))
            except DBAPIError as error:
                seen.outcome = Outcome.FAILED
                # A lost connection says nothing about the message, so it does not count against it.
                self._failed(task, in_words(error), counts=not error.connection_invalidated)
            except Exception as error:
                seen.outcome = Outcome.FAILED
                log.exception("delivery_failed", message=task.name, message_id=str(message_id))
                self._failed(task, in_words(error), counts=True)

    def _claim(self, message_id: UUID) -> Task | None:
        key = {"consumer": self._consumer, "message_id": message_id}
        with self._database.at_once() as connection:
            row = connection.execute(_CLAIM, {**key, "lease": LEASE}).one_or_none()
        if row is None:
            return None
        attempt, name, payload, correlation_id, last_error, trace = row
        task = Task(self._database, self._consumer, message_id, name, {}, attempt, correlation_id, trace)
        if attempt > MAX_ATTEMPTS:
            error = last_error or f"ended its worker {attempt - 1} times"
            self._failed(task, error, counts=True)
            return None
        if name not in self._handlers or name not in MESSAGES:
            # A newer sender in a rolling upgrade: whoever knows the message will take it.
            self._failed(task, f"no handler for {name} here", counts=False, pause=timedelta(seconds=30))
            return None
        try:
            task.payload = MESSAGES[name].load(json.loads(payload))
        except (ValueError, ValidationError, RecursionError) as error:
            self._failed(task, in_words(error), counts=True)
            return None
        return task

    def _failed(self, task: Task, error: str, *, counts: bool, pause: timedelta | None = None) -> None:
        try:
            with self._database.transaction() as session:
                parked = session.execute(
                    _FAILED,
                    {
                        "consumer": task.consumer,
                        "message_id": task.message_id,
                        "attempt": task.attempt,
                        "error": error[:2000],
                        "pause": pause or _pause(task.attempt),
                        "counts": counts,
                        "most": MAX_ATTEMPTS,
                    },
                ).scalar()
        except DBAPIError:
            # The lease lapses by itself and the relay rings again.
            log.warning("delivery_failure_not_recorded", message=task.name, message_id=str(task.message_id))
            return
        if parked:
            meters.PARKED.labels(task.consumer, task.name).inc()
            log.error("delivery_parked", message=task.name, message_id=str(task.message_id), error=error)


class _Leases:
    """Renews what this process holds, every few seconds, until each is let go."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: set[tuple[str, UUID, int]] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="leases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @contextmanager
    def held(self, task: Task) -> Iterator[None]:
        key = (task.consumer, task.message_id, task.attempt)
        with self._lock:
            self._held.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(key)

    def _renew(self) -> None:
        while not self._stopping.wait(RENEWAL_SECONDS):
            with self._lock:
                held = sorted(self._held)
            if not held:
                continue
            rows = [
                {"consumer": consumer, "message_id": message_id, "attempt": attempt, "lease": LEASE}
                for consumer, message_id, attempt in held
            ]
            try:
                with self._database.transaction() as session:
                    session.execute(text("SET LOCAL synchronous_commit = off"))
                    session.execute(text("SET LOCAL lock_timeout = '1s'"))
                    session.execute(_RENEW, rows)
            except DBAPIError:
                log.warning("leases_not_renewed", count=len(held))


def _pause(attempt: int) -> timedelta:
    """Exponential backoff with jitter: about 1, 4, 16, 64 s."""
    return timedelta(seconds=4 ** min(attempt - 1, 5) * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load


def in_words(error: BaseException) -> str:
    """An error in one line, without what people wrote."""
    # The first line only: the rest of a database error holds the statement's parameters, people's words.
    first = next(iter(str(getattr(error, "orig", None) or error).splitlines()), "")
    return f"{type(error).__name__}: {first}"
