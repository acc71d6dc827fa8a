"""The labelled texts of tests/fixtures/personal_data.toml, and how well the finder does on them.

Run as a program it prints every mistake and the figures: ``python -m tests.unit.intake.domain.personal_corpus``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from services.intake.domain.personal_data import MarkKind, find

FILE = Path(__file__).parents[3] / "fixtures" / "personal_data.toml"
_LABEL = re.compile(r"\[\[(\w+):([^\]]+)\]\]")


@dataclass(frozen=True)
class Labelled:
    """A text, and what in it points at a person: kind, start, end."""

    text: str
    wanted: frozenset[tuple[str, int, int]]


@dataclass
class Figures:
    """Counts by kind."""

    wanted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)

    def recall(self, kind: str) -> float:
        """The share of what is there that is found."""
        return self.right[kind] / self.wanted[kind]

    def precision(self, kind: str) -> float:
        """The share of what is found that is there."""
        return self.right[kind] / max(self.found[kind], 1)


def labelled() -> list[Labelled]:
    """All texts of the file."""
    kept = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [_labelled(text) for text in (*kept["texts"], *kept["later"])]


def _labelled(source: str) -> Labelled:
    text, position, wanted = "", 0, set()
    for label in _LABEL.finditer(source):
        text += source[position : label.start()]
        wanted.add((str(MarkKind(label[1])), len(text), len(text) + len(label[2])))
        text += label[2]
        position = label.end()
    return Labelled(text + source[position:], frozenset(wanted))


def measure(texts: Iterable[Labelled]) -> Figures:
    """Find in every text and compare: a mark counts where kind, start and end are right."""
    figures = Figures()
    for each in texts:
        found = {(str(mark.kind), mark.start, mark.end) for mark in find(each.text)}
        figures.wanted.update(kind for kind, _, _ in each.wanted)
        figures.found.update(kind for kind, _, _ in found)
        figures.right.update(kind for kind, _, _ in found & each.wanted)
        figures.mistakes += [f"missed  {k}: {each.text[s:e]!r}" for k, s, e in sorted(each.wanted - found)]
        figures.mistakes += [f"too much {k}: {each.text[s:e]!r}" for k, s, e in sorted(found - each.wanted)]
    return figures


if __name__ == "__main__":
    result = measure(labelled())
    print(*result.mistakes, sep="\n")
    for kind in MarkKind:
        if result.wanted[kind]:
            share = f"recall {result.recall(kind):.2f}, precision {result.precision(kind):.2f}"
            print(f"{kind:<16} {result.wanted[kind]:>3} there, {share}")
