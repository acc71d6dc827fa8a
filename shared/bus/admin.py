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
    parked: int
    oldest_seconds: float
    """Age of the oldest message that is neither done nor parked; 0 where there is none."""


def list_parked(database: Database) -> list[ParkedDelivery]:
    """Every parked delivery, oldest first."""
    with database.transaction() as session:
        rows = session.execute(
            text("""
                SELECT d.consumer, d.message_id, m.name, d.attempts, coalesce(d.last_error, ''), d.parked_at
                  FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
                 WHERE d.parked_at IS NOT NULL AND d.done_at IS NULL ORDER BY d.parked_at
            """)
        ).all()
    return [ParkedDelivery(*row) for row in rows]


def backlog(database: Database) -> list[Backlog]:
    """How much each consumer has yet to do, by consumer."""
    with database.transaction() as session:
        rows = session.execute(
            text("""
                SELECT d.consumer, count(*) FILTER (WHERE d.parked_at IS NULL),
                       count(*) FILTER (WHERE d.parked_at IS NOT NULL),
                       coalesce(extract(epoch FROM now() - min(m.created_at)
                                FILTER (WHERE d.parked_at IS NULL)), 0)::float8
                  FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
                 WHERE d.done_at IS NULL GROUP BY d.consumer ORDER BY d.consumer
            """)
        ).all()
    return [Backlog(*row) for row in rows]


def retry(database: Database, consumer: str, message_id: UUID) -> None:
    """Give a parked delivery five new attempts, at once.

    :raises NotFound: no such delivery is parked.
    """
    _change(
        database,
        "UPDATE bus.delivery SET parked_at = NULL, attempts = 0, rings = 0, next_try = now()"
        " WHERE consumer = :consumer AND message_id = :message_id AND parked_at IS NOT NULL AND done_at IS NULL",
        {"consumer": consumer, "message_id": message_id},
    )


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
