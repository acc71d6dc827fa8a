"""What the overview counts: every figure is counted by the database, in months and days of Swedish time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    TableValuedAlias,
    and_,
    cast,
    column,
    extract,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.domain.inbox import Group
from services.intake.store import inbox
from services.intake.store.tables import Idea, Sluice, TimelineEntry
from shared.clock import STOCKHOLM
from shared.working_days import is_working_day

ZONE = "Europe/Stockholm"


@dataclass(frozen=True, slots=True)
class Answers:
    """How fast a sluice answered the ideas that came in the period."""

    answered: int
    median: float | None
    """Working days from arrival to the first answer; None where none was answered."""
    kept: int
    """Answered by the promised day."""
    due: int
    """Answered, or past the promised day without an answer."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What waits for a person now."""

    late: int = 0
    held: int = 0
    unassigned: int = 0
    undelivered: int = 0


def sluices(session: Session, own: ColumnElement[bool]) -> list[tuple[UUID, str, str]]:
    """Id, slug and name of the sluices, by name."""
    rows = session.execute(select(Sluice.id, Sluice.slug, Sluice.name).where(own).order_by(Sluice.name))
    return [(row.id, row.slug, row.name) for row in rows]


def came(session: Session, ids: Sequence[UUID], since: date) -> dict[tuple[UUID, int, int], int]:
    """How many ideas came, by sluice, year and month."""
    there = func.timezone(ZONE, Idea.created_at)
    year, month = extract("year", there), extract("month", there)
    rows = session.execute(
        select(Idea.sluice_id, year, month, func.count())
        .where(*_in_period(ids, since))
        .group_by(Idea.sluice_id, year, month)
    )
    return {(sluice, int(of_year), int(of_month)): number for sluice, of_year, of_month, number in rows}


def told_apart(session: Session, ids: Sequence[UUID], since: date) -> dict[str, dict[str, int]]:
    """How many ideas came by ``kind``, ``via`` and ``stage``, in one statement; an unknown kind is ''."""
    kind = func.coalesce(Idea.kind, "")
    rows = session.execute(
        select(kind, Idea.via, Idea.stage, func.count())
        .where(*_in_period(ids, since))
        .group_by(kind, Idea.via, Idea.stage)
    )
    found: dict[str, dict[str, int]] = {"kind": {}, "via": {}, "stage": {}}
    for *values, number in rows:
        for counted, value in zip(found.values(), values, strict=True):
            counted[value] = counted.get(value, 0) + number
    return found


def answers(session: Session, ids: Sequence[UUID], since: date, today: date) -> dict[UUID, Answers]:
    """How fast each sluice answered the ideas of the period."""
    came_on, answered_on = (_calendar(since, today, name) for name in ("came_on", "answered_on"))
    arrival, answer, promise = (
        cast(func.timezone(ZONE, moment), Date) for moment in (Idea.created_at, Idea.answered_at, Idea.answer_by)
    )
    took = answered_on.c.number - came_on.c.number
    is_answered = Idea.answered_at.is_not(None)
    rows = session.execute(
        select(
            Idea.sluice_id,
            func.count().filter(is_answered),
            func.percentile_cont(0.5).within_group(took).filter(took.is_not(None)),
            func.count().filter(is_answered, answer <= promise),
            func.count().filter(or_(is_answered, and_(promise < today, Idea.stage != "closed"))),
        )
        .select_from(Idea)
        .join(came_on, came_on.c.day == arrival)
        .outerjoin(answered_on, answered_on.c.day == answer)
        .where(*_in_period(ids, since), Idea.merged_into.is_(None))
        .group_by(Idea.sluice_id)
    )
    return {sluice: Answers(answered, median, kept, due) for sluice, answered, median, kept, due in rows}


def implemented(session: Session, ids: Sequence[UUID], since: date) -> dict[UUID, int]:
    """How many ideas became implemented in the period, by sluice."""
    rows = session.execute(
        select(Idea.sluice_id, func.count(Idea.id.distinct()))
        .join(TimelineEntry, TimelineEntry.idea_id == Idea.id)
        .where(
            Idea.sluice_id.in_(ids),
            Idea.stage == Stage.IMPLEMENTED.value,
            TimelineEntry.event == "answered",
            TimelineEntry.facts["to"].astext == Stage.IMPLEMENTED.value,
            TimelineEntry.at >= _begin(since),
        )
        .group_by(Idea.sluice_id)
    )
    return {row[0]: row[1] for row in rows}


def needs(session: Session, ids: Sequence[UUID], me: str, today: date) -> Mapping[UUID, Needs]:
    """What waits for a person now, by sluice; counted as the inbox lists it."""
    groups = inbox.groups(me, today)
    unassigned = and_(groups[Group.NEW], Idea.assigned_to.is_(None))
    failed = inbox.undelivered_ids()
    wanted = (groups[Group.LATE], groups[Group.HELD], unassigned, Idea.id.in_(failed))
    rows = session.execute(
        select(Idea.sluice_id, *(func.count().filter(each) for each in wanted))
        .where(Idea.sluice_id.in_(ids), or_(*wanted))
        .group_by(Idea.sluice_id)
    )
    return {sluice: Needs(*numbers) for sluice, *numbers in rows}


def _calendar(since: date, today: date, name: str) -> TableValuedAlias:
    """Each day with how many working days came by then: from it the database takes differences and medians."""
    days = [since + timedelta(days=n) for n in range((today - since).days + 1)]
    numbers = list(accumulate(int(is_working_day(day)) for day in days))
    return (
        func.unnest(cast(days, ARRAY(Date)), cast(numbers, ARRAY(Integer)))
        .table_valued(column("day", Date), column("number", Integer), name=name)
        .render_derived()
    )


def _begin(since: date) -> datetime:
    return datetime.combine(since, time(), tzinfo=STOCKHOLM)


def _in_period(ids: Sequence[UUID], since: date) -> tuple[ColumnElement[bool], ...]:
    """Ideas count once nobody holds them."""
    return Idea.sluice_id.in_(ids), Idea.created_at >= _begin(since), Idea.held.is_(None)
