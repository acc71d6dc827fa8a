"""Keep what somebody wants as a digest until its time: one call to write it for a person and a slot.

As long as something waits for a slot there is an open ``digest.due.v1`` for it. Whoever collects, writes or moves
holds the person's lock, so that no two see the same gap (novu#2569: two events in one second, two digests).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.orm import Session

from services.notify.domain import calm
from services.notify.domain.kinds import Category, Rhythm
from services.notify.store import collected, preferences
from services.notify.store.tables import Notification
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.contracts.registry import DIGEST_DUE, NOTIFICATION_DUE
from shared.ids import new_id

COLLECTING = (Rhythm.DAILY, Rhythm.WEEKLY)


def digest_key(address: str, slot: datetime) -> str:
    """The idempotency key of the one digest for a person and a slot."""
    return f"digest:{address}:{slot.astimezone(UTC).isoformat()}"


def slot_for(session: Session, address: str, category: Category, moment: datetime) -> datetime | None:
    """The slot in which something that comes now goes out, or None where the person wants it at once.

    Where there is one, the person is locked until the transaction ends.
    """
    if preferences.rhythm(session, address, category) not in COLLECTING:
        return None
    preferences.lock_person(session, address)
    rhythm = preferences.rhythm(session, address, category)
    return calm.next_slot(moment, rhythm) if rhythm in COLLECTING else None


def call(session: Session, address: str, slot: datetime) -> None:
    """Have the digest written at its slot, now that something waits for it. The person is locked."""
    first = uuid5(NAMESPACE_URL, digest_key(address, slot))
    match collected.is_call_done(session, first):
        case None:
            identity = first
        case False:
            return
        case True:
            # Whoever wrote that digest has a clock ahead of ours: what we collect for its slot needs a call of its own.
            identity = new_id()
    outbox.put(session, DIGEST_DUE, {"address": address, "slot": slot}, not_before=slot, message_id=identity)


def move(session: Session, address: str, rows: Sequence[Notification], slot: datetime) -> None:
    """Let what waits go out in another slot. The person is locked."""
    for row in rows:
        row.due_at = slot
    if rows:
        call(session, address, slot)


def release(session: Session, row: Notification, now: datetime) -> None:
    """Let a notification that waits for a digest go out by itself, at once."""
    duty = new_id()
    row.reason, row.due_at, row.due_message_id = None, now, duty
    outbox.put(session, NOTIFICATION_DUE, {"notification_id": row.id}, priority=Priority(row.priority), message_id=duty)
