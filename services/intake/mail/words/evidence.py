"""What tells a mail client's line from a sentence: a date, a time of day, an address.

A header carries one of these; a sentence seldom does. Every pattern is bounded, so that a hostile line
costs no more than its length.
"""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@<>()\[\]]{1,64}@[^\s@<>()\[\]]{1,255}")
_TIME = re.compile(r"(?<![\d.:])(?<!\d-)\d{1,2}(?:[:：.]|\s?h\s?)\d{2}(?:[:.]\d{2})?(?!\d|\.\d)")
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}|(?:19|20)\d{2}[./-]\s?\d{1,2}[./-]\s?\d{1,2}"
    r"|(?:19|20)\d{2}|\d{1,4}\s?[年년]|25[67]\d)(?!\d)"
)


_FIGURE = re.compile(r"\d")


def has_figure(text: str) -> bool:
    """True where a digit stands in the text."""
    return _FIGURE.search(text) is not None


def has_address(text: str) -> bool:
    """True where an email address stands in the text."""
    return "@" in text and _ADDRESS.search(text) is not None


def has_time(text: str) -> bool:
    """True where a time of day such as 09:14, 9.14 or 9h14 stands in the text."""
    return _TIME.search(text) is not None


def has_date(text: str) -> bool:
    """True where a year or a date in figures stands in the text."""
    return _DATE.search(text) is not None


def address_at(text: str) -> int:
    """Where the first address begins, or -1."""
    found = _ADDRESS.search(text) if "@" in text else None
    return found.start() if found else -1


def first_figure(text: str) -> int:
    """Where the first digit stands, or -1."""
    found = _FIGURE.search(text)
    return found.start() if found else -1
