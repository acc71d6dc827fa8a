"""What is due by the clock is due within a window: neither too early, nor when it has lost its sense."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.rsvp.domain import due
from shared.clock import STOCKHOLM
from shared.waking import QuietHours, next_waking_moment

ZONE = "Europe/Stockholm"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("moment", "is_due"),
    [
        ("2026-11-06T23:59", False),
        ("2026-11-07T00:00", True),
        ("2026-11-09T17:59", True),
        ("2026-11-09T18:00", False),
        ("2026-11-11T00:00", False),
    ],
)
def test_guests_are_reminded_of_the_deadline_in_time_to_answer(moment: str, is_due: bool) -> None:
    assert due.wants_reply_reminder(at("2026-11-10T00:00"), at(moment)) is is_due


def test_without_a_deadline_nobody_is_reminded_of_one() -> None:
    assert not due.wants_reply_reminder(None, at("2026-11-10T00:00"))


@pytest.mark.parametrize(
    ("starts_at", "moment", "is_due"),
    [
        ("2026-11-10T13:00", "2026-11-09T08:59", False),
        ("2026-11-10T13:00", "2026-11-09T09:00", True),
        ("2026-11-10T13:00", "2026-11-10T09:59", True),
        ("2026-11-10T13:00", "2026-11-10T10:00", False),
        # Sunday 25 October has 25 hours: nine o'clock on the day before is nine o'clock all the same.
        ("2026-10-26T09:00", "2026-10-25T08:59", False),
        ("2026-10-26T09:00", "2026-10-25T09:00", True),
        ("2026-10-25T09:00", "2026-10-24T09:00", True),
        ("2026-11-10T00:30", "2026-11-09T08:59", False),
        ("2026-11-10T00:30", "2026-11-09T09:00", True),
    ],
)
def test_the_day_is_reminded_of_from_the_morning_before(starts_at: str, moment: str, is_due: bool) -> None:
    assert due.wants_day_reminder(at(starts_at), ZONE, at(moment)) is is_due


def test_the_day_before_is_the_one_where_the_event_is() -> None:
    starts_at = at("2026-11-10T01:30")

    assert due.day_of(starts_at, ZONE).isoformat() == "2026-11-10"
    assert due.day_of(starts_at, "America/New_York").isoformat() == "2026-11-09"


def test_guests_are_asked_from_the_morning_after_for_a_fortnight() -> None:
    ended = at("2026-11-10T16:00")

    assert not due.wants_feedback(ended, ZONE, at("2026-11-11T08:59"))
    assert due.wants_feedback(ended, ZONE, at("2026-11-11T09:00"))
    assert due.wants_feedback(ended, ZONE, ended + timedelta(days=13, hours=23))
    assert not due.wants_feedback(ended, ZONE, ended + timedelta(days=14))


def test_guests_are_forgotten_after_the_days_that_were_set() -> None:
    ended = at("2026-11-10T16:00")

    assert not due.is_to_be_forgotten(ended, 30, ended + timedelta(days=29, hours=23))
    assert due.is_to_be_forgotten(ended, 30, ended + timedelta(days=30))


QUIET = QuietHours(20, 8)


def waking(moment: datetime) -> datetime:
    return next_waking_moment(moment, QUIET)


@pytest.mark.parametrize(
    ("starts_at", "first", "last"),
    [
        # What it is, when people may first be reminded of it, and when last.
        ("2026-11-10T13:00", "2026-11-09T09:00", "2026-11-10T09:59"),  # a Tuesday
        ("2026-11-09T13:00", "2026-11-09T08:00", "2026-11-09T09:59"),  # Monday after lunch: at eight, when work begins
        ("2026-11-09T09:00", "2026-11-06T09:00", "2026-11-06T19:59"),  # Monday at nine: on the Friday
        ("2026-11-08T11:00", "2026-11-06T09:00", "2026-11-06T19:59"),  # a Sunday
        ("2027-03-30T09:00", "2027-03-25T09:00", "2027-03-25T19:59"),  # the Tuesday after Easter
        ("2026-12-28T09:00", "2026-12-23T09:00", "2026-12-23T19:59"),  # after Christmas
        ("2026-10-26T09:00", "2026-10-23T09:00", "2026-10-23T19:59"),  # the Monday after the clocks went back
        ("2026-11-10T00:30", "2026-11-09T09:00", "2026-11-09T19:59"),
    ],
)
def test_nobody_is_reminded_of_the_day_while_they_rest_or_after_it(starts_at: str, first: str, last: str) -> None:
    def is_due(moment: datetime) -> bool:
        return due.wants_day_reminder(at(starts_at), ZONE, moment, waking)

    minute, hour = timedelta(minutes=1), timedelta(hours=1)
    assert [is_due(each) for each in (at(first) - minute, at(first), at(last), at(last) + minute)] == [0, 1, 1, 0]
    hours = [at(first) + hour * n for n in range(-200, 200)]
    assert all(at(first) <= each <= at(last) and waking(each) == each for each in hours if is_due(each))


@pytest.mark.parametrize(
    ("reply_by", "first"),
    [
        ("2026-11-10T23:59", "2026-11-09T08:00"),  # a Tuesday: the three days begin on a Saturday
        ("2026-11-08T23:59", "2026-11-06T08:00"),  # a Sunday
        ("2027-03-29T23:59", "2027-03-25T08:00"),  # Easter Monday: all three days are free
    ],
)
def test_nobody_is_reminded_of_the_deadline_while_they_rest(reply_by: str, first: str) -> None:
    hours = [at(first) - timedelta(days=9) + timedelta(hours=n) for n in range(14 * 24)]

    assert next(each for each in hours if due.wants_reply_reminder(at(reply_by), each, waking)) == at(first)
