"""What is asked of notifications and their attempts by whoever makes and sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.domain.delivery import Outcome, State, may_send
from services.notify.domain.kinds import Channel, Kind, Reason
from services.notify.domain.wording import Wording
from services.notify.store import wordings
from services.notify.store.tables import Attempt, Notification
from shared.bus.outbox import CHANNEL
from shared.db import changed, hold
from shared.mail.addresses import canonical, folded

HASTEN_AT_ONCE = 500

_HASTEN = text("""
    WITH waiting AS MATERIALIZED (
        SELECT n.id, n.due_at, d.message_id
          FROM notify.notification AS n
          JOIN bus.delivery AS d ON d.consumer = 'notify' AND d.message_id = n.due_message_id
         WHERE n.state = 'temporary-failure' AND n.reason = :reason AND n.next_try > :now AND n.channel = 'email'
           AND d.done_at IS NULL AND d.parked_at IS NULL AND d.claimed_until IS NULL
         ORDER BY n.due_at LIMIT :most
           FOR UPDATE OF d SKIP LOCKED),
    hastened AS (
        UPDATE bus.delivery AS d SET next_try = waiting.due_at, due_at = :now, rings = 0
          FROM waiting WHERE d.consumer = 'notify' AND d.message_id = waiting.message_id)
    UPDATE notify.notification AS n SET next_try = :now FROM waiting WHERE n.id = waiting.id
""")
"""The bus takes what is due in the order of next_try, so the oldest duty is taken first."""


_SENDABLE = [state.value for state in State if may_send(state)]
_CLAIM = text("""
    WITH found AS MATERIALIZED (
        SELECT id, state FROM notify.notification
         WHERE id = :id AND carried_by IS NULL AND state = ANY(:sendable)
           AND (state <> 'temporary-failure' OR next_try IS NOT NULL)
           FOR UPDATE),
    left_open AS (
        UPDATE notify.attempt AS open SET finished_at = :now, outcome = :interrupted
          FROM found WHERE open.notification_id = found.id AND open.finished_at IS NULL
        RETURNING open.number),
    taken AS (
        UPDATE notify.notification AS n
           SET state = 'sending', attempts = n.attempts + 1, due_message_id = :duty,
               next_try = NULL, reason = NULL, paced_until = NULL, updated_at = :now
          FROM found WHERE n.id = found.id
        RETURNING n.*),
    opened AS (
        INSERT INTO notify.attempt (notification_id, number, started_at) SELECT id, attempts, :now FROM taken)
    SELECT taken.*, EXISTS (SELECT FROM left_open) AS left_open,
           (SELECT last.outcome FROM notify.attempt AS last
             WHERE last.notification_id = taken.id ORDER BY last.number DESC LIMIT 1) AS last_outcome
      FROM taken
""")
"""One journey for what every mail takes; ``is_to_be_sent`` says the same of a row that has been read."""
_CLAIM_CARRIED = text("""
    UPDATE notify.notification SET state = 'sending', next_try = NULL, reason = NULL, updated_at = :now
     WHERE carried_by = :id AND state = ANY(:sendable)
""")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notification that this worker alone is sending, as it was when the attempt began."""

    id: UUID
    number: int
    kind: Kind
    channel: Channel
    category: str
    address: str
    name: str
    language: str
    sluice_slug: str | None
    facts: str
    wording: Wording | None
    """The saved words it is written in, or None for the built-in ones."""
    message_id: str
    wants_receipt: bool
    due_at: datetime
    created_at: datetime
    interrupted: bool
    """True where nobody knows what became of the attempt before this one."""


def insert_once(session: Session, row: Notification) -> bool:
    """Insert a row unless its idempotency key is taken; True where it was inserted."""
    values = {
        column.key: getattr(row, column.key)
        for column in Notification.__table__.columns
        if getattr(row, column.key) is not None
    }
    statement = insert(Notification).values(values).on_conflict_do_nothing(index_elements=["idempotency_key"])
    return session.execute(statement.returning(Notification.id)).first() is not None


def by_key(session: Session, key: str) -> Notification | None:
    """The notification that was made under an idempotency key, or None."""
    return session.scalars(select(Notification).where(Notification.idempotency_key == key)).one_or_none()


def newest_about(session: Session, idea: str, address: str, kinds: Sequence[Kind]) -> Notification | None:
    """The newest notification of some kinds about one idea to one address, in any spelling; or None."""
    found = session.execute(
        select(Notification.id, Notification.recipient_address)
        .where(
            Notification.idea_reference == idea,
            Notification.recipient_folded == folded(address),
            Notification.kind.in_(kinds),
        )
        .order_by(Notification.id.desc())
    )
    wanted = canonical(address)
    identity = next((identity for identity, known in found.all() if canonical(known) == wanted), None)
    return session.get(Notification, identity) if identity is not None else None


def count_sent(session: Session, kind: Kind, recipient: str, since: datetime, *, idea: str | None = None) -> int:
    """Notifications of one kind to one mailbox (about one idea) that were or will be sent, since then.

    Whoever counts for the same mailbox waits for this transaction: two at once cannot both be the last allowed.
    """
    hold(session, f"notify {kind} to {recipient}")
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
    values = {"id": identity, "now": now, "duty": duty, "sendable": _SENDABLE, "interrupted": Outcome.INTERRUPTED}
    row = session.execute(_CLAIM, values).one_or_none()
    if row is None:
        return None
    if row.kind == Kind.DIGEST:
        session.execute(_CLAIM_CARRIED, values)
    return Claimed(
        id=row.id,
        number=row.attempts,
        kind=Kind(row.kind),
        channel=Channel(row.channel),
        category=row.category,
        address=row.recipient_address,
        name=row.recipient_name,
        language=row.language,
        sluice_slug=row.sluice_slug,
        facts=row.facts,
        wording=wordings.read(session, row.wording_id) if row.wording_id is not None else None,
        message_id=row.message_id,
        wants_receipt=row.wants_receipt,
        due_at=row.due_at,
        created_at=row.created_at,
        interrupted=row.last_outcome == Outcome.INTERRUPTED or row.left_open,
    )


def is_to_be_sent(row: Notification) -> bool:
    """True where a worker may (again) submit it, and nothing says that it goes out with another or not at all."""
    if row.carried_by is not None or not may_send(State(row.state)):
        return False
    # Without a time for the next try it was a delivery report that said so: nobody tries again by themselves.
    return row.state != State.TEMPORARY_FAILURE or row.next_try is not None


def close_attempt(session: Session, claimed: Claimed, outcome: Outcome, *, now: datetime, reply: str) -> Notification:
    """Record how an attempt ended; the notification, its row locked."""
    closed = (
        update(Attempt)
        .where(Attempt.notification_id == claimed.id, Attempt.number == claimed.number)
        .values(finished_at=now, outcome=outcome, reply=reply)
        .cte("closed")
    )
    row = select(Notification).where(Notification.id == claimed.id).with_for_update(of=Notification).add_cte(closed)
    return session.scalars(row).one()


def carried(session: Session, row: Notification) -> Sequence[Notification]:
    """The notifications that go out in this one, locked; only a digest carries others."""
    if row.kind != Kind.DIGEST:
        return ()
    statement = select(Notification).where(Notification.carried_by == row.id).order_by(Notification.id)
    return session.scalars(statement.with_for_update()).all()


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
    hastened = changed(session, _HASTEN, {"reason": Reason.RELAY_AWAY, "now": now, "most": HASTEN_AT_ONCE})
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


def count_by_state(session: Session) -> dict[State, int]:
    """How many notifications are in each state."""
    counted = select(Notification.state, func.count()).group_by(Notification.state)
    found = {State(state): number for state, number in session.execute(counted).all()}
    return {state: found.get(state, 0) for state in State}
