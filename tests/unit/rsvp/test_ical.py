"""Calendar objects as other programs read them: round trip, an independent reader, and times across the changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from services.rsvp.domain import calendar_numbers
from services.rsvp.domain.calendar_names import guest_of_uid, public_uid, uid_of
from services.rsvp.ical.build import feed, invitation
from services.rsvp.ical.model import Attendee, Feed, Meeting, Method, PartStat, Person
from services.rsvp.ical.zones import timezone
from shared.ids import new_secret_id
from shared.signing import Signer

MEETING = Meeting(
    uid="traff-x@ideslussen",
    sequence=1000,
    stamp=datetime(2026, 10, 1, 8, 30, 15, 999, tzinfo=UTC),
    starts_at=datetime(2026, 10, 24, 11, tzinfo=UTC),
    ends_at=datetime(2026, 10, 25, 11, tzinfo=UTC),
    zone="Europe/Stockholm",
    title="Kalasturné; i Krokom,\nmed \\ och å" + "ä" * 60,
    organizer=Person("ide+traff.abc.def@krokom.example", 'Krokoms "kommun": ide\r\nX-EVIL:1'),
    text="Välkommen!\r\n\r\nTa med; en kollega, eller två.\x00" + "🎉" * 40,
    place="Folkets hus, Storgatan 1",
    url="https://idesluss.example/traffar/kalas?a=1,2;3",
    attendee=Attendee(Person("åsa@skola.example", "Åsa Öberg"), PartStat.ACCEPTED),
    updated_at=datetime(2026, 9, 30, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize("method", [Method.REQUEST, Method.CANCEL])
def test_an_invitation_says_the_same_to_two_readers(method: Method) -> None:
    text = invitation(MEETING, method)

    calendar = icalendar.Calendar.from_ical(text)
    [event] = calendar.walk("VEVENT")
    other = vobject.readOne(text)
    stockholm = ZoneInfo("Europe/Stockholm")
    assert str(calendar["METHOD"]) == other.method.value == method.value
    assert event["SEQUENCE"] == int(other.vevent.sequence.value) == 1000
    assert str(event["UID"]) == other.vevent.uid.value == MEETING.uid
    title = "Kalasturné; i Krokom, med \\ och å" + "ä" * 60
    assert str(event["SUMMARY"]) == other.vevent.summary.value == title
    wanted = "Välkommen!\n\nTa med; en kollega, eller två." + "🎉" * 40
    assert str(event["DESCRIPTION"]) == other.vevent.description.value == wanted
    assert event["DTSTART"].dt == other.vevent.dtstart.value == MEETING.starts_at
    assert event["DTEND"].dt == other.vevent.dtend.value == MEETING.ends_at
    assert event["DTSTART"].dt.astimezone(stockholm).utcoffset() == timedelta(hours=2)
    assert other.vevent.dtend.value.utcoffset() == timedelta(hours=1), "the night between is an hour longer"
    assert str(event["ORGANIZER"]) == other.vevent.organizer.value == "mailto:ide+traff.abc.def@krokom.example"
    assert other.vevent.attendee.params["PARTSTAT"] == ["ACCEPTED"]
    assert ("RSVP" in other.vevent.attendee.params) == (method is Method.REQUEST)
    assert other.vevent.status.value == ("CANCELLED" if method is Method.CANCEL else "CONFIRMED")
    assert "X-EVIL" not in event
    assert not hasattr(other.vevent, "x_evil")


def test_lines_are_as_rfc_5545_wants_them() -> None:
    octets = invitation(MEETING, Method.REQUEST).encode()

    assert octets.endswith(b"\r\n")
    assert octets.replace(b"\r\n", b"").count(b"\n") == 0
    lines = octets.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert [line.decode() for line in lines], "no character is broken in two"
    assert b"DTSTAMP:20261001T083015Z" in lines
    assert b"\r\nVALARM" not in octets


@pytest.mark.parametrize(
    ("zone", "is_ruled"),
    [
        ("Europe/Stockholm", True), ("America/New_York", True), ("Europe/Dublin", True), ("Australia/Lord_Howe", True),
        ("Asia/Kathmandu", True), ("UTC", True), ("Africa/Casablanca", False),
    ],
)  # fmt: skip
def test_a_zone_says_the_right_time_at_every_hour_around_its_changes(zone: str, is_ruled: bool) -> None:
    component = timezone(zone, 2026, 2026)

    text = component.to_ical().decode()
    assert "RDATE" not in text, "Outlook reads none"
    assert text.count("BEGIN:STANDARD") + text.count("BEGIN:DAYLIGHT") <= (2 if is_ruled else 20)
    # Our own reading of it, apart from the library that wrote it: what each observance says is in force, and when.
    known = icalendar.Timezone.from_ical(text).to_tz(lookup_tzid=False)
    moment = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - wall clock
    while moment.year == 2026:
        assert moment.replace(tzinfo=known).utcoffset() == moment.replace(tzinfo=ZoneInfo(zone)).utcoffset(), moment
        moment += timedelta(days=1)


def test_a_feed_holds_its_events_and_an_empty_one_is_a_calendar_too() -> None:
    off = replace(MEETING, uid="2", attendee=None, is_cancelled=True, ends_at=None)
    full = vobject.readOne(feed(Feed("Träffar", [replace(MEETING, attendee=None), off], "https://x.example/k.ics")))
    empty = icalendar.Calendar.from_ical(feed(Feed("Träffar", [])))

    assert full.method.value == "PUBLISH"
    assert [each.status.value for each in full.vevent_list] == ["CONFIRMED", "CANCELLED"]
    assert len(full.vtimezone_list) == 1
    assert empty.walk("VTIMEZONE")
    assert not empty.walk("VEVENT")


def test_the_newest_object_always_has_the_highest_number() -> None:
    sent: list[int] = []
    event = 0
    for step in ("request", "request", "cancel", "request", "move", "request", "cancel", "move", "request", "cancel"):
        last = sent[-1] if sent else None
        if step == "move":
            event += 1
        elif step == "request":
            sent.append(calendar_numbers.of_request(event, last))
        else:
            number = calendar_numbers.of_cancel(event, last)
            assert number is not None
            assert calendar_numbers.of_cancel(event, number) is None, "once"
            sent.append(number)

    assert sent == [0, 0, 1, 2, 1000, 1001, 2000, 2001], "it rises with every turn, and with nothing else"
    assert calendar_numbers.of_cancel(3, None) is None, "nothing was asked, so nothing is withdrawn"
    assert calendar_numbers.event_sequence_of(2001) == 2


def test_a_guests_uid_is_a_secret_that_survives_a_new_key() -> None:
    old, new = new_secret_id().encode(), new_secret_id().encode()
    guest = uuid4()
    uid = uid_of(Signer([old]), guest)

    assert uid_of(Signer([new, old]), guest) == uid
    assert guest_of_uid(Signer([new, old]), uid.upper()) == guest
    for forged in (uid_of(Signer([new]), guest), public_uid(guest), uid[:-30] + "a" * 26 + "@ideslussen", "x", ""):
        assert guest_of_uid(Signer([old]), forged) is None
