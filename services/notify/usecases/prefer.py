"""Keep what somebody chose about their mails, and let what waits follow the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.notify.domain import calm
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Category, Reason, Rhythm
from services.notify.store import collected, preferences
from services.notify.usecases import collect, lifecycle
from shared import logs
from shared.clock import Clock, now
from shared.errors import Rejected

log = logs.get(__name__)


def rhythms(category: Category) -> tuple[Rhythm, ...]:
    """What a person may choose for mails of that category; nothing where there is no choice."""
    if category.may_be_collected:
        return (Rhythm.AT_ONCE, Rhythm.DAILY, Rhythm.WEEKLY)
    return (Rhythm.AT_ONCE, Rhythm.NEVER) if category.may_be_stopped else ()


CHOICES: Mapping[Category, tuple[Rhythm, ...]] = {each: found for each in Category if (found := rhythms(each))}
"""Every category of which something may be chosen, with what."""


@dataclass(frozen=True, slots=True)
class Prefer:
    """Changes and tells what an address (in its canonical spelling) gets."""

    clock: Clock = now

    def __call__(self, session: Session, address: str, chosen: Mapping[Category, Rhythm], *, by: str) -> None:
        """Keep choices; what is not among them stays as it is.

        :raises Rejected: a category has no such choice.
        """
        for category, rhythm in chosen.items():
            if rhythm not in CHOICES.get(category, ()):
                raise Rejected(category, "preferences.fault.choice")
        preferences.lock_person(session, address)
        for category, rhythm in chosen.items():
            if preferences.rhythm(session, address, category) is not rhythm:
                preferences.save(session, address, category, rhythm, by=by, now=self.clock())
                self._follow(session, address, category, rhythm)
                log.info("preference_changed", category=category, rhythm=rhythm, by=by)

    def read(self, session: Session, address: str) -> dict[Category, Rhythm]:
        """Every choice as it stands."""
        return {category: preferences.rhythm(session, address, category) for category in CHOICES}

    def _follow(self, session: Session, address: str, category: Category, rhythm: Rhythm) -> None:
        moment = self.clock()
        if rhythm is Rhythm.NEVER:
            for row in collected.unsent(session, address, category):
                lifecycle.change(session, row, State.SUPPRESSED, now=moment, reason=Reason.STOPPED)
            return
        waiting = [row for row in collected.waiting(session, address) if row.category == category]
        if rhythm is Rhythm.AT_ONCE:
            for row in waiting:
                collect.release(session, row, moment)
        else:
            collect.move(session, address, waiting, calm.next_slot(moment, rhythm))
