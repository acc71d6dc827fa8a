"""Word lists written as text in the source: easier to read and to add a language to than long tuples."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The blank-separated words of a text."""
    return frozenset(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """The phrases of a text, separated by ``|``; blanks and line ends around and inside them are folded."""
    return tuple(" ".join(phrase.split()) for phrase in text.split("|") if phrase.strip())
