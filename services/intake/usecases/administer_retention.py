"""Set a sluice's rules of retention, keep single ideas from them, and read what was removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.retention import LONGEST_REASON, Rule, Rules
from services.intake.store import sluices
from services.intake.store.data_tables import DataJob
from services.intake.store.retention_tables import Removed, Retention
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases.changes import record_change
from services.intake.usecases.retain import KIND, rules_of
from shared.clock import now
from shared.db import hold
from shared.errors import Conflict, Rejected
from shared.words import one_line


@dataclass(frozen=True, slots=True)
class Protocol:
    """One run's record: by which decision how much was removed."""

    id: UUID
    at: datetime
    finished_at: datetime | None
    decision: str
    asked_by: str
    counts: dict[Rule, int]


@dataclass(frozen=True, slots=True)
class KeptIdea:
    """An idea that retention leaves alone."""

    reference: str
    reason: str


def set_rules(session: Session, actor: str, slug: str, rules: Rules, version: int) -> None:
    """Let these rules hold for a sluice from now on. Each change is kept in the history.

    :param version: that of the form, from ``rules_of``.
    :raises NotFound: there is no such sluice.
    :raises Conflict: somebody changed them since.
    """
    sluice = sluices.profile_by_slug(session, slug)
    hold(session, f"rules of {sluice.id}")
    before = rules_of(session, sluice.id)
    if before.version != version:
        raise Conflict("somebody else has changed these rules meanwhile")
    row = session.get(Retention, sluice.id)
    if row is None:
        row = Retention(sluice_id=sluice.id, version=0)
    for rule in Rule:
        setattr(row, rule.column, rules.days.get(rule))
        if rules.days.get(rule) != before.days.get(rule):
            record_change(
                session,
                actor,
                f"retention.{rule.value}",
                sluice_id=sluice.id,
                before=before.days.get(rule),
                after=rules.days.get(rule),
            )
    if rules.decision != before.decision:
        record_change(
            session, actor, "retention.decision", sluice_id=sluice.id, before=before.decision, after=rules.decision
        )
    row.decision, row.version, row.changed_at, row.changed_by = rules.decision, row.version + 1, now(), actor
    session.add(row)


def keep_idea(session: Session, actor: str, slug: str, reference: str, reason: str) -> None:
    """Keep an idea from retention, for a reason; an empty reason lets the rules have it again.

    :raises Rejected: the sluice has no such idea, or the reason is too long.
    """
    words = one_line(reason, LONGEST_REASON + 1)
    if len(words) > LONGEST_REASON:
        raise Rejected("reason", "retention.fault.reason")
    idea = session.scalar(
        select(Idea)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(Sluice.slug == slug, Idea.reference == one_line(reference).upper())
        .with_for_update(of=Idea)
    )
    if idea is None:
        raise Rejected("reference", "retention.fault.reference")
    before, idea.kept = idea.kept, words or None
    if before != idea.kept:
        record_change(
            session,
            actor,
            "retention.kept",
            sluice_id=idea.sluice_id,
            before={"reference": idea.reference, "reason": before or ""},
            after={"reference": idea.reference, "reason": idea.kept or ""},
        )


def kept_ideas(session: Session, sluice_id: UUID) -> list[KeptIdea]:
    """The ideas of a sluice that are kept from retention."""
    asked = select(Idea.reference, Idea.kept).where(Idea.sluice_id == sluice_id, Idea.kept.is_not(None))
    return [KeptIdea(reference, reason or "") for reference, reason in session.execute(asked.order_by(Idea.id))]


def protocols(session: Session, sluice_id: UUID, *, limit: int) -> list[Protocol]:
    """The newest runs that removed something."""
    own = select(DataJob).where(DataJob.kind == KIND, DataJob.sluice_id == sluice_id)
    return [
        Protocol(
            job.id,
            job.asked_at,
            job.finished_at,
            job.reason,
            job.asked_by,
            {rule: job.counts[rule.value] for rule in Rule if rule.value in job.counts},
        )
        for job in session.scalars(own.order_by(DataJob.asked_at.desc(), DataJob.id.desc()).limit(limit))
    ]


def protocol_lines(session: Session, sluice_id: UUID, *, limit: int) -> Iterator[tuple[Protocol, Rule | None, str]]:
    """Every run with what it removed: a line for each rule with its number, then one for each idea's reference."""
    for one in protocols(session, sluice_id, limit=limit):
        for rule, number in one.counts.items():
            yield one, rule, str(number)
        for reference in _removed_by(session, one.id):
            yield one, None, reference


def _removed_by(session: Session, job_id: UUID) -> Sequence[str]:
    return session.scalars(select(Removed.reference).where(Removed.job_id == job_id).order_by(Removed.reference)).all()
