"""What a person does about messages: see what waits and what is parked, retry, discard with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Database
from shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class ParkedDelivery:
    """A delivery that failed too often and waits for a person."""

    consumer: str
    message_id: UUID
    name: str
    attempts: int
    last_error: str
    parked_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one consumer has yet to do."""

    consumer: str
    open: int
    """Neither done nor parked: the sum of the four that follow."""
    due: int
    """May be done and nobody is at it."""
    working: int
    """A worker is at it."""
    retrying: int
    """Failed and waits for another try."""
    scheduled: int
    """Not to be done before a later time."""
    parked: int
    oldest_seconds: float
    """How long the oldest that is neither done nor parked has been due; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Retrying:
    """Deliveries of one kind that failed with one error and wait for another try."""

    consumer: str
    name: str
    error: str
    number: int
    attempts: int
    """The most that any of them has had. What a busy receiver put off is not counted."""
    next_try: datetime


def list_parked(database: Database, *, limit: int | None = None) -> list[ParkedDelivery]:
    """Every parked delivery (or so many of them), oldest first."""
    with database.transaction() as session:
        rows = session.execute(
            text("""
                SELECT d.consumer, d.message_id, m.name, d.attempts, coalesce(d.last_error, ''), d.parked_at
                  FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
                 WHERE d.parked_at IS NOT NULL AND d.done_at IS NULL ORDER BY d.parked_at LIMIT :most
            """),
            {"most": limit},
        ).all()
    return [ParkedDelivery(*row) for row in rows]


def count_parked(database: Database) -> dict[str, int]:
    """How many deliveries are parked, by the name of their message."""
    with database.transaction() as session:
        rows = session.execute(
            text("""
                SELECT m.name, count(*) AS number FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
                 WHERE d.parked_at IS NOT NULL AND d.done_at IS NULL GROUP BY 1 ORDER BY 1
            """)
        ).all()
    return {row.name: row.number for row in rows}


def backlog(database: Database) -> list[Backlog]:
    """How much each consumer has yet to do, by consumer."""
    with database.transaction() as session:
        rows = session.execute(
            text("""
                SELECT consumer,
                       count(*) FILTER (WHERE NOT is_parked),
                       count(*) FILTER (WHERE NOT is_parked AND NOT is_held AND due_at <= now()),
                       count(*) FILTER (WHERE NOT is_parked AND is_held),
                       count(*) FILTER (WHERE NOT is_parked AND NOT is_held AND due_at > now() AND has_failed),
                       count(*) FILTER (WHERE NOT is_parked AND NOT is_held AND due_at > now() AND NOT has_failed),
                       count(*) FILTER (WHERE is_parked),
                       greatest(coalesce(extract(epoch FROM now() - min(due_at)
                                FILTER (WHERE NOT is_parked)), 0), 0)::float8
                  FROM (SELECT consumer, due_at, parked_at IS NOT NULL AS is_parked,
                               last_error IS NOT NULL AS has_failed,
                               coalesce(claimed_until > now(), false) AS is_held
                          FROM bus.delivery WHERE done_at IS NULL) AS undone
                 GROUP BY consumer ORDER BY consumer
            """)
        ).all()
    return [Backlog(*row) for row in rows]


def list_retrying(database: Database, *, limit: int = 20) -> list[Retrying]:
    """What failed and waits for another try, by kind and error, the most frequent first."""
    with database.transaction() as session:
        rows = session.execute(
            text("""
                SELECT d.consumer, m.name, d.last_error, count(*) AS number, max(d.attempts), min(d.next_try)
                  FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
                 WHERE d.done_at IS NULL AND d.parked_at IS NULL AND d.due_at > now() AND d.last_error IS NOT NULL
                   AND NOT coalesce(d.claimed_until > now(), false)
                 GROUP BY 1, 2, 3 ORDER BY number DESC, 1, 2, 3 LIMIT :most
            """),
            {"most": limit},
        ).all()
    return [Retrying(*row) for row in rows]


def retry(database: Database, consumer: str, message_id: UUID) -> None:
    """Give a parked delivery five new attempts, at once.

    :raises NotFound: no such delivery is parked.
    """
    _change(
        database,
        "UPDATE bus.delivery SET parked_at = NULL, attempts = 0, rings = 0, next_try = now(), due_at = now()"
        " WHERE consumer = :consumer AND message_id = :message_id AND parked_at IS NOT NULL AND done_at IS NULL",
        {"consumer": consumer, "message_id": message_id},
    )


def retry_all(database: Database, name: str) -> int:
    """Give every parked delivery of messages of that name five new attempts, at once; returns how many."""
    with database.transaction() as session:
        found = session.execute(
            text("""
                UPDATE bus.delivery AS d
                   SET parked_at = NULL, attempts = 0, rings = 0, next_try = now(), due_at = now()
                  FROM bus.message AS m
                 WHERE m.id = d.message_id AND m.name = :name AND d.parked_at IS NOT NULL AND d.done_at IS NULL
                RETURNING 1
            """),
            {"name": name},
        ).all()
    return len(found)


def discard(database: Database, consumer: str, message_id: UUID, reason: str) -> None:
    """Close a parked delivery without its effect; the reason is kept with it.

    :raises NotFound: no such delivery is parked.
    """
    _change(
        database,
        "UPDATE bus.delivery SET done_at = now(), discarded = :reason"
        " WHERE consumer = :consumer AND message_id = :message_id AND parked_at IS NOT NULL AND done_at IS NULL",
        {"consumer": consumer, "message_id": message_id, "reason": reason},
    )


def clean(database: Database, older_than_days: int, batch: int = 5000) -> int:
    """Delete messages whose every delivery was done that long ago; returns how many went."""
    gone = 0
    while True:
        with database.transaction() as session:
            count = len(
                session.execute(
                    text("""
                        DELETE FROM bus.message WHERE id IN (
                            SELECT m.id FROM bus.message AS m
                             WHERE m.created_at < now() - make_interval(days => :days)
                               AND NOT EXISTS (
                                   SELECT 1 FROM bus.delivery AS d WHERE d.message_id = m.id
                                      AND (d.done_at IS NULL
                                           OR d.done_at > now() - make_interval(days => :days)))
                             LIMIT :batch)
                        RETURNING 1
                    """),
                    {"days": older_than_days, "batch": batch},
                ).all()
            )
        gone += count
        if count < batch:
            return gone


def _change(database: Database, statement: str, parameters: dict[str, object]) -> None:
    with database.transaction() as session:
        if session.execute(text(statement + " RETURNING 1"), parameters).first() is None:
            raise NotFound("no such parked delivery")
