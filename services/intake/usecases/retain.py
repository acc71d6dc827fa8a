"""Remove what is kept no longer, by each sluice's rules, and keep the record of it.

In portions, each a transaction that also counts what it did: killed at any moment, the next run goes on with the same
record. Two runs at once share it, and take turns. Nothing here waits for anybody who receives, reads or answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.intake.domain.retention import Rule, Rules
from services.intake.store import retention
from services.intake.store.data_tables import DataJob
from services.intake.store.retention_tables import Retention
from services.intake.store.tables import Sluice
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.contracts.registry import IDEAS_FORGOTTEN
from shared.db import Database, hold
from shared.ids import new_id
from shared.mentions import patiently

log = logs.get(__name__)

PORTION = 500
OLDEST = 10
"""References that a preview names."""
KIND, RUNNING, DONE = "retention", "running", "done"
BY_THE_CLOCK = "Idéslussen"

Plan = Mapping[Rule, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What one rule would remove now."""

    rule: Rule
    count: int
    oldest: Sequence[str]
    """References, or Message-IDs of mails that became no idea; at most ``OLDEST``."""


@dataclass(frozen=True, slots=True)
class Retain:
    """The scheduler's job, and that of ``idesluss retention run``."""

    database: Database
    is_sane: Callable[[], bool]
    """May anything be destroyed by the clock: see ``shared.sane_clock``."""
    asked_by: str = BY_THE_CLOCK
    stops: Callable[[], bool] = lambda: False
    """Asked between portions; True ends the run, and the next one goes on."""
    portion: int = PORTION

    def __call__(self, slug: str | None = None) -> Counter[Rule]:
        """Apply the rules of one sluice or of all; what was removed."""
        counted: Counter[Rule] = Counter()
        if not self.is_sane():
            return counted
        with self.database.transaction() as session:
            found = with_rules(session, slug)
        for sluice_id in found:
            counted += self._sluice(sluice_id)
        return counted

    def _sluice(self, sluice_id: UUID) -> Counter[Rule]:
        counted: Counter[Rule] = Counter()
        with self.database.transaction() as session:
            patiently(session)
            rules, moment = rules_of(session, sluice_id), _now(session)
            planned = plan(session, sluice_id, rules, moment)
            job_id = self._begin(session, sluice_id, rules, moment) if any(planned.values()) else None
        if job_id is None:
            # What a killed run had begun may have been its last portion.
            self._finish(sluice_id)
            return counted
        for rule, ids in planned.items():
            for begin in range(0, len(ids), self.portion):
                if self.stops():
                    return counted
                portion = ids[begin : begin + self.portion]
                done = self._portion(job_id, sluice_id, rules, rule, portion, moment)
                if done is None:
                    return counted
                counted[rule] += done
        self._finish(sluice_id)
        log.info("retention_applied", sluice_id=str(sluice_id), **{rule.value: counted[rule] for rule in counted})
        return counted

    def _begin(self, session: Session, sluice_id: UUID, rules: Rules, moment: datetime) -> UUID:
        """The record that runs for this sluice, or a new one. Under another decision it is another record."""
        hold(session, f"retention of {sluice_id}")
        job = _running(session, sluice_id)
        if job is not None and job.reason != rules.decision:
            job.state, job.finished_at = DONE, moment
            job = None
        if job is None:
            job = DataJob(
                id=new_id(),
                kind=KIND,
                state=RUNNING,
                sluice_id=sluice_id,
                asked_by=self.asked_by,
                asked_at=moment,
                reason=rules.decision,
                counts={},
            )
            session.add(job)
        return job.id

    def _portion(
        self, job_id: UUID, sluice_id: UUID, rules: Rules, rule: Rule, ids: Sequence[Any], moment: datetime
    ) -> int | None:
        """How many went; None where the rules were changed meanwhile, or another run has ended the record."""
        before = moment - timedelta(days=rules.days[rule])
        with self.database.transaction() as session:
            patiently(session)
            job = session.get_one(DataJob, job_id, with_for_update=True)
            if job.state != RUNNING or rules_of(session, sluice_id).version != rules.version:
                return None
            gone = retention.remove(
                session, rule, sluice_id, before, ids, moment=moment, decision=rules.decision, job_id=job_id
            )
            if gone.count:
                job.counts = job.counts | {rule.value: job.counts.get(rule.value, 0) + gone.count}
            if gone.references:
                told = {"references": list(gone.references), "removed": rule is not Rule.NAMES, "at": moment}
                outbox.put(session, IDEAS_FORGOTTEN, told, priority=Priority.BULK)
        return gone.count

    def _finish(self, sluice_id: UUID) -> None:
        with self.database.transaction() as session:
            hold(session, f"retention of {sluice_id}")
            job = _running(session, sluice_id)
            if job is not None:
                job.state, job.finished_at = DONE, _now(session)


def with_rules(session: Session, slug: str | None = None) -> Sequence[UUID]:
    """The sluices that have rules of their own, or the one with that slug if it has."""
    asked = select(Sluice.id).join(Retention, Retention.sluice_id == Sluice.id).order_by(Sluice.slug)
    return session.scalars(asked if slug is None else asked.where(Sluice.slug == slug)).all()


def rules_of(session: Session, sluice_id: UUID) -> Rules:
    """A sluice's rules in force; without any, everything is kept for ever."""
    row = session.get(Retention, sluice_id, populate_existing=True)
    if row is None:
        return Rules({})
    days = {rule: getattr(row, rule.column) for rule in Rule}
    return Rules({rule: number for rule, number in days.items() if number is not None}, row.decision, row.version)


def plan(session: Session, sluice_id: UUID, rules: Rules, moment: datetime) -> Plan:
    """Ids of what the rules reach at that moment, rule by rule in the order in which it is done."""
    return {
        rule: session.scalars(
            retention.due(rule, sluice_id, moment - timedelta(days=rules.days[rule])).with_only_columns(
                retention.key_of(rule)
            )
        ).all()
        for rule in Rule
        if rule in rules.days
    }


def preview(session: Session, sluice_id: UUID, rules: Rules) -> list[Preview]:
    """What a run would remove now. Changes nothing."""
    moment, found = _now(session), []
    for rule in Rule:
        if rule not in rules.days:
            continue
        asked = retention.due(rule, sluice_id, moment - timedelta(days=rules.days[rule]))
        count = session.scalars(select(func.count()).select_from(asked.order_by(None).subquery())).one()
        oldest = [row[2] for row in session.execute(asked.limit(OLDEST))]
        found.append(Preview(rule, count, list(dict.fromkeys(oldest))))
    return found


def _running(session: Session, sluice_id: UUID) -> DataJob | None:
    return session.scalar(
        select(DataJob)
        .where(DataJob.kind == KIND, DataJob.sluice_id == sluice_id, DataJob.state == RUNNING)
        .with_for_update()
    )


def _now(session: Session) -> datetime:
    """The database's clock, which every machine shares."""
    moment: datetime = session.scalars(select(func.clock_timestamp())).one()
    return moment
