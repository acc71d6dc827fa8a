"""Every question asked of the list of addresses that are not written to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from services.notify.domain.suppression import Cause, unnamed
from services.notify.store.tables import Suppression
from shared.db import changed
from shared.web.paging import Position

BY_EXPIRY = "expiry"
BY_DELIVERY = "delivery"


def causes(session: Session, channel: str, address: str, now: datetime) -> list[Cause]:
    """Why nothing goes to an address (in its one spelling) at that moment; empty where nothing is against it."""
    statement = select(Suppression.cause).where(
        Suppression.channel == channel, Suppression.address.in_((address, unnamed(address))), _in_force(now)
    )
    return [Cause(cause) for cause in session.scalars(statement)]


def causes_of(session: Session, channel: str, addresses: Collection[str], now: datetime) -> dict[str, list[Cause]]:
    """The same for many addresses at once; those that nothing is against are left out."""
    asked = {spelling: address for address in addresses for spelling in (address, unnamed(address))}
    statement = select(Suppression.address, Suppression.cause).where(
        Suppression.channel == channel, Suppression.address.in_(asked), _in_force(now)
    )
    found: dict[str, list[Cause]] = {}
    for spelling, cause in session.execute(statement):
        found.setdefault(asked[spelling], []).append(Cause(cause))
    return found


def begin_once(session: Session, row: Suppression) -> Suppression:
    """Put an address on the list, unless it is there for the same cause; the row in force.

    One that has run out is closed first: it stays as a record, with its own time.
    """
    same = (Suppression.channel == row.channel, Suppression.address == row.address, Suppression.cause == row.cause)
    session.execute(
        update(Suppression)
        .where(*same, Suppression.released_at.is_(None), Suppression.expires_at <= row.created_at)
        .values(released_at=Suppression.expires_at, released_by=BY_EXPIRY)
    )
    values = {
        column.key: getattr(row, column.key)
        for column in Suppression.__table__.columns
        if getattr(row, column.key) is not None
    }
    statement = insert(Suppression).values(values)
    made = statement.on_conflict_do_nothing(
        index_elements=["address", "channel", "cause"], index_where=Suppression.released_at.is_(None)
    ).returning(Suppression.id)
    identity = session.scalars(made).first()
    chosen = Suppression.id == identity if identity is not None else Suppression.released_at.is_(None)
    return session.scalars(select(Suppression).where(*same, chosen)).one()


def take_names(session: Session, addresses: Collection[str], name: str) -> int:
    """Let entries stand under ``name`` (see ``unnamed``) from now on, without the words that show why; how many."""
    theirs = Suppression.address.in_(addresses)
    known = aliased(Suppression)
    doubled = exists().where(
        known.address == name,
        known.channel == Suppression.channel,
        known.cause == Suppression.cause,
        known.released_at.is_(None),
    )
    session.execute(delete(Suppression).where(theirs, Suppression.released_at.is_(None), doubled))
    return changed(session, update(Suppression).where(theirs).values(address=name, line=""))


def lift(session: Session, channel: str, address: str, cause: Cause, *, before: datetime, now: datetime) -> int:
    """Release what a good delivery disproves: of that cause, begun before a moment; how many."""
    return changed(
        session,
        update(Suppression)
        .where(
            Suppression.channel == channel,
            Suppression.address == address,
            Suppression.cause == cause,
            Suppression.created_at < before,
            Suppression.released_at.is_(None),
        )
        .values(released_at=now, released_by=BY_DELIVERY),
    )


def locked(session: Session, identity: UUID) -> Suppression | None:
    """An entry, its row locked until the transaction ends."""
    return session.get(Suppression, identity, with_for_update=True)


def read(session: Session, identity: UUID) -> Suppression | None:
    """An entry, or None."""
    return session.get(Suppression, identity)


def find(
    session: Session,
    *,
    limit: int,
    now: datetime,
    after: Position | None = None,
    address: str | None = None,
    cause: Cause | None = None,
    in_force: bool | None = None,
    only: UUID | None = None,
) -> Sequence[Suppression]:
    """Entries, newest first, one more than ``limit`` where there are more.

    :param address: any part of an address.
    :param in_force: only those that hold something back now (True) or no longer do (False).
    :param only: none but this one.
    """
    place = (Suppression.created_at, Suppression.id)
    statement = select(Suppression).order_by(*(column.desc() for column in place)).limit(limit + 1)
    if after is not None:
        statement = statement.where(tuple_(*place) < tuple_(literal(after.at), literal(after.id)))
    if address:
        part = func.strpos(Suppression.address, address) > 0
        statement = statement.where(or_(part, Suppression.address == unnamed(address)))
    if cause is not None:
        statement = statement.where(Suppression.cause == cause)
    if only is not None:
        statement = statement.where(Suppression.id == only)
    if in_force is not None:
        statement = statement.where(_in_force(now) if in_force else ~_in_force(now))
    return session.scalars(statement).all()


def is_in_force(row: Suppression, now: datetime) -> bool:
    """True where an entry holds something back at that moment."""
    return row.released_at is None and (row.expires_at is None or row.expires_at > now)


def _in_force(now: datetime) -> ColumnElement[bool]:
    return Suppression.released_at.is_(None) & or_(Suppression.expires_at.is_(None), Suppression.expires_at > now)
