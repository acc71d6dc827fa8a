"""What an event's form means, and what is wrong in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rsvp.domain.event_form import COLUMNS, new_values, read_event, write_event
from services.rsvp.domain.local_time import moments, read_time, written
from shared.pictures import kind_of

LANGUAGES = ("sv", "en")
STOCKHOLM = ZoneInfo("Europe/Stockholm")
GOOD = {
    "language-sv": "yes",
    "title-sv": "  Kreativa   byråkrater ",
    "text-sv": "En\r\nhalvdag",
    "starts_day": "2026-12-01",
    "starts_time": "9.00",
    "ends_time": "12:00",
    "reply_day": "2026-11-28",
    "zone": "Europe/Stockholm",
    "open_to": "open",
    "capacity": "1 000",
    "contacts_count": "2",
    "c0-name": "Kim Kontakt",
    "c0-address": "kim@krokom.example",
    "map_url": "https://karta.example/x",
}


def test_a_form_becomes_columns() -> None:
    values = read_event(GOOD, LANGUAGES).values

    assert read_event(GOOD, LANGUAGES).faults == {}
    assert values["title"] == {"sv": "Kreativa byråkrater"}
    assert values["text"] == {"sv": "En\nhalvdag"}
    assert values["starts_at"] == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert values["ends_at"] == datetime(2026, 12, 1, 11, tzinfo=UTC)
    assert values["reply_by"] == datetime(2026, 11, 28, 22, 59, tzinfo=UTC)
    assert values["capacity"] == 1000
    assert values["is_open"]
    assert [contact["address"] for contact in values["contacts"]] == ["kim@krokom.example"]


@pytest.mark.parametrize(
    ("field", "change", "fault"),
    [
        ("title-sv", {"title-sv": " "}, "no_title"),
        ("title-sv", {"title-sv": "a" * 151}, "too_long"),
        ("title-en", {"language-en": "yes"}, "no_title"),
        ("language-sv", {"language-sv": ""}, "no_language"),
        ("ends_time", {"ends_time": "09:00"}, "ends_before"),
        ("ends_time", {"ends_time": ""}, "no_end"),
        ("ends_day", {"ends_day": "2026-12-16"}, "too_long_event"),
        ("starts_day", {"starts_day": "1 december"}, "day"),
        ("starts_day", {"starts_day": "0001-01-01"}, "day"),
        ("starts_time", {"starts_time": "25:00"}, "time"),
        ("starts_time", {"starts_time": ""}, "no_time"),
        ("starts_day", {"starts_day": "", "starts_time": "", "ends_day": "2026-12-01"}, "no_start"),
        ("reply_day", {"reply_day": "2026-12-02"}, "reply_after"),
        ("zone", {"zone": "Europe/Östersund"}, "zone"),
        ("map_url", {"map_url": "javascript:alert(1)"}, "url"),
        ("map_url", {"map_url": "karta.example"}, "url"),
        ("online_url", {"online_url": "https://"}, "url"),
        ("online_url", {"online_url": "https://a.example:x/"}, "url"),
        ("capacity", {"capacity": "0"}, "number"),
        ("capacity", {"capacity": "många"}, "number"),
        ("c0-address", {"c0-address": "kim"}, "address"),
        ("c0-name", {"c0-name": ""}, "contact_name"),
        ("c1-address", {"c1-name": "Kim", "c1-address": "KIM@krokom.example"}, "contact_twice"),
        ("starts_time", {"starts_day": "2027-03-28", "starts_time": "02:30"}, "no_such_hour"),
        ("starts_which", {"starts_day": "2026-10-25", "starts_time": "02:30"}, "hour_twice"),
        ("q0-options-sv", {"count": "1", "q0-label-sv": "Välj", "q0-kind": "choice"}, "question_no_words"),
    ],
)
def test_a_fault_stands_beside_its_field(field: str, change: dict[str, str], fault: str) -> None:
    faults = read_event(GOOD | change, LANGUAGES).faults

    assert faults[field].key == f"organise.fault.{fault}"


def test_of_an_hour_that_exists_twice_the_chosen_one_is_meant() -> None:
    night = GOOD | {"starts_day": "2026-10-25", "starts_time": "02:30", "reply_day": ""}
    first, second = (
        read_event(night | {"starts_which": which}, LANGUAGES).values["starts_at"] for which in ("first", "second")
    )

    assert [first, second] == [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert written(second, STOCKHOLM) == ("2026-10-25", "02:30", "second")


@given(st.integers(0, 5 * 365 * 24 * 60), st.sampled_from(["Europe/Stockholm", "Asia/Kathmandu"]))
def test_what_is_written_into_the_form_is_read_back(minute: int, zone: str) -> None:
    there = ZoneInfo(zone)
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    values = new_values(LANGUAGES, zone) | {
        "title": {"sv": "Ö"},
        "starts_at": moment,
        "ends_at": moment + timedelta(hours=4),
        "capacity": 7,
    }
    filled = read_event(write_event(values, [], LANGUAGES), LANGUAGES)

    assert filled.faults == {}
    assert {name: filled.values[name] for name in COLUMNS} == values
    assert moment in moments(moment.astimezone(there).date(), moment.astimezone(there).time(), there)


def test_times_of_day_are_read_as_people_write_them() -> None:
    assert [read_time(each) for each in ("9.00", "09:00", "0900", "24:00", "9", "kl 9")] == [time(9)] * 3 + [None] * 3
    assert moments(date(2026, 3, 29), time(2, 30), STOCKHOLM) == ()


def test_a_picture_is_known_by_its_bytes() -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    assert [kind_of(each) for each in (b"\xff\xd8\xff\xe0", png, b"RIFF\x00\x00\x00\x00WEBPVP8 ")] == [
        "image/jpeg",
        "image/png",
        "image/webp",
    ]
    assert {kind_of(each) for each in (b"", b"<svg/>", b"GIF89a", b"\x89PNG\r\n\x1a\n<svg", b"RIFF....WAVE")} == {None}
