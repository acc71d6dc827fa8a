"""What the contacts' inbox asks of the database: one bounded statement for each group, and one for all counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from services.intake.domain.inbox import ME, NOBODY, Group, Sort, Wanted
from services.intake.domain.messages import FAILED, HELD_BACK
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Contact, Idea, IdeaMessage, Sluice
from services.intake.store.work_tables import IdeaTag, Tag
from shared.clock import STOCKHOLM
from shared.web.paging import Position

MOST_COUNTED: Final = 1000
"""Ideas of a group that are counted; of more it is said that there are more."""
BEGINNING: Final = 180
"""Characters of an idea's text that a row shows."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One idea of the list, with all that its row says."""

    id: UUID
    reference: str
    version: int
    title: str
    beginning: str
    stage: str
    kind: str | None
    via: str
    submitter_name: str
    submitter_address: str | None
    held: str | None
    answer_by: datetime
    created_at: datetime
    answered_at: datetime | None
    asked_at: datetime | None
    merged: bool
    published: bool
    supporters: int
    sluice: str
    sluice_name: str
    assigned_to: str | None
    assigned_address: str | None
    undelivered: bool
    tags: tuple[str, ...]


def groups(me: str, today: date) -> dict[Group, ColumnElement[bool]]:
    """The condition of each group. Every idea is in exactly one.

    :param me: the reader's address: what is assigned to them is theirs to answer.
    """
    held = and_(Idea.held.is_not(None), Idea.stage != "closed", Idea.merged_into.is_(None))
    open_ = and_(Idea.held.is_(None), Idea.stage != "closed", Idea.merged_into.is_(None))
    unanswered = and_(open_, Idea.is_unanswered)
    late = and_(unanswered, is_late(today))
    elsewhere = and_(Idea.assigned_to.is_not(None), Idea.assigned_to.not_in(mine(me)))
    in_time = and_(unanswered, not_(is_late(today)))
    return {
        Group.LATE: late,
        Group.NEW: and_(in_time, Idea.asked_at.is_(None), not_(elsewhere)),
        Group.WAITING: or_(
            and_(in_time, or_(Idea.asked_at.is_not(None), elsewhere)),
            and_(open_, Idea.answered_at.is_not(None), Idea.asked_at.is_not(None)),
        ),
        Group.HELD: held,
        Group.ANSWERED: or_(
            Idea.stage == "closed",
            Idea.merged_into.is_not(None),
            and_(open_, Idea.answered_at.is_not(None), Idea.asked_at.is_(None)),
        ),
    }


def is_late(today: date) -> ColumnElement[bool]:
    """True where the last day of the promise has passed; compared as a moment, so that its index serves."""
    return Idea.answer_by < datetime.combine(today, time(), tzinfo=STOCKHOLM)


def mine(me: str) -> Select[UUID]:
    """The contacts that the reader is: one in each of their sluices."""
    return select(Contact.id).where(Contact.address == me.lower())


def undelivered_ids() -> Select[UUID]:
    """Ids of ideas of which a message did not arrive, and was not sent anew."""
    anew = aliased(IdeaMessage)
    return select(IdeaMessage.idea_id).where(
        or_(
            IdeaMessage.state.in_(FAILED),
            and_(
                IdeaMessage.state == "suppressed",
                or_(IdeaMessage.kind == "answer", IdeaMessage.reason.in_(HELD_BACK)),
            ),
        ),
        ~exists(select(anew.notification_id).where(anew.replaces == IdeaMessage.notification_id)),
    )


def undelivered() -> ColumnElement[bool]:
    """True for such ideas."""
    return exists(undelivered_ids().where(IdeaMessage.idea_id == Idea.id).correlate(Idea))


def conditions(wanted: Wanted, me: str, today: date, hits: Collection[UUID] | None = None) -> list[ColumnElement[bool]]:
    """The filters as conditions.

    :param hits: the ideas that have the words looked for; None where no words are.
    """
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (Sluice.slug, wanted.sluice),
        (Idea.stage, wanted.stage),
        (Idea.kind, wanted.kind),
        (Idea.via, wanted.via),
        (Idea.registry_state, wanted.registry),
    ):
        if value is not None:
            found.append(column == value)
    for is_so, asked in (
        (Idea.held.is_not(None), wanted.held),
        (Idea.published_at.is_not(None), wanted.published),
        (undelivered(), wanted.undelivered),
    ):
        if asked is not None:
            found.append(is_so if asked else not_(is_so))
    if hits is not None:
        found.append(Idea.id.in_(hits))
    if wanted.tag is not None:
        found.append(Idea.id.in_(select(IdeaTag.idea_id).where(IdeaTag.tag_id == wanted.tag)))
    if wanted.late is not None:
        late = groups(me, today)[Group.LATE]
        found.append(late if wanted.late else not_(late))
    if wanted.since is not None:
        found.append(Idea.created_at >= datetime.combine(wanted.since, time(), tzinfo=STOCKHOLM))
    if wanted.until is not None:
        found.append(Idea.created_at < datetime.combine(wanted.until + timedelta(days=1), time(), tzinfo=STOCKHOLM))
    if wanted.assigned is not None:
        found.append(_assigned(wanted.assigned, me))
    return found


def _assigned(to: str, me: str) -> ColumnElement[bool]:
    if to == ME:
        return Idea.assigned_to.in_(mine(me))
    if to == NOBODY:
        return Idea.assigned_to.is_(None)
    try:
        return Idea.assigned_to == UUID(to)
    except ValueError:
        return false()


def counts(
    session: Session, seen: ColumnElement[bool], filters: Sequence[ColumnElement[bool]], wanted: dict[Group, Any]
) -> dict[Group, int]:
    """How many ideas each group holds, in one statement; at most one more than ``MOST_COUNTED`` each."""
    asked = []
    for group, is_in in wanted.items():
        some = (
            select(Idea.id)
            .join(Sluice, Sluice.id == Idea.sluice_id)
            .where(seen, *filters, is_in)
            .limit(MOST_COUNTED + 1)
            .subquery(f"of_{group}")
        )
        asked.append(select(func.count()).select_from(some).scalar_subquery().label(group.value))
    row = session.execute(select(*asked)).one()
    return dict(zip(wanted, map(int, row), strict=True))


def find(
    session: Session,
    seen: ColumnElement[bool],
    filters: Iterable[ColumnElement[bool]],
    *,
    group: Group | None,
    sort: Sort | None,
    limit: int,
    after: Position | None = None,
) -> list[Row]:
    """Ideas that fit, in the group's order; one more than ``limit`` where there are more."""
    asked = _rows().where(seen, *filters)
    column, descending = _order(group, sort)
    if after is not None:
        value: Any = (after.at - _EPOCH) // timedelta(microseconds=1) if column is Idea.supporters else after.at
        here, last = tuple_(column, Idea.id), tuple_(value, after.id)
        asked = asked.where(here < last if descending else here > last)
    keys = (column, Idea.id)
    asked = asked.order_by(*(key.desc() if descending else key.asc() for key in keys)).limit(limit + 1)
    return [_row(each) for each in session.execute(asked)]


def position(row: Row, group: Group | None, sort: Sort | None) -> Position:
    """Where a row stands in that order. A number of supporters travels as so many microseconds."""
    column, _ = _order(group, sort)
    if column is Idea.supporters:
        return Position(_EPOCH + timedelta(microseconds=row.supporters), row.id)
    return Position(row.created_at if column is Idea.created_at else row.answer_by, row.id)


def whole_texts(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The ideas' whole texts: rows hold their beginnings."""
    return {row.id: row.text for row in session.execute(select(Idea.id, Idea.text).where(Idea.id.in_(ids)))}


def chosen(session: Session, seen: ColumnElement[bool], references: Sequence[str]) -> list[Row]:
    """The ideas with these references, as far as the reader sees them, in the order of the references."""
    rows = [_row(each) for each in session.execute(_rows().where(seen, Idea.reference.in_(references)))]
    place = {reference: number for number, reference in enumerate(references)}
    return sorted(rows, key=lambda row: place[row.reference])


def hearers(session: Session, ids: Sequence[UUID]) -> int:
    """To how many an official answer to these ideas goes by mail: their submitters, and others who follow them."""
    submitters = select(func.count()).where(Idea.id.in_(ids), Idea.submitter_address.is_not(None)).scalar_subquery()
    followers = (
        select(func.count())
        .select_from(Follower)
        .join(Idea, Idea.id == Follower.idea_id)
        .where(
            Idea.id.in_(ids),
            Follower.hears,
            func.lower(Follower.address) != func.lower(func.coalesce(Idea.submitter_address, "")),
        )
        .scalar_subquery()
    )
    return int(session.execute(select(submitters + followers)).scalar_one())


def _order(group: Group | None, sort: Sort | None) -> tuple[Any, bool]:
    """Column, and whether downwards. What is done or held has no promise to go by: the newest stands first."""
    if sort is None:
        sort = Sort.NEWEST if group in (Group.ANSWERED, Group.HELD, None) else Sort.PROMISE
    return {
        Sort.PROMISE: (Idea.answer_by, False),
        Sort.NEWEST: (Idea.created_at, True),
        Sort.OLDEST: (Idea.created_at, False),
        Sort.SUPPORTERS: (Idea.supporters, True),
    }[sort]


def _rows() -> Select[Any]:
    tags = (
        select(func.array_agg(Tag.name))
        .join(IdeaTag, IdeaTag.tag_id == Tag.id)
        .where(IdeaTag.idea_id == Idea.id)
        .correlate(Idea)
        .scalar_subquery()
    )
    return (
        select(
            Idea.id,
            Idea.reference,
            Idea.version,
            Idea.title,
            func.left(Idea.text, BEGINNING),
            Idea.stage,
            Idea.kind,
            Idea.via,
            Idea.submitter_name,
            Idea.submitter_address,
            Idea.held,
            Idea.answer_by,
            Idea.created_at,
            Idea.answered_at,
            Idea.asked_at,
            Idea.merged_into.is_not(None),
            Idea.published_at.is_not(None),
            Idea.supporters,
            Sluice.slug,
            Sluice.name,
            Contact.name,
            Contact.address,
            undelivered(),
            tags,
        )
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .outerjoin(Contact, Contact.id == Idea.assigned_to)
    )


def _row(found: Any) -> Row:
    *facts, tags = found
    return Row(*(*facts, tuple(sorted(tags or ()))))
