"""The overview for coaches: what came, how fast it was answered, how far it got, and what needs a person now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from services.intake.store import overview as store
from services.intake.store.overview import Answers, Needs
from services.intake.usecases.access import own_sluices
from shared.clock import STOCKHOLM, now
from shared.viewer import Viewer

PERIODS: Final = (3, 6, 12)
"""Months that one may look back, the present one among them."""
USUAL: Final = 6


@dataclass(frozen=True, slots=True)
class Municipality:
    """One sluice's figures."""

    slug: str
    name: str
    by_month: tuple[int, ...]
    answers: Answers
    implemented: int
    needs: Needs

    @property
    def came(self) -> int:
        """Ideas in the period."""
        return sum(self.by_month)


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page."""

    months: tuple[date, ...]
    municipalities: Sequence[Municipality]
    kinds: Mapping[str, int]
    vias: Mapping[str, int]
    stages: Mapping[str, int]

    @property
    def came(self) -> int:
        """Ideas in the period."""
        return sum(each.came for each in self.municipalities)

    @property
    def by_month(self) -> tuple[int, ...]:
        """Ideas of all, month by month."""
        return tuple(sum(each.by_month[n] for each in self.municipalities) for n in range(len(self.months)))

    @property
    def answered(self) -> int:
        """Ideas of the period that were answered."""
        return sum(each.answers.answered for each in self.municipalities)

    @property
    def kept(self) -> float | None:
        """Share answered by the promised day, of those whose day has come; None where none has."""
        due = sum(each.answers.due for each in self.municipalities)
        return sum(each.answers.kept for each in self.municipalities) / due if due else None

    @property
    def implemented(self) -> int:
        """Ideas that became real in the period."""
        return sum(each.implemented for each in self.municipalities)

    def needs(self, name: str) -> int:
        """How many of that need there are."""
        return sum(getattr(each.needs, name) for each in self.municipalities)


def show(session: Session, viewer: Viewer, months: int) -> Overview:
    """The figures of the sluices that ``viewer`` answers for, over so many months."""
    today = now().astimezone(STOCKHOLM).date()
    every = _months(today, months)
    since = every[0]
    own = store.sluices(session, own_sluices(viewer))
    ids = [identity for identity, _, _ in own]
    came = store.came(session, ids, since)
    answers = store.answers(session, ids, since, today)
    implemented = store.implemented(session, ids, since)
    needs = store.needs(session, ids, viewer.address, today)
    apart = store.told_apart(session, ids, since)
    return Overview(
        months=every,
        municipalities=[
            Municipality(
                slug,
                name,
                tuple(came.get((identity, month.year, month.month), 0) for month in every),
                answers.get(identity, Answers(0, None, 0, 0)),
                implemented.get(identity, 0),
                needs.get(identity, Needs()),
            )
            for identity, slug, name in own
        ],
        kinds=apart["kind"],
        vias=apart["via"],
        stages=apart["stage"],
    )


def _months(today: date, number: int) -> tuple[date, ...]:
    """The first days of the last months, the present one last."""
    last = today.year * 12 + today.month - 1
    return tuple(date(n // 12, n % 12 + 1, 1) for n in range(last - number + 1, last + 1))
