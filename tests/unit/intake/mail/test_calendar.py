"""What a calendar part says of its first event."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail import wire
from services.intake.mail.model import Calendar, Reading
from services.intake.mail.parts import calendar, mime
from tests.support.growth import assert_linear

FIXTURES = Path(__file__).parents[3] / "fixtures" / "mail" / "mime"


def event(*lines: str, method: str = "METHOD:REPLY") -> bytes:
    return "\r\n".join(("BEGIN:VCALENDAR", method, "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR", "")).encode()


def test_a_reply_of_outlook_com_without_organizer_is_read() -> None:
    # nextcloud/server#53949
    tree, _ = mime.parse((FIXTURES / "outlook-com-reply.eml").read_bytes())

    assert calendar.find(tree) == Calendar(
        method="REPLY",
        uid="traff-17@krokom.example",
        sequence=2,
        attendee="asa@skola.example",
        partstat="ACCEPTED",
    )


def test_content_types_method_counts_before_the_calendars() -> None:
    read = calendar.read(event(), "cancel")

    assert read is not None
    assert read.method == "CANCEL"


@pytest.mark.parametrize("method", ["", "X-METHOD:REPLY", "METHOD:NONSENSE", "METHOD"])
def test_a_calendar_without_a_method_is_a_file(method: str) -> None:
    tree, _ = mime.parse(b"Content-Type: text/calendar\n\n" + event(method=method))

    assert calendar.find(tree) is None


@pytest.mark.parametrize(
    ("line", "attendee", "partstat"),
    [
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:A@B.example", "a@b.example", "DECLINED"),
        ("attendee;partstat=tentative:MAILTO:a@b.example", "a@b.example", "TENTATIVE"),
        ('ATTENDEE;CN="Öberg; Åsa: skola";PARTSTAT=ACCEPTED:mailto:a@b.example', "a@b.example", "ACCEPTED"),
        ("ATTENDEE:a@b.example", "a@b.example", None),
        ("ATTENDEE;EMAIL=a@b.example;PARTSTAT=ACCEPTED:/principals/1/", "a@b.example", "ACCEPTED"),
        ("ATTENDEE;EMAIL=a@b.example:invalid:nomail", "a@b.example", None),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b\r\n .exam\r\n\tple", "a@b.example", "ACCEPTED"),
        ("ATTENDEE:", None, None),
        ("ATTENDEE", None, None),
    ],
)
def test_the_attendee_is_found_in_every_way_of_writing(line: str, attendee: str | None, partstat: str | None) -> None:
    read = calendar.read(event("UID:1", line))

    assert read is not None
    assert (read.attendee, read.partstat, read.uid) == (attendee, partstat, "1")


def test_only_the_first_event_counts_and_no_alarm_or_time_zone_in_it() -> None:
    data = event("UID:1", "BEGIN:VALARM", "ATTENDEE:mailto:x@y.example", "END:VALARM", "SEQUENCE:3") + event("UID:2")

    read = calendar.read(data)

    assert read == Calendar(method="REPLY", uid="1", sequence=3, attendee=None, partstat=None)


def test_what_a_decision_needs_besides_is_read() -> None:
    read = calendar.read(
        event(
            "DTSTAMP:20261124T101500Z",
            "DTSTART;TZID=W. Europe Standard Time:20261201T130000",
            "COMMENT;LANGUAGE=sv:Kommer sent\\, med \\\\ och\\nen rad",
            'ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:Bo@b.example":mailto:a@b.example',
        )
    )

    assert read is not None
    assert read.stamp == datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
    assert read.starts_at == datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert read.comment == "Kommer sent, med \\ och\nen rad"
    assert read.delegated_to == "bo@b.example"
    assert wire.load(*wire.dump(Reading(sha256="", calendar=read))).calendar == read


@pytest.mark.parametrize(
    "line",
    [
        "DTSTAMP:2026", "DTSTAMP:20269999T101500Z", "DTSTAMP;TZID=../../etc/passwd:20261124T101500", "DTSTAMP:",
        "DTSTAMP;TZID=Nowhere/Land:20261124T101500", "DTSTAMP;VALUE=DATE:20261124", "DTSTAMP:00000000T000000Z",
        "DTSTAMP;TZID=Europe/Stockholm\x00:20261124T101500", f"DTSTAMP;TZID={'x' * 5000}:20261124T101500",
    ],
)  # fmt: skip
def test_a_moment_that_is_none_is_not_guessed_at(line: str) -> None:
    read = calendar.read(event("UID:1", line))

    assert read is not None
    assert read.stamp is None


@pytest.mark.parametrize("sequence", ["x", "", "-1", "9" * 5000, "١"])
def test_a_sequence_that_is_no_number_is_none(sequence: str) -> None:
    read = calendar.read(event(f"SEQUENCE:{sequence}"))

    assert read is not None
    assert read.sequence is None


def test_an_invitation_in_a_returned_mail_is_not_one_that_came() -> None:
    tree, _ = mime.parse(b"Content-Type: message/rfc822\n\nContent-Type: text/calendar; method=REQUEST\n\n" + event())

    assert calendar.find(tree) is None


@pytest.mark.parametrize("shape", [b" ", b"\n ", b"A;", b'"', b"BEGIN:VEVENT\n", b"END:VEVENT\n", b"A:b\n"])
def test_reading_takes_linear_time(shape: bytes) -> None:
    assert_linear(calendar.read, make=lambda count: b"BEGIN:VCALENDAR\n" + shape * min(count, 200_000))


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_raise(data: bytes) -> None:
    calendar.read(data)
    calendar.read(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + data)
