"""People's words made harmless to store and to put on one line; nothing that can be read is taken away."""

from __future__ import annotations

import re

LONGEST_TEXT = 20_000
"""Characters of somebody's words that a mail repeats; the rest is on the idea's page."""

_CONTROLS = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?|[\u0085\u2028\u2029]")
_UNSEEN = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BLANKS = re.compile(r"\s+")


def cleaned(text: str) -> str:
    """``text`` with LF line ends, without control signs, lone surrogates and signs that turn reading around."""
    return _UNSEEN.sub("", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))


def cut(text: str) -> str:
    """``text`` cleaned, at most ``LONGEST_TEXT`` characters of it, with an ellipsis where something was left out."""
    whole = cleaned(text)
    return whole if len(whole) <= LONGEST_TEXT else f"{whole[:LONGEST_TEXT].rstrip()} …"


def one_line(text: str, longest: int = 200) -> str:
    """``text`` on one line of at most ``longest`` characters, cut at a word with an ellipsis."""
    line = _BLANKS.sub(" ", cleaned(text)).strip()
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    word = cut.rpartition(" ")[0]
    return f"{word if len(word) > longest // 2 else cut}…"


def cleaned_facts(value: object) -> object:
    """Every string anywhere in plain data cleaned and cut, so that PostgreSQL, JSON and a mail can hold it."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, dict):
        return {key: cleaned_facts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [cleaned_facts(inner) for inner in value]
    return value
