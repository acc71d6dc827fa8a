"""Every question asked of the table of webhooks, and of the messages that are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, any_, bindparam, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel
from services.notify.domain.webhook import EndpointState, Event, PausedReason
from services.notify.store import books
from services.notify.store.tables import Endpoint, Notification
from shared.web.paging import Position

SEEN_AGAIN = timedelta(minutes=1)
"""A success is written down once in so long: a busy endpoint's row is not rewritten with every event."""

_SUBSCRIBED = (
    select(Endpoint)
    .where(
        bindparam("event", type_=Text) == any_(Endpoint.events),
        or_(Endpoint.sluice_slug.is_(None), Endpoint.sluice_slug == bindparam("sluice", type_=Text)),
        Endpoint.paused_reason.is_distinct_from(PausedReason.GONE.value),
    )
    .order_by(Endpoint.id)
)
"""Asked with every change of every notification, so it is put together once."""


def subscribed(session: Session, event: Event, sluice_slug: str | None) -> Sequence[Endpoint]:
    """Those that hear of the event, paused or not; not those whose receiver has said that nobody is there."""
    return session.scalars(_SUBSCRIBED, {"event": event.value, "sluice": sluice_slug}).all()


def find(session: Session, identity: UUID) -> Endpoint | None:
    """An endpoint, or None."""
    return session.get(Endpoint, identity)


def locked(session: Session, identity: UUID) -> Endpoint | None:
    """An endpoint, its row locked until the transaction ends."""
    return session.get(Endpoint, identity, with_for_update=True, populate_existing=True)


def insert_once(session: Session, row: Endpoint) -> Endpoint:
    """Insert a row, or give the one that has its idempotency key already."""
    names = [column.key for column in Endpoint.__table__.columns]
    values = {name: getattr(row, name) for name in names if getattr(row, name) is not None}
    statement = insert(Endpoint).values(values).on_conflict_do_nothing(index_elements=["idempotency_key"])
    made = session.scalars(statement.returning(Endpoint)).one_or_none()
    return made or session.scalars(select(Endpoint).where(Endpoint.idempotency_key == row.idempotency_key)).one()


def list_page(session: Session, *, limit: int, after: Position | None = None) -> Sequence[Endpoint]:
    """Endpoints, oldest first, one more than ``limit`` where there are more."""
    place = (Endpoint.created_at, Endpoint.id)
    statement = select(Endpoint).order_by(*place).limit(limit + 1)
    if after is not None:
        statement = statement.where(tuple_(*place) > tuple_(after.at, after.id))
    return session.scalars(statement).all()


def list_all(session: Session) -> Sequence[Endpoint]:
    """Every endpoint, by name."""
    return session.scalars(select(Endpoint).order_by(Endpoint.name, Endpoint.id)).all()


def note_success(session: Session, identity: UUID, now: datetime) -> None:
    """Something got through."""
    session.execute(
        update(Endpoint)
        .where(
            Endpoint.id == identity,
            or_(
                Endpoint.failing_since.is_not(None),
                Endpoint.succeeded_at.is_(None),
                Endpoint.succeeded_at < now - SEEN_AGAIN,
            ),
        )
        .values(succeeded_at=now, failing_since=None)
    )


def note_failure(session: Session, identity: UUID, now: datetime) -> datetime | None:
    """Something did not get through; since when nothing has, or None where there is no such endpoint."""
    session.execute(
        update(Endpoint).where(Endpoint.id == identity, Endpoint.failing_since.is_(None)).values(failing_since=now)
    )
    return session.scalars(select(Endpoint.failing_since).where(Endpoint.id == identity)).one_or_none()


def pause(session: Session, identity: UUID, reason: PausedReason) -> bool:
    """Let nothing more leave for an endpoint; True where it was active until now."""
    statement = (
        update(Endpoint)
        .where(Endpoint.id == identity, Endpoint.state == EndpointState.ACTIVE)
        .values(state=EndpointState.PAUSED, paused_reason=reason)
    )
    return session.scalars(statement.returning(Endpoint.id)).one_or_none() is not None


def deliveries(
    session: Session, identity: UUID, *, limit: int, after: Position | None = None
) -> Sequence[Notification]:
    """What was or will be sent to an endpoint, newest first, one more than ``limit`` where there are more."""
    place = (Notification.created_at, Notification.id)
    statement = select(Notification).where(_theirs(identity)).order_by(*(each.desc() for each in place))
    if after is not None:
        statement = statement.where(tuple_(*place) < tuple_(after.at, after.id))
    return session.scalars(statement.limit(limit + 1)).all()


def delivery(session: Session, identity: UUID, notification: UUID) -> Notification | None:
    """One of an endpoint's messages, or None where it is none of its."""
    return session.scalars(select(Notification).where(_theirs(identity), Notification.id == notification)).one_or_none()


def waiting(session: Session, identity: UUID) -> Sequence[Notification]:
    """What has yet to leave for an endpoint, oldest first, locked."""
    statement = select(Notification).where(_theirs(identity), books.booked_at(Account.WAITING))
    return session.scalars(statement.order_by(Notification.created_at, Notification.id).with_for_update()).all()


def count_waiting(session: Session, identity: UUID) -> int:
    """How much has yet to leave for an endpoint."""
    return session.scalars(select(func.count()).where(_theirs(identity), books.booked_at(Account.WAITING))).one()


def failed_since(session: Session, identity: UUID, since: datetime, *, limit: int) -> Sequence[Notification]:
    """What did not get through since then and was not sent anew, oldest first."""
    again = aliased(Notification)
    failed = Notification.state.in_([State.PERMANENT_FAILURE, State.TECHNICAL_FAILURE])
    statement = select(Notification).where(
        _theirs(identity),
        Notification.created_at >= since,
        failed,
        ~select(again.id).where(again.replaces == Notification.id).exists(),
    )
    return session.scalars(statement.order_by(Notification.created_at, Notification.id).limit(limit)).all()


def waiting_replay(session: Session, notification: UUID) -> UUID | None:
    """The message that is already on its way in place of that one, or None."""
    statement = select(Notification.id).where(Notification.replaces == notification, books.booked_at(Account.WAITING))
    return session.scalars(statement.limit(1)).one_or_none()


def _theirs(identity: UUID) -> ColumnElement[bool]:
    return and_(Notification.recipient_folded == str(identity), Notification.channel == Channel.WEBHOOK)
