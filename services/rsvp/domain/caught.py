"""Ideas caught in the room: what they are called, which theme they belong to, and how they stand on the wall. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.words import clean, one_line

TEXT_LIMIT = 2_000
"""Characters of an idea that is written on a telephone."""
TITLE_LIMIT = 90
NAME_LIMIT = 100
MAX_THEMES = 12
THEME_LIMIT = 80
WALL_LIMIT = 180
"""Characters of an idea on the wall: what can be read from ten metres."""

_SENTENCE = re.compile(r"(?<=[.!?])\s")


def title_of(text: str) -> str:
    """What the idea is called: its first line or sentence, cut at a word where it is long."""
    line = next((line for line in clean(text).splitlines() if line.strip()), "")
    first = _SENTENCE.split(line.strip(), maxsplit=1)[0]
    return shortened(first, TITLE_LIMIT)


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut at a word where it is longer than ``limit``."""
    words = one_line(text, limit * 4)
    if len(words) <= limit:
        return words
    cut = words[: limit - 1]
    at_word = cut.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > limit // 2 else cut).rstrip(" ,.;:–-") + "…"


def themes_in(text: str) -> list[str]:
    """Themes as somebody wrote them, one a line, each once."""
    return list(dict.fromkeys(line for line in (one_line(row, 1_000) for row in text.splitlines()) if line))


@dataclass(frozen=True, slots=True)
class CaughtLine:
    """An idea from the room."""

    id: str
    title: str
    text: str
    theme: str
    reference: str | None
    """Its number in the sluice, once it has one."""

    @property
    def wall(self) -> str:
        """As the wall shows it."""
        return shortened(self.text, WALL_LIMIT)


@dataclass(frozen=True, slots=True)
class ThemeGroup:
    """The ideas of one theme."""

    theme: str
    """Empty for those without one."""
    ideas: Sequence[CaughtLine]


def by_theme(lines: Iterable[CaughtLine], themes: Sequence[str], *, with_empty: bool = False) -> list[ThemeGroup]:
    """The ideas by theme, in the themes' own order; those without a theme, or of one that is gone, last.

    :param with_empty: themes that nobody has written to yet are shown too.
    """
    found: dict[str, list[CaughtLine]] = {theme: [] for theme in themes}
    rest: list[CaughtLine] = []
    for line in lines:
        found.get(line.theme, rest).append(line)
    groups = [ThemeGroup(theme, ideas) for theme, ideas in found.items() if ideas or with_empty]
    return [*groups, ThemeGroup("", rest)] if rest else groups
