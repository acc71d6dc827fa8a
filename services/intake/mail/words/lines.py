"""A mail's text as lines, each with what its form says: how deep it is quoted and where it came from.

Plain text and HTML both become ``Line``s, so that one set of rules tells own words from quoted ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a mail client's own mark-up says of a line: evidence, never yet a decision."""

    ATTRIBUTION = "attribution"
    SIGNATURE = "signature"
    BOUNDARY = "boundary"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a mail. ``text`` is what is shown, ``words`` what is compared."""

    text: str
    """As written, without trailing blanks; quote signs included."""
    words: str
    """Without quote signs and outer blanks, every kind of blank folded to one space."""
    depth: int = 0
    """How many quotes it stands in."""
    role: Role | None = None
    indented: bool = False
    """In a blockquote that may be only an indentation, or behind ``AB>`` or ``|`` that may be a prompt or a table:
    a quote below an attribution."""

    @property
    def blank(self) -> bool:
        """True where the line holds nothing to read, quote signs aside."""
        return not self.words


_INVISIBLE = {ord(sign): None for sign in "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c"}
# A quote sign followed by one of these is a face, not a quote: ">:-(", ">_<".
_QUOTE = re.compile(r"[ \t\u00a0]{0,3}(>(?![:;_<=(])[> \t\u00a0]*)")
_PREFIX = re.compile(r"[ \t\u00a0]{0,4}(?:[A-ZÅÄÖ][A-Za-zÅÄÖåäö]{1,20}>|\|) ")
_LINE_END = re.compile(r"\r\n|[\r\n\u2028\u2029]")


def fold(text: str) -> str:
    """Every run of blanks as one space, invisible signs gone: the form that is compared."""
    return " ".join(text.translate(_INVISIBLE).split())


def from_plain(text: str) -> list[Line]:
    """Lines of a text/plain body; ``>`` at the start is a quote sign, Supercite's ``AB>`` or a bar may be one."""
    return [_plain_line(raw) for raw in _LINE_END.split(text.removeprefix("\ufeff"))]


def _plain_line(raw: str) -> Line:
    raw = raw.rstrip()
    quote = _QUOTE.match(raw)
    if quote:
        return Line(raw, fold(raw[quote.end() :]), quote.group(1).count(">"))
    prefix = _PREFIX.match(raw)
    if prefix:
        return Line(raw, fold(raw[prefix.end() :]), indented=True)
    return Line(raw, fold(raw))


def show(lines: Iterable[Line]) -> str:
    """The lines as text: LF between, no blank lines first or last."""
    shown = [line.text for line in lines]
    start, end = 0, len(shown)
    while start < end and not shown[start].strip():
        start += 1
    while end > start and not shown[end - 1].strip():
        end -= 1
    return "\n".join(shown[start:end])


def next_filled(lines: Sequence[Line], start: int) -> int:
    """Index of the first line from ``start`` on that is not blank, or ``len(lines)``."""
    while start < len(lines) and lines[start].blank:
        start += 1
    return start


def last_filled(lines: Sequence[Line], end: int) -> int:
    """Index of the last line before ``end`` that is not blank, or -1."""
    end -= 1
    while end >= 0 and lines[end].blank:
        end -= 1
    return end


def opening(lines: Sequence[Line], start: int) -> str:
    """The first words from line ``start`` on, short enough for a reason."""
    start = next_filled(lines, start)
    return lines[start].words[:40] if start < len(lines) else ""


def count(lines: Iterable[Line]) -> str:
    """How many lines hold something to read, in words: "1 line", "14 lines"."""
    filled = sum(1 for line in lines if not line.blank)
    return "1 line" if filled == 1 else f"{filled} lines"
