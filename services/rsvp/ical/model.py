"""What a calendar object tells, as plain data: nothing here knows of databases or of iCalendar's spelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Method(StrEnum):
    """What the object is for (RFC 5546 §1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    PUBLISH = "PUBLISH"


class PartStat(StrEnum):
    """What an attendee has said (RFC 5545 §3.2.12)."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a calendar: a mailbox with the name shown."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    """The one whom an invitation is for."""

    person: Person
    partstat: PartStat


@dataclass(frozen=True, slots=True)
class Meeting:
    """One event as a calendar knows it."""

    uid: str
    sequence: int
    """RFC 5545 §3.8.7.4."""
    stamp: datetime
    """DTSTAMP: when the object was made (§3.8.7.2); in a feed, when the event was last changed."""
    starts_at: datetime
    ends_at: datetime | None
    zone: str
    """The IANA zone in which its times are said."""
    title: str
    organizer: Person
    text: str = ""
    """Plain text."""
    place: str = ""
    url: str = ""
    attendee: Attendee | None = None
    is_cancelled: bool = False
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar that others subscribe to."""

    name: str
    meetings: Sequence[Meeting]
    url: str = ""
    """Where it is fetched."""
