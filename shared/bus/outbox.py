"""Say a thing to other services, in the same transaction as the change it tells of."""

from __future__ import annotations

import json
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from shared.contracts.base import MessageType
from shared.ids import new_id
from shared.logs import correlation_id
from shared.tracing import current

CHANNEL = "idesluss_bus"
"""The relay listens here. Equal notifications within one transaction are one (PostgreSQL's NOTIFY)."""


class Priority(IntEnum):
    """What a consumer hears first where much waits."""

    PROMPT = 0
    """Somebody waits for it."""
    BULK = 10
    """There may be thousands of it: it must hold nobody up."""


PUTS = """
    said AS (
        INSERT INTO bus.message (id, name, payload, correlation_id, trace)
        VALUES (:message_id, :message_name, :message_payload, :correlation_id, :trace)
        RETURNING id
    ), owed AS (
        INSERT INTO bus.delivery (consumer, message_id, priority, due_at, next_try)
        SELECT consumer, said.id, :priority, coalesce(:not_before, now()), coalesce(:not_before, now())
          FROM said, unnest(CAST(:consumers AS text[])) AS consumer
    )
    SELECT pg_notify(:channel, '')
"""
"""The end of a statement that begins with ``WITH``, and puts a message. ``parameters`` fills it."""


def statement(head: str = "") -> TextClause:
    """A statement that does what ``head`` says (``name AS (INSERT …),``) and puts a message."""
    # Made of our own constants alone.
    return text("WITH " + head + PUTS).bindparams(bindparam("not_before", type_=TIMESTAMP(timezone=True)))


# One journey to the server: whoever accepts something is waited for.
_PUT = statement()


def put(
    session: Session,
    message: MessageType,
    payload: dict[str, Any],
    *,
    priority: Priority = Priority.PROMPT,
    not_before: datetime | None = None,
    message_id: UUID | None = None,
) -> UUID:
    """Record a message and what its consumers owe it; returns its id.

    It leaves if and only if the surrounding transaction commits, and not before ``not_before`` where that is given.
    Whoever wants to keep its id beforehand gives a new one as ``message_id``.

    :raises marshmallow.ValidationError: the payload does not fit the contract.
    """
    filled = parameters(message, payload, priority=priority, not_before=not_before, message_id=message_id)
    session.execute(_PUT, filled)
    put_id: UUID = filled["message_id"]
    return put_id


def parameters(
    message: MessageType,
    payload: dict[str, Any],
    *,
    priority: Priority = Priority.PROMPT,
    not_before: datetime | None = None,
    message_id: UUID | None = None,
) -> dict[str, Any]:
    """What ``statement`` wants to know.

    :raises marshmallow.ValidationError: the payload does not fit the contract.
    """
    body = json.dumps(message.dump(payload), ensure_ascii=False, separators=(",", ":"))
    return {
        "message_id": message_id or new_id(),
        "message_name": message.name,
        "message_payload": body,
        "correlation_id": correlation_id(),
        "trace": current(),
        "consumers": list(message.consumers),
        "priority": int(priority),
        "not_before": not_before,
        "channel": CHANNEL,
    }
