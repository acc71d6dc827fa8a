"""Takes secrets, and people's addresses and numbers, out of whatever is logged, wherever they stand.

The second line of defence: the first is that nobody logs them. What is cut shows as ``[…]``; of a mail address its
domain stays, which tells of faults in delivery. Every expression is anchored and possessive or bounded, so that the
time grows as the text does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

CUT = "[…]"

_SECRETS = r"authorization|cookie|password|passwd|passwort|lösenord|secret|token|api[_-]?key|secret[_-]?key|session"
_IS_SECRET = re.compile(rf"(?i)(?:^|[_-])(?:{_SECRETS})s?$")
_NAMED = re.compile(
    rf"""(?ix) (?<![a-z]) (?P<name> (?:{_SECRETS})s?+ ["']?+ \s?+ [:=] \s?+ )
    (?: b?" (?:[^"\\]|\\.)*+ "?+ | b?' (?:[^'\\]|\\.)*+ '?+ | (?:bearer|basic|digest)\s++\S++ | [^\s"',;&]++ )"""
)
"""``password=…``, ``'token': '…'`` and the like; without quotes to the next blank."""
_HEADER = re.compile(r"(?im)(?<![a-z])(?P<name>(?:set-)?cookie:)[^\r\n\"']++")
_SCHEME = re.compile(r"(?i)(?<![a-z])(?P<name>bearer|basic)\s++[a-z0-9+/._~=-]{8,}+")
_USER = re.compile(r"(?<=://)[^\s/\"'<>]*+(?:(?<=@)|(?=@))|(?<=://)[^\s/@\"'<>]++(?=@)")
_QUERY = re.compile(r"(?<=[\w/.-]\?)[^\s\"'<>?=]++=[^\s\"'<>]*+")
"""What follows the question mark of an address: it signs links."""
_SEGMENT = re.compile(r"(?<=/)(?=[A-Za-z_-]*+[0-9])[A-Za-z0-9_-]{24,}+")
"""A part of a path as long as no page's name: a token."""
_LONG = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*+[0-9])[A-Za-z0-9]{40,}+")
"""Keys, derived passwords, signed ids. What ties logs together is shorter: ids of 32 digits."""
_SIGNATURE = re.compile(r"(?<![A-Za-z0-9])(?=[a-z]*+[2-7])(?=[a-f2-7]*+[g-z])[a-z2-7]{16,39}+(?![A-Za-z0-9])")
"""What ``shared.signing`` makes, by itself."""
_LOCAL = re.compile(r"(?:(?<![^\s<>()\[\],;:\"'@=])[^\s<>()\[\],;:\"'@=]++|\"[^\"\n]{1,64}+\")(?=@[\w\[])")
_ENCODED_LOCAL = re.compile(r"(?<![\w.+~%-])(?:[\w.+~-]|%(?!40)[0-9A-Fa-f]{2})++(?=%40[\w\[])")
"""The local part of an address as it stands in a URL."""
_PHONE = re.compile(r"(?<![\w+])\+[1-9][0-9]{7,14}(?!\w)")
"""A telephone number as text messages are sent to (E.164)."""
_NUMBER = re.compile(
    r"(?<![0-9A-Fa-f-])(?:1[89]|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:[06][1-9]|[1278][0-9]|[39][01])"
    r"(?: ?[-+\u2010-\u2013\u2212] ?| ?)[0-9]{4}"
    r"(?![0-9A-Fa-f-])"
)
"""As a personal identity or co-ordination number is written (SKV 704); its check figure is not asked for."""


def redact(text: str) -> str:
    """The text without what must not be in a log."""
    if "@" in text:
        if "://" in text:
            text = _USER.sub(CUT, text)
        text = _LOCAL.sub(CUT, text)
    if "%40" in text:
        text = _ENCODED_LOCAL.sub(CUT, text)
    if "+" in text:
        text = _PHONE.sub(CUT, text)
    if "=" in text or ":" in text:
        text = _HEADER.sub(rf"\g<name> {CUT}", text)
        text = _NAMED.sub(rf"\g<name>{CUT}", text)
    if "?" in text:
        text = _QUERY.sub(CUT, text)
    text = _SCHEME.sub(rf"\g<name> {CUT}", text)
    if "/" in text:
        text = _SEGMENT.sub(CUT, text)
    text = _LONG.sub(CUT, text)
    text = _SIGNATURE.sub(CUT, text)
    return _NUMBER.sub(CUT, text)


def redact_fields(_logger: object, _method: str, event: Any) -> Any:
    """structlog's processor: every field of a line, and all that is in them. The last before a line is written."""
    for name, value in event.items():
        if name not in _STRUCTLOGS_OWN:
            event[name] = CUT if _names_a_secret(name) and value else _without(value)
    return event


_STRUCTLOGS_OWN = frozenset({"_record", "_from_structlog", "timestamp", "level", "role", "correlation_id", "trace_id"})
"""Of its own making, and ours."""


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _IS_SECRET.search(name) is not None


def _without(value: Any) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**8 or (kept := redact(str(value))) == str(value) else kept
    if isinstance(value, str):
        return redact(value) if len(value) > 2 else value
    if isinstance(value, dict):
        return {
            redact(str(name)): CUT if _names_a_secret(str(name)) and inside else _without(inside)
            for name, inside in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_without(each) for each in value]
    return redact(repr(value))
