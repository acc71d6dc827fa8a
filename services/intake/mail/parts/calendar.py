"""The iTIP part of a mail: what a calendar says of the first event in it (RFC 5545, 5546, 6047).

A reader of seven properties, not of calendars: one pass, and whatever is missing is None. Outlook.com's
REPLY has no ORGANIZER, Google's comes from another address than it names, some have no METHOD but in
Content-Type: nothing is required.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.intake.mail.model import Calendar, Part
from services.intake.mail.parts import charsets

MAX_BYTES = 1024 * 1024
_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar", "application/calendar")
_METHODS = ("PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER")


class Property(NamedTuple):
    """A content line: name in upper case, parameters with names in upper case, value as written."""

    name: str
    params: dict[str, str]
    value: str


def find(tree: Part) -> Calendar | None:
    """The first calendar part that is a scheduling message (has a method), or None.

    A calendar without a method is a file somebody attached.
    """
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if not part.type.startswith("message/"):  # an invitation that came back is not one that came
            waiting.extend(reversed(part.children))
        if part.type in _TYPES or (part.filename.lower().endswith(".ics") and not part.children):
            calendar = read(part.content, part.params.get("method"), part.params.get("charset"))
            if calendar is not None and calendar.method is not None:
                return calendar
    return None


def read(content: bytes, method: str | None = None, charset: str | None = None) -> Calendar | None:
    """What a calendar object says; None where the bytes are none.

    Args:
        content: the object; only its first MiB is looked at.
        method: Content-Type's, which counts first (RFC 6047 §2.4 wants both and the same).
        charset: Content-Type's; UTF-8 is the format's own (RFC 5545 §3.1.4).
    """
    text = charsets.decode(content[:MAX_BYTES], charset or "utf-8")
    found: dict[str, Property] = {}
    written_method: str | None = None
    inside: list[str] = []
    is_calendar = False
    for line in properties(text):
        if line.name == "BEGIN":
            inside.append(line.value.strip().upper())
            is_calendar = is_calendar or inside[-1] == "VCALENDAR"
            if len(inside) > 20:
                break
        elif line.name == "END":
            if inside:
                ended = inside.pop()
                if ended == "VEVENT" and found:
                    break
        elif inside[-1:] == ["VEVENT"]:
            found.setdefault(line.name, line)
        elif line.name == "METHOD" and len(inside) <= 1:
            written_method = written_method or line.value
    if not is_calendar:
        return None
    attendee = found.get("ATTENDEE")
    partstat = attendee.params.get("PARTSTAT", "").upper() if attendee else ""
    return Calendar(
        method=_method(method) or _method(written_method),
        uid=_value(found.get("UID")),
        sequence=_number(_value(found.get("SEQUENCE"))),
        attendee=_attendee(attendee),
        partstat=partstat or None,
    )


def properties(text: str) -> Iterator[Property]:
    """Content lines, unfolded (RFC 5545 §3.1): a line that begins with a blank goes on the one before."""
    pieces: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in (" ", "\t") and pieces:
            pieces.append(line[1:])
            continue
        if pieces and (found := _property("".join(pieces))) is not None:
            yield found
        pieces = [line]
    if pieces and (found := _property("".join(pieces))) is not None:
        yield found


def _property(line: str) -> Property | None:
    """``NAME;PARAM=value;PARAM="quoted":value``; None for a line without a colon."""
    head: list[str] = [""]
    is_quoted = False
    for position, sign in enumerate(line[:10_000]):
        if sign == '"':
            is_quoted = not is_quoted
        elif sign == ":" and not is_quoted:
            name, *params = head
            pairs = (param.partition("=") for param in params[:50])
            return Property(
                name.strip().upper().rpartition(".")[2],
                {key.strip().upper(): value.strip() for key, _, value in pairs},
                line[position + 1 :],
            )
        elif sign == ";" and not is_quoted:
            head.append("")
        else:
            head[-1] += sign
    return None


def _value(line: Property | None) -> str | None:
    return (line.value.replace("\x00", "").strip() or None) if line else None


def _method(text: str | None) -> str | None:
    method = (text or "").strip(" \t\"';").upper()
    return method if method in _METHODS else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 9 else None


def _attendee(line: Property | None) -> str | None:
    """The address; EMAIL= where the value is no mailbox (Apple's principals, Exchange's invalid:nomail)."""
    if line is None:
        return None
    value = line.value.strip()
    scheme, colon, rest = value.partition(":")
    if colon and scheme.lower() == "mailto":
        value = rest.partition("?")[0]
    elif "@" not in value or "/" in value or colon:
        value = line.params.get("EMAIL", "")
    return value.strip(" <>").lower() or None
