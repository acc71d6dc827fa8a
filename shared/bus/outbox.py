"""Say a thing to other services, in the same transaction as the change it tells of."""

from __future__ import annotations

import json
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session

from shared.contracts.base import MessageType
from shared.ids import new_id
from shared.logs import correlation_id

CHANNEL = "idesluss_bus"
"""The relay listens here. Equal notifications within one transaction are one (PostgreSQL's NOTIFY)."""


class Priority(IntEnum):
    """What a consumer hears first where much waits."""

    PROMPT = 0
    """Somebody waits for it."""
    BULK = 10
    """There may be thousands of it: it must hold nobody up."""


# One journey to the server: whoever accepts something is waited for.
_PUT = text("""
    WITH said AS (
        INSERT INTO bus.message (id, name, payload, correlation_id) VALUES (:id, :name, :payload, :correlation_id)
        RETURNING id
    ), owed AS (
        INSERT INTO bus.delivery (consumer, message_id, priority, due_at, next_try)
        SELECT consumer, said.id, :priority, coalesce(:not_before, now()), coalesce(:not_before, now())
          FROM said, unnest(CAST(:consumers AS text[])) AS consumer
    )
    SELECT pg_notify(:channel, '')
""").bindparams(bindparam("not_before", type_=TIMESTAMP(timezone=True)))


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
    message_id = message_id or new_id()
    body = json.dumps(message.dump(payload), ensure_ascii=False, separators=(",", ":"))
    session.execute(
        _PUT,
        {
            "id": message_id,
            "name": message.name,
            "payload": body,
            "correlation_id": correlation_id(),
            "consumers": list(message.consumers),
            "priority": int(priority),
            "not_before": not_before,
            "channel": CHANNEL,
        },
    )
    return message_id
