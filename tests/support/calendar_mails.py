"""What calendar programs mail when somebody presses a button in an invitation, each in its own form (RFC 5546, 6047).

Written after the forms that the programs are known to send; no real person's calendar is in it.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import Message

from icalendar import Calendar

from shared.clock import now


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button pressed in a calendar: what the invitation said, and who answers what."""

    invitation: Calendar
    partstat: str
    attendee: str
    sender: str = ""
    """Empty: the attendee."""
    stamp: datetime | None = None
    """None: two seconds from now, as a clock that is somewhat fast; so it is always after what was done before it."""
    uid: str = ""
    sequence: int | None = None

    @property
    def event(self) -> Calendar:
        return self.invitation.walk("VEVENT")[0]

    @property
    def organizer(self) -> str:
        """The address to which the answer goes."""
        return str(self.event["ORGANIZER"]).removeprefix("mailto:")

    @property
    def from_address(self) -> str:
        return self.sender or self.attendee

    def lines(self, attendee: str, *, method: bool = True, organizer: bool = True, zone: str = "") -> str:
        """The calendar object, with CR LF."""
        starts, ends = (self.event[name].dt for name in ("DTSTART", "DTEND"))
        stamp = self.stamp or now() + timedelta(seconds=2)
        times = [
            f"{name};TZID={zone}:{moment:%Y%m%dT%H%M%S}" if zone else f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
            for name, moment in (("DTSTART", starts), ("DTEND", ends))
        ]
        found = [
            "BEGIN:VCALENDAR",
            "PRODID:-//A calendar//EN",
            "VERSION:2.0",
            *(["METHOD:REPLY"] if method else []),
            "BEGIN:VEVENT",
            f"UID:{self.uid or self.event['UID']}",
            f"SEQUENCE:{self.event['SEQUENCE'] if self.sequence is None else self.sequence}",
            f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            *times,
            *([f"ORGANIZER:mailto:{self.organizer}"] if organizer else []),
            attendee,
            f"SUMMARY:{self.partstat.capitalize()}: {self.event['SUMMARY']}",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
        return "".join(_folded(line) for line in found)


def invitation_in(raw: bytes | str) -> tuple[Calendar, str, str]:
    """The calendar part of a mail as it lies in a mailbox: read, its method by Content-Type, its text."""
    mail = message_from_string(raw.decode() if isinstance(raw, bytes) else raw)
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    text = part.get_payload(decode=True)
    assert isinstance(text, bytes)
    return Calendar.from_ical(text), str(part.get_param("method")), text.decode()


def has_calendar(raw: bytes | str) -> bool:
    mail = message_from_string(raw.decode() if isinstance(raw, bytes) else raw)
    return any(part.get_content_type() == "text/calendar" for part in mail.walk())


def outlook(pressed: Pressed) -> bytes:
    """Outlook.com's: no ORGANIZER, METHOD in Content-Type alone, base64, Windows' name of the zone."""
    content = pressed.lines(
        f"ATTENDEE;PARTSTAT={pressed.partstat};CN={pressed.attendee}:MAILTO:{pressed.attendee}",
        method=False,
        organizer=False,
        zone="W. Europe Standard Time",
    )
    parts = [
        ('text/plain; charset="utf-8"', "quoted-printable", "=0D=0A"),
        ('text/calendar; charset="utf-8"; method=REPLY', "base64", base64.encodebytes(content.encode()).decode()),
    ]
    return _mail(pressed, "multipart/alternative", parts)


def google(pressed: Pressed) -> bytes:
    """Google Calendar's: the object twice, as a part and as invite.ics; its sender may be another address."""
    content = pressed.lines(
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={pressed.partstat};"
        f"CN={pressed.attendee};X-NUM-GUESTS=0:mailto:{pressed.attendee}"
    )
    encoded = base64.encodebytes(content.encode()).decode()
    parts = [
        ('text/plain; charset="UTF-8"; format=flowed; delsp=yes', "7bit", f"{pressed.attendee} has answered."),
        ('text/calendar; charset="UTF-8"; method=REPLY', "7bit", content),
        ('application/ics; name="invite.ics"', "base64", encoded),
    ]
    return _mail(pressed, "multipart/mixed", parts)


def apple(pressed: Pressed) -> bytes:
    """Apple Calendar's: the attendee is a principal, the address stands in EMAIL."""
    content = pressed.lines(
        f'ATTENDEE;CN=Guest;CUTYPE=INDIVIDUAL;EMAIL="{pressed.attendee}";PARTSTAT={pressed.partstat}:'
        "/aMTQzNDQ2/principal/"
    )
    parts = [
        ("text/plain; charset=utf-8", "7bit", "Answer"),
        ("text/calendar; charset=utf-8; method=REPLY; name=meeting.ics", "quoted-printable", _quoted(content)),
    ]
    return _mail(pressed, "multipart/alternative", parts)


FORMS: dict[str, Callable[[Pressed], bytes]] = {"outlook": outlook, "google": google, "apple": apple}


def vouched_for(mail: bytes, domain: str, authserv_id: str = "front.example") -> bytes:
    """As a trusted front passes it on after its own checks (RFC 8601)."""
    return f"Authentication-Results: {authserv_id}; dmarc=pass header.from={domain}\r\n".encode() + mail


def _mail(pressed: Pressed, kind: str, parts: list[tuple[str, str, str]]) -> bytes:
    boundary = "=_calendar_answer"
    # What else is in it makes it another mail than the one before, as every sent mail has a Message-ID of its own.
    identity = f"{now():%Y%m%d%H%M%S%f}"
    head = Message()
    head["From"] = pressed.from_address
    head["To"] = pressed.organizer
    head["Subject"] = f"{pressed.partstat.capitalize()}: {pressed.event['SUMMARY'].encode('ascii', 'ignore').decode()}"
    head["Date"] = f"{now():%a, %d %b %Y %H:%M:%S +0000}"
    head["Message-ID"] = f"<{identity}@{pressed.from_address.rpartition('@')[2]}>"
    head["MIME-Version"] = "1.0"
    head["Content-Type"] = f'{kind}; boundary="{boundary}"'
    body = "".join(
        f"--{boundary}\r\nContent-Type: {written}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}\r\n"
        for written, encoding, content in parts
    )
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"{lines}\r\n{body}--{boundary}--\r\n".encode()


def _folded(line: str) -> str:
    """RFC 5545 §3.1: 75 octets a line."""
    octets, pieces = line.encode(), []
    while octets:
        cut = min(74, len(octets))
        while cut < len(octets) and octets[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(octets[:cut].decode())
        octets = octets[cut:]
    return "\r\n ".join(pieces) + "\r\n"


def _quoted(content: str) -> str:
    return quopri.encodestring(content.replace("\r\n", "\n").encode()).decode().replace("\n", "\r\n")
