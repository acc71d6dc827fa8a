"""The iTIP part of a mail: what a calendar says of the first event in it (RFC 5545, 5546, 6047).

A reader of eleven properties, not of calendars: one pass, and whatever is missing is None. Outlook.com's
REPLY has no ORGANIZER, Google's comes from another address than it names, some have no METHOD but in
Content-Type: nothing is required.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.intake.mail.model import Calendar, Part
from services.intake.mail.parts import charsets

MAX_BYTES = 1024 * 1024
_TYPES = ("text/calendar", "application/ics", "text/x-vcalendar", "application/calendar")
MAX_COMMENT = 2_000
"""Characters of a COMMENT that are kept; the mail itself is kept whole."""
_MOMENT = re.compile(r"(\d{8}T\d{6})(Z?)", re.ASCII)
_ESCAPED = re.compile(r"\\([\\;,nN])")
_WINDOWS_ZONES = {
    "w. europe standard time": "Europe/Berlin",
    "central europe standard time": "Europe/Budapest",
    "central european standard time": "Europe/Warsaw",
    "romance standard time": "Europe/Paris",
    "fle standard time": "Europe/Helsinki",
    "gmt standard time": "Europe/London",
}
"""How Outlook names the zones hereabouts."""
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
        stamp=_moment(found.get("DTSTAMP")),
        starts_at=_moment(found.get("DTSTART")),
        comment=_text(found.get("COMMENT")),
        delegated_to=_mailbox(attendee.params.get("DELEGATED-TO", "").partition(",")[0]) if attendee else None,
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
    return _mailbox(line.value, line.params.get("EMAIL", ""))


def _mailbox(written: str, otherwise: str = "") -> str | None:
    value = written.strip()
    scheme, colon, rest = value.partition(":")
    if colon and scheme.lower() == "mailto":
        value = rest.partition("?")[0]
    elif "@" not in value or "/" in value or colon:
        value = otherwise
    return value.strip(" <>").lower() or None


def _text(line: Property | None) -> str | None:
    """A TEXT value (RFC 5545 §3.3.11), without its escapes."""
    value = (_value(line) or "")[: MAX_COMMENT * 2]
    plain = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return plain[:MAX_COMMENT].strip() or None


def _moment(line: Property | None) -> datetime | None:
    """A DATE-TIME (§3.3.5): in UTC, or in the zone that it names. A zone that we do not know is not guessed at.

    Without a zone it is read as UTC: DTSTAMP must be (§3.8.7.2), and is at times written without its Z.
    """
    match = _MOMENT.fullmatch(_value(line) or "")
    if line is None or match is None:
        return None
    try:
        naive = datetime.strptime(match[1], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone is found below
        name = line.params.get("TZID", "").strip("/")
        zone = ZoneInfo(_WINDOWS_ZONES.get(name.lower(), name)) if name and not match[2] else UTC
        return naive.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, KeyError, OSError, OverflowError):  # ZoneInfo raises any of the first three for odd names
        return None
