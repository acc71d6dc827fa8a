"""What a summary begins as: the ideas that were caught in the room, as Markdown that its writer changes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from services.rsvp.domain.caught import ThemeGroup
from shared.words import clean, one_line

TEXT_LIMIT = 40_000
"""Characters of a summary in one language."""
IDEA_LIMIT = 600
"""Characters of one idea in it; the whole idea is in the sluice."""

_MARKS = re.compile(r"([\\`*_\[\]<>#])")


def read_words(typed: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """What somebody typed for each language, as it is kept."""
    return {code: clean(typed.get(code, "").replace("\r\n", "\n")).strip() for code in languages}


def faults(words: Mapping[str, str]) -> dict[str, str]:
    """What is wrong, by language, as a code."""
    return {code: "too_long" for code, text in words.items() if len(text) > TEXT_LIMIT}


def proposed(groups: Sequence[ThemeGroup], *, heading: str, rest: str) -> str:
    """The ideas by theme, each with its reference where it has one; empty where nothing was caught.

    The words of those who were there stay words: what Markdown would take for a mark is escaped.

    :param heading: stands above them all.
    :param rest: stands above those without a theme, where others have one.
    """
    if not groups:
        return ""
    parts = [f"## {heading}"]
    has_themes = any(group.theme for group in groups)
    for group in groups:
        if has_themes:
            parts.append(f"### {_escaped(group.theme) or rest}")
        lines = []
        for idea in group.ideas:
            reference = f" ({idea.reference})" if idea.reference else ""
            lines.append(f"- {_escaped(one_line(idea.text, IDEA_LIMIT))}{reference}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)
