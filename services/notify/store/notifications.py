"""Every question asked of notify's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.domain.delivery import Outcome, State, may_send, move, settle
from services.notify.domain.kinds import Kind, Reason
from services.notify.store.tables import Attempt, Notification
from shared.bus.outbox import CHANNEL
from shared.web.paging import Position

HASTEN_AT_ONCE = 500

_HASTEN = text("""
    WITH waiting AS MATERIALIZED (
        SELECT n.id, n.due_at, d.message_id
          FROM notify.notification AS n
          JOIN bus.delivery AS d ON d.consumer = 'notify' AND d.message_id = n.due_message_id
         WHERE n.state = 'temporary-failure' AND n.reason = :reason AND n.next_try > :now
           AND d.done_at IS NULL AND d.parked_at IS NULL AND d.claimed_until IS NULL
         ORDER BY n.due_at LIMIT :most
           FOR UPDATE OF d SKIP LOCKED),
    hastened AS (
        UPDATE bus.delivery AS d SET next_try = waiting.due_at, rings = 0
          FROM waiting WHERE d.consumer = 'notify' AND d.message_id = waiting.message_id)
    UPDATE notify.notification AS n SET next_try = :now FROM waiting WHERE n.id = waiting.id
""")
"""The bus takes what is due in the order of next_try, so the oldest duty is taken first."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that this worker alone is sending, as it was when the attempt began."""

    id: UUID
    number: int
    kind: Kind
    address: str
    name: str
    language: str
    facts: str
    message_id: str
    due_at: datetime
    created_at: datetime


def insert_once(session: Session, row: Notification) -> bool:
    """Insert a row unless its idempotency key is taken; True where it was inserted."""
    values = {
        column.key: getattr(row, column.key)
        for column in Notification.__table__.columns
        if getattr(row, column.key) is not None
    }
    statement = insert(Notification).values(values).on_conflict_do_nothing(index_elements=["idempotency_key"])
    return session.execute(statement.returning(Notification.id)).first() is not None


def count_sent(session: Session, kind: Kind, recipient: str, since: datetime, *, idea: str | None = None) -> int:
    """Notifications of one kind to one mailbox (about one idea) that were or will be sent, since then.

    Whoever counts for the same mailbox waits for this transaction: two at once cannot both be the last allowed.
    """
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
    session.execute(lock, {"key": f"notify {kind} to {recipient}"})
    counted = select(func.count()).where(
        Notification.recipient_folded == recipient,
        Notification.created_at > since,
        Notification.kind == kind,
        Notification.state != State.SUPPRESSED,
    )
    if idea is not None:
        counted = counted.where(Notification.idea_reference == idea)
    return session.scalars(counted).one()


def claim(session: Session, identity: UUID, duty: UUID, now: datetime) -> Claimed | None:
    """Begin an attempt, or None where there is nothing (more) to send.

    A notification found in sending was left by a worker that died: its open attempt is closed as interrupted.

    :param duty: the bus message that asks for it.
    """
    row = session.get(Notification, identity, with_for_update=True)
    if row is None or not may_send(State(row.state)):
        return None
    if row.state == State.TEMPORARY_FAILURE and row.next_try is None:
        return None  # a delivery report said so: nobody tries again by themselves
    if row.state == State.SENDING:
        session.execute(
            update(Attempt)
            .where(Attempt.notification_id == identity, Attempt.finished_at.is_(None))
            .values(finished_at=now, outcome=Outcome.INTERRUPTED)
        )
    else:
        row.state = move(State(row.state), State.SENDING)
    row.attempts += 1
    row.due_message_id = duty
    row.next_try = None
    row.reason = None
    session.add(Attempt(notification_id=identity, number=row.attempts, started_at=now))
    return Claimed(
        id=row.id,
        number=row.attempts,
        kind=Kind(row.kind),
        address=row.recipient_address,
        name=row.recipient_name,
        language=row.language,
        facts=row.facts,
        message_id=row.message_id,
        due_at=row.due_at,
        created_at=row.created_at,
    )


def finish(
    session: Session,
    claimed: Claimed,
    outcome: Outcome,
    to: State,
    *,
    now: datetime,
    reply: str,
    reason: Reason | None = None,
    next_try: datetime | None = None,
) -> None:
    """Close an attempt and move the notification, unless a delivery report has said more already."""
    session.execute(
        update(Attempt)
        .where(Attempt.notification_id == claimed.id, Attempt.number == claimed.number)
        .values(finished_at=now, outcome=outcome, reply=reply)
    )
    row = session.get_one(Notification, claimed.id, with_for_update=True)
    current = State(row.state)
    after = settle(current, to)
    if after is not current:
        row.state, row.reason, row.reply, row.next_try = after, reason, reply, next_try


def count_outcomes(session: Session, identity: UUID, outcome: Outcome) -> int:
    """How many attempts at a notification ended that way."""
    counted = select(func.count()).where(Attempt.notification_id == identity, Attempt.outcome == outcome)
    return session.scalars(counted).one()


def count_all_outcomes(session: Session, outcome: Outcome) -> int:
    """How many attempts at anything ended that way."""
    return session.scalars(select(func.count()).where(Attempt.outcome == outcome)).one()


def hasten(session: Session, now: datetime) -> int:
    """Let those that wait for an absent relay go on at once, oldest first; how many.

    At most ``HASTEN_AT_ONCE``: each mail that then leaves lets the next ones go on.
    """
    result = session.execute(_HASTEN, {"reason": Reason.RELAY_AWAY, "now": now, "most": HASTEN_AT_ONCE})
    hastened: int = result.rowcount  # type: ignore[attr-defined] # an UPDATE's result has it
    if hastened:
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return hastened


def locked(session: Session, identity: UUID) -> Notification | None:
    """A notification, its row locked until the transaction ends."""
    return session.get(Notification, identity, with_for_update=True)


def read(session: Session, identity: UUID) -> tuple[Notification, Sequence[Attempt]] | None:
    """A notification with its attempts in order, or None."""
    row = session.get(Notification, identity)
    if row is None:
        return None
    attempts = select(Attempt).where(Attempt.notification_id == identity).order_by(Attempt.number)
    return row, session.scalars(attempts).all()


def find(
    session: Session,
    *,
    limit: int,
    after: Position | None = None,
    state: State | None = None,
    idea: str | None = None,
    recipient: str | None = None,
) -> Sequence[Notification]:
    """Notifications, newest first, one more than ``limit`` where there are more; ``recipient`` is folded."""
    place = (Notification.created_at, Notification.id)
    statement = select(Notification).order_by(*(column.desc() for column in place)).limit(limit + 1)
    if after is not None:
        statement = statement.where(tuple_(*place) < tuple_(literal(after.at), literal(after.id)))
    if state is not None:
        statement = statement.where(Notification.state == state)
    if idea is not None:
        statement = statement.where(Notification.idea_reference == idea)
    if recipient is not None:
        statement = statement.where(Notification.recipient_folded == recipient)
    return session.scalars(statement).all()


def position(row: Notification) -> Position:
    """Where a notification stands in the list."""
    return Position(row.created_at, row.id)


def count_by_state(session: Session) -> dict[State, int]:
    """How many notifications are in each state."""
    counted = select(Notification.state, func.count()).group_by(Notification.state)
    found = {State(state): number for state, number in session.execute(counted).all()}
    return {state: found.get(state, 0) for state in State}


def oldest_waiting(session: Session) -> datetime | None:
    """When the oldest notification that has yet to leave was due, or None where none waits."""
    waiting = select(func.min(Notification.due_at)).where(
        (Notification.state.in_([State.CREATED, State.SENDING]))
        | ((Notification.state == State.TEMPORARY_FAILURE) & Notification.next_try.is_not(None))
    )
    return session.scalars(waiting).one()
