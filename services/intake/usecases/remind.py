"""Remind those who answer for ideas of what waits, and tell the coaches where that has not helped.

Run every few minutes by any number of schedulers: each sluice is done once a working day, in one transaction in which
the mails are asked for and the ideas marked, so that a kill in between leaves either both or neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.intake.domain.inbox import working_days
from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store import sluices
from services.intake.store.tables import Idea
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.receive import note
from services.intake.usecases.stand_in import is_away, standing_in
from shared import logs
from shared.clock import STOCKHOLM, Clock, now
from shared.db import Database
from shared.settings import Settings
from shared.web import links
from shared.working_days import answer_by, is_working_day

log = logs.get(__name__)

OPENS, CLOSES = 7, 17
"""Hours of a working day within which reminders are written; notify still keeps its quiet hours."""
NEAR = 2
"""Working days before the promise ends from which on an idea is reminded of."""
PATIENCE = 5
"""Working days for which a question to the submitter keeps an idea out of the reminders."""
MOST_IDEAS = 1000
MOST_ENTRIES = 50
"""Ideas in one mail; the inbox has them all."""


@dataclass(frozen=True, slots=True)
class Remind:
    """The scheduler's job."""

    settings: Settings
    database: Database
    clock: Clock = now

    def __call__(self) -> int:
        """Remind where a reminder is due; how many sluices were done."""
        moment = self.clock()
        local = moment.astimezone(STOCKHOLM)
        if not (is_working_day(local.date()) and OPENS <= local.hour < CLOSES):
            return 0
        with self.database.transaction() as session:
            due = session.scalars(select(Idea.sluice_id).where(*_due(local.date())).distinct()).all()
        return sum(self._sluice(sluice_id, moment) for sluice_id in due)

    def _sluice(self, sluice_id: UUID, moment: datetime) -> bool:
        today = moment.astimezone(STOCKHOLM).date()
        with self.database.transaction() as session:
            ideas = _ideas(session, sluice_id, today)
            if not any(_is_unreminded(idea, today) for idea in ideas):
                return False
            sluice = sluices.profile(session, sluice_id)
            told = self._escalate(session, sluice, ideas, moment)
            for person, theirs in _shares(sluice, ideas, today):
                self._remind(session, sluice, person, theirs, today, told)
            for idea in ideas:
                idea.reminded_at = moment
        log.info("contacts_reminded", sluice=sluice.slug, ideas=len(ideas), escalated=len(told))
        return True

    def _remind(
        self,
        session: Session,
        sluice: SluiceProfile,
        person: ContactPerson,
        ideas: Sequence[Idea],
        today: date,
        told: dict[UUID, str],
    ) -> None:
        entries = [
            _entry(self.settings, idea, person, today) | {"coach": told.get(idea.id, "")}
            for idea in ideas[:MOST_ENTRIES]
        ]
        self._ask(session, "reminder", f"{person.id}:{today.isoformat()}", person, sluice, entries)

    def _escalate(
        self, session: Session, sluice: SluiceProfile, ideas: Sequence[Idea], moment: datetime
    ) -> dict[UUID, str]:
        """Tell the coaches, once, of ideas that are too late; who was told, by idea."""
        today = moment.astimezone(STOCKHOLM).date()
        coaches = [person for person in sluice.coaches if not is_away(person, today)] or list(sluice.coaches)
        late = [
            idea for idea in ideas if idea.escalated_at is None and _days_late(idea, today) >= sluice.escalate_days > 0
        ]
        if not coaches or not late:
            return {}
        names = {person.id: person.name for person in sluice.people}
        everybody = ", ".join(person.name for person in sluice.contacts)
        for coach in coaches:
            entries = [
                _entry(self.settings, idea, coach, today)
                | {"waits_for": names.get(idea.assigned_to, everybody) if idea.assigned_to else everybody}
                for idea in late[:MOST_ENTRIES]
            ]
            self._ask(session, "escalation", str(late[0].id), coach, sluice, entries)
        who = ", ".join(coach.name for coach in coaches)
        for idea in late:
            idea.escalated_at = moment
            note(
                session,
                idea,
                event="escalated",
                at=moment,
                actor="Idéslussen",
                actor_kind="system",
                facts={"to": who},
                public=False,
            )
        return {idea.id: who for idea in late}

    def _ask(
        self,
        session: Session,
        kind: str,
        about: str,
        person: ContactPerson,
        sluice: SluiceProfile,
        entries: list[dict[str, Any]],
    ) -> None:
        to = Recipient(person.name, person.address, person.language)
        ask_for_mail(session, self.settings, kind, about=about, to=to, sluice=sluice, facts={"entries": entries})


def _due(today: date) -> tuple[Any, ...]:
    """Unanswered ideas whose promise ends within ``NEAR`` working days, and that nobody was reminded of today."""
    end = datetime.combine(answer_by(today, NEAR) + timedelta(days=1), time(), STOCKHOLM)
    begins = datetime.combine(today, time(), STOCKHOLM)
    return (*_unanswered(end), or_(Idea.reminded_at.is_(None), Idea.reminded_at < begins))


def _unanswered(end: datetime) -> tuple[Any, ...]:
    return Idea.is_unanswered, Idea.answer_by < end


def _ideas(session: Session, sluice_id: UUID, today: date) -> list[Idea]:
    """What the sluice is reminded of today, the latest first, but what waits for its submitter.

    Locked: of two schedulers the second sees here that the first has reminded.
    """
    end = datetime.combine(answer_by(today, NEAR) + timedelta(days=1), time(), STOCKHOLM)
    found = session.scalars(
        select(Idea)
        .where(Idea.sluice_id == sluice_id, *_unanswered(end))
        .order_by(Idea.id)  # the order in which everybody locks several ideas
        .limit(MOST_IDEAS)
        .with_for_update()
    )
    waiting = [idea for idea in found if idea.asked_at is None or _since(idea.asked_at, today) > PATIENCE]
    return sorted(waiting, key=lambda idea: (idea.answer_by, idea.id))


def _shares(
    sluice: SluiceProfile, ideas: Iterable[Idea], today: date
) -> Iterable[tuple[ContactPerson, Sequence[Idea]]]:
    """Whom to remind of which ideas: whoever has one, else every contact, and deputies for those who are away."""
    people = {person.id: person for person in sluice.people}
    shares: dict[UUID, list[Idea]] = defaultdict(list)
    for idea in ideas:
        taken = people.get(idea.assigned_to) if idea.assigned_to else None
        for person in standing_in(sluice, [taken] if taken else sluice.contacts, today):
            shares[person.id].append(idea)
    return [(people[identity], theirs) for identity, theirs in shares.items()]


def _entry(settings: Settings, idea: Idea, person: ContactPerson, today: date) -> dict[str, Any]:
    act = "slapp" if idea.held else "svara"
    return {
        "reference": idea.reference,
        "title": idea.title,
        "answer_by": _promise(idea).isoformat(),
        "days_late": _days_late(idea, today),
        "idea_url": links.act_url(settings, act, idea.id, person.id),
    }


def _days_late(idea: Idea, today: date) -> int:
    return working_days(_promise(idea), today)


def _promise(idea: Idea) -> date:
    return idea.answer_by.astimezone(STOCKHOLM).date()


def _since(moment: datetime, today: date) -> int:
    return working_days(moment.astimezone(STOCKHOLM).date(), today)


def _is_unreminded(idea: Idea, today: date) -> bool:
    return idea.reminded_at is None or idea.reminded_at.astimezone(STOCKHOLM).date() < today
