"""The delivery log: finding notifications by whom they went to, what they were about and what became of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, func, literal, select, tuple_
from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel, Kind
from services.notify.domain.phone import e164
from services.notify.store import books
from services.notify.store.tables import Notification
from shared.bus.outbox import Priority
from shared.mail.addresses import folded
from shared.web.paging import Position

MOST_CARRIED = 100
_REFERENCE = re.compile(r"[A-Z]{2,8}-\d{4}-\d{1,9}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None everywhere is everything."""

    words: str | None = None
    """An address in any spelling, a telephone number as people write it, or an idea's reference."""
    account: Account | None = None
    state: State | None = None
    kind: Kind | None = None
    channel: Channel | None = None
    sluice: str | None = None
    idea: str | None = None
    recipient: str | None = None
    """An address in any spelling."""
    since: datetime | None = None


def find(session: Session, search: Search, *, limit: int, after: Position | None = None) -> Sequence[Notification]:
    """Notifications, newest first, one more than ``limit`` where there are more."""
    place = (Notification.created_at, Notification.id)
    statement = select(Notification).where(*_conditions(search))
    if after is not None:
        statement = statement.where(tuple_(*place) < tuple_(literal(after.at), literal(after.id)))
    return session.scalars(statement.order_by(*(column.desc() for column in place)).limit(limit + 1)).all()


def carried(session: Session, row: Notification) -> Sequence[Notification]:
    """What goes out in a digest, oldest first; at most ``MOST_CARRIED``."""
    statement = select(Notification).where(Notification.carried_by == row.id)
    return session.scalars(statement.order_by(Notification.id).limit(MOST_CARRIED)).all()


def count_waiting_bulk(session: Session, most: int) -> int:
    """How much of what nobody waits for is due and has not left, counted up to ``most``."""
    waiting = select(literal(1)).where(
        books.booked_at(Account.WAITING), Notification.priority == Priority.BULK, Notification.due_at <= func.now()
    )
    return session.scalars(select(func.count()).select_from(waiting.limit(most).subquery())).one()


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    found = []
    if search.words and search.words.strip():
        found.append(_named(search.words.strip()))
    if search.account is not None:
        found.append(books.booked_at(search.account))
    if search.recipient is not None:
        found.append(Notification.recipient_folded == folded(search.recipient))
    if search.since is not None:
        found.append(Notification.created_at >= search.since)
    for column, value in (
        (Notification.state, search.state),
        (Notification.kind, search.kind),
        (Notification.channel, search.channel),
        (Notification.sluice_slug, search.sluice),
        (Notification.idea_reference, search.idea),
    ):
        if value is not None:
            found.append(column == value)
    return found


def _named(words: str) -> ColumnElement[bool]:
    """Whole addresses, numbers and references alone: these have indexes, and half an address says little."""
    if _REFERENCE.fullmatch(words):
        return Notification.idea_reference == words.upper()
    if "@" in words:
        return Notification.recipient_folded == folded(words)
    number = e164(words)
    return Notification.recipient_folded == folded(number) if number is not None else false()
