"""Calendar objects as text: invitations, their withdrawal, and feeds (RFC 5545, 5546, 6047).

Times are said in the event's own zone with its VTIMEZONE, so that "13.00" stays 13.00 on whatever side of a change to
or from summer time. The library escapes, folds at 75 octets and ends lines with CR LF.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vDuration, vText

from services.rsvp.ical.model import Feed, Meeting, Method, Person
from services.rsvp.ical.zones import timezone

PRODUCT = "-//Ideslussen//Events//EN"
REFRESH_HOURS = 1
"""How often a subscriber is asked to look again."""
EMPTY_ZONE, EMPTY_YEAR = "Europe/Stockholm", 2026
"""What an empty feed holds: a zone, by a rule that goes on."""
MOST_TEXT = 8_000
"""Characters of a DESCRIPTION: calendar programs cut, or refuse, far longer ones."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def invitation(meeting: Meeting, method: Method) -> str:
    """One meeting for one attendee as an iTIP object, with CR LF line ends.

    :raises ValueError: it is for nobody, or the method is none that an organiser sends to an attendee.
    """
    if meeting.attendee is None or method not in (Method.REQUEST, Method.CANCEL):
        raise ValueError("an invitation is a REQUEST or a CANCEL, for somebody")
    return _written(_calendar(method, (meeting,)))


def feed(what: Feed) -> str:
    """Meetings to subscribe to (METHOD:PUBLISH), or a file with one of them."""
    calendar = _calendar(Method.PUBLISH, what.meetings)
    name = _plain(what.name)
    # RFC 7986's names, and those that Google, Apple and Outlook read since before it.
    calendar.add("NAME", vText(name))
    calendar.add("X-WR-CALNAME", vText(name))
    calendar.add("REFRESH-INTERVAL", vDuration(timedelta(hours=REFRESH_HOURS)), parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", f"PT{REFRESH_HOURS}H")
    if what.url:
        calendar.add("SOURCE", what.url, parameters={"VALUE": "URI"})
    if not what.meetings:
        # A calendar without any component is none (RFC 5545 §3.6), and a subscriber would be told of a fault.
        calendar.add_component(timezone(EMPTY_ZONE, EMPTY_YEAR, EMPTY_YEAR))
    return _written(calendar)


def _calendar(method: Method, meetings: Sequence[Meeting]) -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method.value)
    for zone in sorted({meeting.zone for meeting in meetings}):
        years = sorted(_years(meeting for meeting in meetings if meeting.zone == zone))
        calendar.add_component(timezone(zone, years[0], years[-1]))
    for meeting in meetings:
        calendar.add_component(_event(meeting, method))
    return calendar


def _event(meeting: Meeting, method: Method) -> Event:
    zone = ZoneInfo(meeting.zone)
    event = Event()
    event.add("UID", meeting.uid)
    event.add("SEQUENCE", meeting.sequence)
    event.add("DTSTAMP", _utc(meeting.stamp))
    event.add("DTSTART", meeting.starts_at.astimezone(zone))
    if meeting.ends_at is not None:
        event.add("DTEND", meeting.ends_at.astimezone(zone))
    event.add("SUMMARY", vText(_plain(meeting.title)))
    if meeting.text:
        event.add("DESCRIPTION", vText(_plain(meeting.text, many_lines=True)))
    if meeting.place:
        event.add("LOCATION", vText(_plain(meeting.place)))
    if meeting.url:
        event.add("URL", meeting.url)
    is_off = method is Method.CANCEL or meeting.is_cancelled
    event.add("STATUS", "CANCELLED" if is_off else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if is_off else "OPAQUE")
    event.add("ORGANIZER", _person(meeting.organizer))
    if meeting.attendee is not None:
        attendee = _person(meeting.attendee.person)
        attendee.params["CUTYPE"] = vText("INDIVIDUAL")
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["PARTSTAT"] = vText(meeting.attendee.partstat.value)
        if method is Method.REQUEST:
            attendee.params["RSVP"] = vText("TRUE")
        event.add("ATTENDEE", attendee)
    if meeting.updated_at is not None:
        event.add("LAST-MODIFIED", _utc(meeting.updated_at))
    return event


def _person(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.address}")
    # A parameter's value may hold no quotation mark, however it is written (RFC 5545 §3.1).
    name = _plain(person.name).replace('"', "'")
    if name:
        address.params["CN"] = vText(name)
    return address


def _plain(text: str, *, many_lines: bool = False) -> str:
    """The text without what a content line cannot hold (RFC 5545 §3.3.11)."""
    # Some readers end a line wherever Unicode does (U+0085, U+2028), and would take what follows for one of its own.
    bare = _CONTROL.sub("", "\n".join(text.splitlines()))
    if not many_lines:
        return " ".join(bare.split())
    bare = bare.strip()
    return bare if len(bare) <= MOST_TEXT else bare[: MOST_TEXT - 2].rstrip() + " …"


def _years(meetings: Iterable[Meeting]) -> set[int]:
    return {moment.year for one in meetings for moment in (one.starts_at, one.ends_at or one.starts_at)}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _written(calendar: Calendar) -> str:
    octets: bytes = calendar.to_ical()
    return octets.decode("utf-8")
