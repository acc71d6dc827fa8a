"""What should leave and has nothing on the bus that will bring it about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Reason
from services.notify.store.books import WAITING
from services.notify.store.tables import Notification


class Duty(StrEnum):
    """What became of the message on the bus that should bring it about."""

    LOST = "lost"
    """It is not there, or done though nothing has left."""
    PARKED = "parked"
    DISCARDED = "discarded"
    """A person gave it up, with a reason."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """A notification whose duty will bring about nothing."""

    id: UUID
    duty: Duty
    discarded: str | None
    """The reason that a person gave."""


_HANGING = f"""
    SELECT n.id, CASE WHEN d.discarded IS NOT NULL THEN 'discarded'
                      WHEN d.done_at IS NULL AND d.parked_at IS NOT NULL THEN 'parked' ELSE 'lost' END, d.discarded
      FROM notify.notification AS n
      LEFT JOIN (SELECT message_id, done_at, parked_at, discarded FROM bus.delivery WHERE consumer = 'notify') AS d
             ON d.message_id = n.due_message_id
     WHERE {WAITING} AND n.due_at < :due_before AND coalesce(n.next_try, n.due_at) < :due_before
       AND n.carried_by IS NULL AND coalesce(n.reason, '') <> ALL (:others)
       AND (d.message_id IS NULL OR d.done_at IS NOT NULL OR d.parked_at < :parked_before)
     ORDER BY n.due_at LIMIT :most FOR UPDATE OF n SKIP LOCKED
"""  # noqa: S608 - a constant of ours

_CALL = text("""
    SELECT d.message_id, d.parked_at
      FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
     WHERE d.consumer = 'notify' AND d.done_at IS NULL
       AND CASE WHEN m.name = 'digest.due.v1' THEN m.payload::json ->> 'address' = :address END
     ORDER BY d.parked_at NULLS FIRST LIMIT 1
""")

_REVIVE = text("""
    UPDATE bus.delivery SET parked_at = NULL, attempts = 0, rings = 0, next_try = now(), due_at = now()
     WHERE consumer = 'notify' AND message_id = :id AND parked_at IS NOT NULL AND done_at IS NULL
""")


def notifications(session: Session, *, due_before: datetime, parked_before: datetime, limit: int) -> Sequence[Hanging]:
    """Those that should have left before ``due_before`` and will not, oldest first, locked.

    What waits for its digest or for a paused webhook is somebody else's to call.
    """
    others = [Reason.COLLECTED, Reason.PAUSED]
    rows = session.execute(
        text(_HANGING), {"due_before": due_before, "parked_before": parked_before, "others": others, "most": limit}
    )
    return [Hanging(identity, Duty(duty), discarded) for identity, duty, discarded in rows]


def collected(session: Session, *, due_before: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
    """The address and slot of what waits for a digest that should have been written before ``due_before``."""
    place = (Notification.recipient_address, Notification.due_at)
    statement = select(*place).where(
        Notification.state == State.CREATED,
        Notification.reason == Reason.COLLECTED,
        Notification.carried_by.is_(None),
        Notification.due_at < due_before,
    )
    found = session.execute(statement.distinct().order_by(Notification.due_at).limit(limit)).all()
    return [(address, slot) for address, slot in found]


def digest_call(session: Session, address: str) -> tuple[UUID, datetime | None] | None:
    """The undone call to write a digest for that person and since when it is parked, or None where there is none."""
    row = session.execute(_CALL, {"address": address}).one_or_none()
    return None if row is None else (row.message_id, row.parked_at)


def revive(session: Session, message_id: UUID) -> None:
    """Give a parked duty of notify's new attempts, at once."""
    session.execute(_REVIVE, {"id": message_id})
