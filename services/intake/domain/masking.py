"""What of a text to hide before it is published: ``personal_data`` proposes, a contact decides, and may write anew.

The contact may edit the text between two decisions. So what is hidden is read from the text as it is now, never from
what was decided before, and showing something again never throws an edit away.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from services.intake.domain.personal_data import Mark, MarkKind, find, masked

MAX_THINGS = 200
"""How many things a contact decides on one by one; what comes after them in a text is hidden."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Words that point at a person, wherever in the text they stand."""

    kind: MarkKind
    words: str
    certain: bool
    count: int

    @property
    def id(self) -> str:
        """The same for the same kind and words; what a form's box carries."""
        return hashlib.sha256(f"{self.kind}\0{self.words}".encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and what in it points at a person."""

    text: str
    marks: tuple[Mark, ...]

    @classmethod
    def of(cls, text: str) -> Marked:
        """Find the marks."""
        return cls(text, find(text))

    def pieces(self) -> list[tuple[str, Mark | None]]:
        """The text in pieces, for showing each mark."""
        found: list[tuple[str, Mark | None]] = []
        position = 0
        for mark in self.marks:
            found += ((self.text[position : mark.start], None), (self.text[mark.start : mark.end], mark))
            position = mark.end
        return [piece for piece in (*found, (self.text[position:], None)) if piece[0]]

    def hiding(self, hidden: Collection[str], shown: Collection[str], words: Mapping[MarkKind, str]) -> str:
        """The text without the things whose ids are in ``hidden``, and without those that nobody decided on."""
        chosen = [
            number
            for number, mark in enumerate(self.marks)
            if (key := self._thing(mark).id) in hidden or key not in shown
        ]
        return masked(self.text, self.marks, chosen, words)

    def _thing(self, mark: Mark) -> Thing:
        return Thing(mark.kind, self.text[mark.start : mark.end], mark.certain, 1)


def things(*texts: Marked) -> tuple[Thing, ...]:
    """What points at a person in some texts, each once, in the order in which it first stands there."""
    found: dict[tuple[MarkKind, str], Thing] = {}
    for each in texts:
        for mark in each.marks:
            words = each.text[mark.start : mark.end]
            before = found.get((mark.kind, words))
            found[mark.kind, words] = Thing(
                mark.kind, words, mark.certain or bool(before and before.certain), before.count + 1 if before else 1
            )
    return tuple(found.values())[:MAX_THINGS]


def visible(text: str, of: Sequence[Thing]) -> frozenset[str]:
    """The ids of the things whose words stand in the text as it is now."""
    return frozenset(thing.id for _, _, thing in _places(text, of))


def decided(
    current: str, original: Marked, of: Sequence[Thing], hidden: Collection[str], words: Mapping[MarkKind, str]
) -> str:
    """The text as it is now, with every thing hidden or shown as decided; other edits stay.

    A thing that is to be shown again, and whose place an edit has taken away, stays hidden.

    Args:
        current: the text that the contact has before them.
        original: what the things were found in.
        of: the things.
        hidden: the ids of those to hide; every other is to be shown.
        words: what stands instead, by kind.
    """
    now_visible = visible(current, of)
    now_hidden = {thing.id for thing in of} - now_visible
    if current == original.hiding(now_hidden, now_visible, words):
        return original.hiding(hidden, {thing.id for thing in of} - set(hidden), words)
    restored = _restored(current, original, of, now_hidden - set(hidden), now_hidden, words)
    pieces: list[str] = []
    position = 0
    for start, end, thing in _places(restored, of):
        if thing.id in hidden:
            pieces += (restored[position:start], words[thing.kind])
            position = end
    return "".join((*pieces, restored[position:]))


def _restored(
    current: str,
    original: Marked,
    of: Sequence[Thing],
    wanted: Collection[str],
    now_hidden: Collection[str],
    words: Mapping[MarkKind, str],
) -> str:
    """The text with the wanted words back where their kind's word stands, if it stands there as often as at first."""
    known = {(thing.kind, thing.words): thing.id for thing in of}
    for kind in {thing.kind for thing in of if thing.id in wanted}:
        hidden = [
            original.text[mark.start : mark.end]
            for mark in original.marks
            if mark.kind is kind and known.get((kind, original.text[mark.start : mark.end]), "") in {*now_hidden, ""}
        ]
        pieces = current.split(words[kind])
        if len(pieces) != len(hidden) + 1:
            continue
        back = [each if known.get((kind, each)) in wanted else words[kind] for each in hidden]
        current = "".join(part for pair in zip(pieces, [*back, ""], strict=True) for part in pair)
    return current


def _places(text: str, of: Sequence[Thing]) -> list[tuple[int, int, Thing]]:
    """Where things' words stand, the longest first where one holds another."""
    by_words = {thing.words: thing for thing in of}
    if not by_words:
        return []
    either = "|".join(re.escape(words) for words in sorted(by_words, key=len, reverse=True))
    found = re.finditer(rf"(?<!\w)(?:{either})(?=s?(?!\w))", text)
    return [(place.start(), place.end(), by_words[place[0]]) for place in found]
