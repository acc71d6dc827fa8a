"""Move a notification to another state, so that books, digests and others always follow.

This is the one place that does. Only ``notifications.claim`` moves one by itself, to ``sending``: it goes on waiting
in the books, and nobody is told.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State, settle
from services.notify.domain.kinds import Reason
from services.notify.store import books, notifications
from services.notify.store.tables import Notification
from services.notify.usecases.fan_out import notification_changed
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.contracts.events import EVENT_LETTERS
from shared.contracts.registry import GUEST_UNREACHED, NOTIFICATION_CHANGED

TOLD_AFTER = 3
"""Attempts after which those who look at the idea hear that something waits."""


def begin(session: Session, row: Notification, *, now: datetime) -> None:
    """Book a notification that has just been made, and tell of it where it ended at once."""
    books.book(session, now, Counter({Account.ASKED: 1, books.account(row): 1}))
    _tell(session, row, now)
    notification_changed(session, row, now)


def change(
    session: Session,
    row: Notification,
    to: State,
    *,
    now: datetime,
    reason: str | None = None,
    reply: str | None = None,
    next_try: datetime | None = None,
) -> bool:
    """Move a locked row where its state allows it, with all that it carries; True where it moved.

    What comes late or twice (a report, a worker that slept) leaves a final state as it is.
    """
    current = State(row.state)
    if settle(current, to) is current:
        return False
    entries: Counter[Account] = Counter()
    for each in (row, *notifications.carried(session, row)):
        entries[books.account(each)] -= 1
        each.state, each.reason, each.reply, each.next_try = to, reason, reply, next_try
        entries[books.account(each)] += 1
        _tell(session, each, now)
        notification_changed(session, each, now)
    books.book(session, now, entries)
    return True


def _tell_of_guest(session: Session, row: Notification, now: datetime) -> None:
    """Whoever invited a guest must see that nothing reaches them; what somebody stopped themselves reaches them."""
    if row.kind not in EVENT_LETTERS or row.reason in (Reason.STOPPED, Reason.RATE, Reason.LAPSED):
        return
    if books.account(row) is not Account.FAILED and row.state != State.SUPPRESSED:
        return
    guest = json.loads(row.facts).get("guest_id")
    if guest is None:
        return
    outbox.put(
        session,
        GUEST_UNREACHED,
        {
            "notification_id": row.id,
            "guest_id": UUID(guest),
            "kind": row.kind,
            "recipient": row.recipient_address,
            "reason": row.reason or row.state,
            "line": row.reply or "",
            "at": now,
        },
        priority=Priority.BULK,
    )


def _tell(session: Session, row: Notification, now: datetime) -> None:
    _tell_of_guest(session, row, now)
    state = State(row.state)
    if row.idea_reference is None or state in (State.CREATED, State.SENDING):
        return
    if state is State.TEMPORARY_FAILURE and row.next_try is not None and row.attempts != TOLD_AFTER:
        return
    outbox.put(
        session,
        NOTIFICATION_CHANGED,
        {
            "notification_id": row.id,
            "idea_reference": row.idea_reference,
            "kind": row.kind,
            "channel": row.channel,
            "recipient": row.recipient_address,
            "state": state,
            "reason": row.reason,
            "line": row.reply,
            "replaces": row.replaces,
            "at": now,
        },
        priority=Priority.BULK,
    )
