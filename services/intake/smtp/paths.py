"""The grammar of MAIL FROM and RCPT TO (RFC 5321 §4.1.2, RFC 6531 §3.3), linear in its input. Pure.

Wider than the standard where real senders are: dots anywhere in a local part, blanks after the colon,
no angle brackets. Never wider for a route: ``@a:b@c`` is refused.
"""

from __future__ import annotations

import re

Parameters = dict[str, str | None]
"""ESMTP parameters: keyword in capitals, value or None."""

_LOCAL = r"(?:[^\x00-\x20\x7f\"(),:;<>@\[\\\]]+|\"(?:[^\x00-\x1f\x7f\"\\]|\\[\x20-\x7e])*\")"
_LABEL = r"[A-Za-z0-9_\x80-\U0010ffff-]+"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z.:-]{{1,64}}\])"
_PATH = re.compile(rf"(?P<local>{_LOCAL})(?:@(?P<domain>{_DOMAIN}))?")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?")


def take_path(argument: str, keyword: str) -> tuple[str, str] | None:
    """Split ``FROM:<path> parameters`` into path and parameters; None where it has another form.

    :param keyword: ``FROM:`` or ``TO:``, in any letter case in ``argument``.
    """
    if argument[: len(keyword)].upper() != keyword:
        return None
    rest = argument[len(keyword) :].lstrip(" \t")
    if not rest.startswith("<"):
        path, _, parameters = rest.partition(" ")
        return (path, parameters) if path else None
    closing = _closing_bracket(rest)
    if closing is None or rest[closing + 1 : closing + 2] not in ("", " ", "\t"):
        return None
    return rest[1:closing], rest[closing + 1 :]


def split_address(path: str) -> tuple[str, str] | None:
    """Local part (quotes undone) and domain (empty where there is none) of a path; None where malformed."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    local = match["local"]
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local, match["domain"] or ""


def parameters(text: str) -> Parameters | None:
    """The ESMTP parameters behind a path; None where malformed or where one comes twice."""
    found: Parameters = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None or match[1].upper() in found:
            return None
        found[match[1].upper()] = match[2]
    return found


def _closing_bracket(text: str) -> int | None:
    """Where the ``>`` of the path that ``text`` begins with stands; one inside a quoted string is not it."""
    if '"' not in text:
        position = text.find(">")
        return None if position < 0 else position
    quoted = escaped = False
    for position, sign in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and sign == "\\":
            escaped = True
        elif sign == '"':
            quoted = not quoted
        elif sign == ">" and not quoted:
            return position
    return None
