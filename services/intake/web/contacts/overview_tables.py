"""The overview's tables: the same rows stand under each chart and in its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from services.intake.domain.chart import Chart, lying, standing
from services.intake.domain.idea import PATH, Stage, SubmitterKind
from services.intake.usecases.overview import Overview
from shared.i18n import Texts

NAMES: Final = ("months", "municipalities", "kinds", "vias", "speed", "stages")


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with the table under it."""

    name: str
    chart: Chart
    words: tuple[str, ...]
    """What stands at each bar."""
    table: Sequence[Sequence[str | int]]
    """The head first. The first cell of each row names it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of an overview, in one language."""

    overview: Overview
    texts: Texts
    language: str

    def all(self) -> list[Figure]:
        """In the order of ``NAMES``."""
        return [self.one(name) for name in NAMES]

    def one(self, name: str) -> Figure:
        """One figure.

        :raises KeyError: there is none of that name.
        """
        made: Mapping[str, Callable[[], Figure]] = {
            "months": self._months,
            "municipalities": self._municipalities,
            "kinds": self._kinds,
            "vias": self._vias,
            "speed": self._speed,
            "stages": self._stages,
        }
        return made[name]()

    def say(self, key: str) -> str:
        """A text."""
        return self.texts.get(self.language, key)

    def month(self, first: date, pattern: str = "LLLL y") -> str:
        """A month in words."""
        return format_date(first, pattern, locale=self.language)

    def percent(self, share: float | None) -> str:
        """A share in words; a dash where there is none."""
        return "–" if share is None else format_percent(share, locale=self.language)

    def days(self, number: float | None) -> str:
        """Working days in figures; a dash where there are none to count."""
        return "–" if number is None else format_decimal(round(number, 1), locale=self.language)

    def _months(self) -> Figure:
        values = [
            (self.month(month, "LLL").rstrip("."), number)
            for month, number in zip(self.overview.months, self.overview.by_month, strict=True)
        ]
        table: list[Sequence[str | int]] = [(self.say("overview.month"), self.say("overview.ideas"))]
        table += zip(map(self.month, self.overview.months), self.overview.by_month, strict=True)
        return self._figure("months", standing(values), table)

    def _municipalities(self) -> Figure:
        every = self.overview.municipalities
        head = (
            self.say("overview.municipality"),
            *(self.month(month, "LLL y") for month in self.overview.months),
            self.say("overview.together"),
        )
        rows: list[Sequence[str | int]] = [(each.name, *each.by_month, each.came) for each in every]
        chart = lying([(each.name, each.came) for each in every])
        return self._figure("municipalities", chart, [head, *rows])

    def _kinds(self) -> Figure:
        counted = self.overview.kinds
        values = [
            (self.say(f"kind.{kind}" if kind else "overview.kind_unknown").capitalize(), counted.get(kind, 0))
            for kind in (*(kind.value for kind in SubmitterKind), "")
        ]
        return self._plain("kinds", "overview.who", values)

    def _vias(self) -> Figure:
        known = {via: self.overview.vias.get(via, 0) for via in ("email", "form", "workshop")}
        known["api"] = sum(self.overview.vias.values()) - sum(known.values())
        values = [(self.say(f"inbox.via.{via}").capitalize(), number) for via, number in known.items()]
        return self._plain("vias", "overview.way", values)

    def _stages(self) -> Figure:
        counted = self.overview.stages
        values = [(self.say(f"stage.{stage.value}"), counted.get(stage.value, 0)) for stage in (*PATH, Stage.CLOSED)]
        return self._plain("stages", "overview.stage", values)

    def _speed(self) -> Figure:
        every = self.overview.municipalities
        head = tuple(
            self.say(f"overview.{name}") for name in ("municipality", "median", "kept", "answered", "implemented")
        )
        rows = [
            (
                each.name,
                self.days(each.answers.median),
                self.percent(each.answers.kept / each.answers.due if each.answers.due else None),
                each.answers.answered,
                each.implemented,
            )
            for each in every
        ]
        words = tuple(
            self.say("overview.none_answered")
            if each.answers.median is None
            else self.texts.get(self.language, "overview.days", days=self.days(each.answers.median))
            for each in every
        )
        return Figure("speed", lying([(each.name, each.answers.median) for each in every]), words, [head, *rows])

    def _plain(self, name: str, key: str, values: list[tuple[str, int]]) -> Figure:
        return self._figure(name, lying(values), [(self.say(key), self.say("overview.ideas")), *values])

    def _figure(self, name: str, chart: Chart, table: Sequence[Sequence[str | int]]) -> Figure:
        words = tuple(format_decimal(bar.value or 0, locale=self.language) for bar in chart.bars)
        return Figure(name, chart, words, table)
