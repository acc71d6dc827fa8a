"""Guests as those who plan an event look at them: in groups, by name or by place, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import Session

from services.rsvp.domain.states import GuestState
from services.rsvp.store.guest_tables import Guest, GuestEntry, Mailing
from services.rsvp.store.name_order import in_swedish_order

PAGE: Final = 50
PORTION: Final = 1000
"""Guests that an export reads at a time."""


class Group(StrEnum):
    """Guests who stand alike, in the order in which they are shown."""

    COMING = "coming"
    OFFERED = "offered"
    WAITING = "waiting"
    MAYBE = "maybe"
    UNANSWERED = "unanswered"
    """Invited, and silent."""
    UNINVITED = "uninvited"
    """On the list, and no invitation has gone out."""
    DECLINED = "declined"


_BY_ARRIVAL: Final = frozenset({Group.OFFERED, Group.WAITING})


@dataclass(frozen=True, slots=True)
class Portion:
    """Some guests of a group, and the last of them where there are more."""

    guests: Sequence[Guest]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A place in the waiting list."""

    place: int
    """1 is first."""
    ahead: int
    """People in the parties that wait longer."""


def counts(session: Session, event_id: UUID, words: str = "") -> dict[Group, int]:
    """How many guests each group has, of those whom the words find."""
    columns = [func.count().filter(_in(group)) for group in Group]
    row = session.execute(select(*columns).where(Guest.event_id == event_id, _found(words))).one()
    return dict(zip(Group, row, strict=True))


def portion(
    session: Session, event_id: UUID, group: Group, *, words: str = "", after: UUID | None = None, limit: int = PAGE
) -> Portion:
    """Guests of a group: who waits by place, all others by name, å, ä and ö last.

    :param after: the last guest that was seen; one who is gone begins the list anew.
    """
    order = _order(group)
    wanted = select(Guest).where(Guest.event_id == event_id, _in(group), _found(words))
    if after is not None:
        last = session.execute(select(order, Guest.id).where(Guest.id == after, Guest.event_id == event_id)).first()
        if last is not None and last[0] is not None:
            wanted = wanted.where(tuple_(order, Guest.id) > tuple_(*_values(last)))
    found = session.scalars(wanted.order_by(order, Guest.id).limit(limit + 1)).all()
    return Portion(found[:limit], found[limit - 1].id if len(found) > limit else None)


def standings(session: Session, event_id: UUID, guests: Sequence[Guest]) -> dict[UUID, Standing]:
    """The places of those among the guests who wait."""
    ids = [guest.id for guest in guests if guest.state == GuestState.WAITING.value]
    if not ids:
        return {}
    line = (
        select(
            Guest.id,
            func.row_number().over(order_by=Guest.arrival).label("place"),
            (func.sum(Guest.party_size).over(order_by=Guest.arrival) - Guest.party_size).label("ahead"),
        )
        .where(Guest.event_id == event_id, Guest.state == GuestState.WAITING.value)
        .subquery()
    )
    rows = session.execute(select(line).where(line.c.id.in_(ids)))
    return {row.id: Standing(row.place, int(row.ahead)) for row in rows}


def every(session: Session, event_id: UUID, after: UUID | None) -> Sequence[Guest]:
    """All guests of an event in the order in which they came, ``PORTION`` at a time."""
    wanted = select(Guest).where(Guest.event_id == event_id).order_by(Guest.id).limit(PORTION)
    return session.scalars(wanted if after is None else wanted.where(Guest.id > after)).all()


def answer_columns(session: Session, event_id: UUID) -> Iterator[tuple[str, str]]:
    """Id and wording of every question that some guest has answered, also of those that are asked no more."""
    each = func.jsonb_each(Guest.answers).table_valued("key", "value", name="each")
    wording = func.max(each.c.value.op("->>")("question"))
    rows = session.execute(
        select(each.c.key, wording)
        .select_from(Guest)
        .join(each, true())
        .where(Guest.event_id == event_id)
        .group_by(each.c.key)
        .order_by(each.c.key)
    )
    return ((row[0], row[1] or row[0]) for row in rows)


def listed_keys(session: Session, event_id: UUID) -> frozenset[str]:
    """The addresses on an event's list, in their canonical spelling."""
    wanted = select(Guest.address_key).where(Guest.event_id == event_id, Guest.address_key.is_not(None))
    return frozenset(key for key in session.scalars(wanted) if key)


def history(session: Session, guest_id: UUID, limit: int = 200) -> Sequence[GuestEntry]:
    """What happened to a guest, the newest first."""
    wanted = select(GuestEntry).where(GuestEntry.guest_id == guest_id)
    return session.scalars(wanted.order_by(GuestEntry.at.desc(), GuestEntry.id.desc()).limit(limit)).all()


def mailings(session: Session, event_id: UUID, limit: int = 50) -> Sequence[Mailing]:
    """What was told to many, the newest first; what concerned nobody is no news."""
    wanted = select(Mailing).where(Mailing.event_id == event_id, Mailing.total > 0)
    return session.scalars(wanted.order_by(Mailing.created_at.desc(), Mailing.id.desc()).limit(limit)).all()


def mailing(session: Session, event_id: UUID, mailing_id: UUID) -> Mailing | None:
    """One of an event's mailings."""
    return session.scalar(select(Mailing).where(Mailing.id == mailing_id, Mailing.event_id == event_id))


def _in(group: Group) -> ColumnElement[bool]:
    match group:
        case Group.UNANSWERED:
            return and_(Guest.state == GuestState.INVITED.value, Guest.invited_at.is_not(None))
        case Group.UNINVITED:
            return and_(Guest.state == GuestState.INVITED.value, Guest.invited_at.is_(None))
        case _:
            return Guest.state == group.value


def _found(words: str) -> ColumnElement[bool]:
    """Every word stands somewhere in name, workplace or address."""
    found: list[ColumnElement[bool]] = []
    for word in words.split()[:5]:
        columns = (Guest.name, Guest.organisation, Guest.address)
        found.append(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return and_(true(), *found)


def _order(group: Group) -> ColumnElement[Any]:
    if group in _BY_ARRIVAL:
        return Guest.arrival.expression
    return in_swedish_order(Guest.name)


def _values(row: Any) -> Sequence[Any]:
    return row[0], row[1]
