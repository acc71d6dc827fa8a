"""Quiet hours and digests' slots: calendars are where every shortcut is wrong twice a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.calm import QuietHours, next_slot, next_waking_moment, parse_quiet_hours
from services.notify.domain.kinds import Rhythm
from shared.clock import STOCKHOLM
from shared.errors import MisconfiguredError
from shared.working_days import is_working_day

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - strategy adds the zone
HOURS = st.integers(0, 23)
QUIET = st.builds(QuietHours, HOURS, HOURS).filter(lambda quiet: quiet.begins != quiet.ends)
COLLECTING = st.sampled_from([Rhythm.DAILY, Rhythm.WEEKLY])
EVENING = QuietHours(20, 8)


def swedish(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "awake"),
    [
        ("2026-11-24 12:00", "2026-11-24 12:00"),
        ("2026-11-24 08:00", "2026-11-24 08:00"),
        ("2026-11-24 19:59", "2026-11-24 19:59"),
        ("2026-11-24 20:00", "2026-11-25 08:00"),
        ("2026-11-25 03:00", "2026-11-25 08:00"),
        ("2026-11-27 20:00", "2026-11-30 08:00"),  # a Friday evening
        ("2026-11-29 12:00", "2026-11-30 08:00"),  # a Sunday
        ("2026-12-23 21:00", "2026-12-28 08:00"),  # Christmas, then a weekend
        ("2026-06-18 20:00", "2026-06-22 08:00"),  # Midsummer's Eve is no holiday by law, yet nobody works
        ("2026-06-05 22:00", "2026-06-08 08:00"),  # the sixth of June on a Saturday
        ("2026-03-28 12:00", "2026-03-30 08:00"),  # summer time begins on the Sunday between
        ("2026-10-24 12:00", "2026-10-26 08:00"),  # and ends
    ],
)
def test_a_reminder_waits_for_the_morning_of_a_working_day(moment: str, awake: str) -> None:
    assert next_waking_moment(swedish(moment), EVENING) == swedish(awake)


@pytest.mark.parametrize(
    ("moment", "awake"),
    [
        ("2026-11-24 00:30", "2026-11-24 00:30"),
        ("2026-11-24 01:00", "2026-11-24 06:00"),
        ("2026-11-29 12:00", "2026-11-30 00:00"),  # a Sunday: Monday begins awake
    ],
)
def test_quiet_hours_may_lie_within_a_day(moment: str, awake: str) -> None:
    assert next_waking_moment(swedish(moment), QuietHours(1, 6)) == swedish(awake)


@given(MOMENTS, QUIET)
def test_the_next_waking_moment_is_awake_and_none_before_it_is(moment: datetime, quiet: QuietHours) -> None:
    awake = next_waking_moment(moment, quiet)

    there = awake.astimezone(STOCKHOLM)
    assert awake >= moment
    assert is_working_day(there.date())
    assert not quiet.covers(there.hour)
    assert next_waking_moment(awake, quiet) == awake
    if awake > moment:
        before = (awake - timedelta(microseconds=1)).astimezone(STOCKHOLM)
        assert quiet.covers(before.hour) or not is_working_day(before.date())
        assert awake == next_waking_moment(moment + (awake - moment) / 2, quiet)


@pytest.mark.parametrize(
    ("moment", "daily", "weekly"),
    [
        ("2026-11-24 10:00", "2026-11-25 07:30", "2026-11-30 07:30"),
        ("2026-11-27 07:29", "2026-11-27 07:30", "2026-11-30 07:30"),
        ("2026-11-27 07:30", "2026-11-30 07:30", "2026-11-30 07:30"),
        ("2026-11-30 07:30", "2026-12-01 07:30", "2026-12-07 07:30"),
        ("2026-04-02 12:00", "2026-04-07 07:30", "2026-04-07 07:30"),  # Easter: the week begins on Tuesday
        ("2026-04-07 07:29", "2026-04-07 07:30", "2026-04-07 07:30"),
        ("2026-12-23 12:00", "2026-12-28 07:30", "2026-12-28 07:30"),
        ("2026-03-27 12:00", "2026-03-30 07:30", "2026-03-30 07:30"),
        ("2026-10-23 12:00", "2026-10-26 07:30", "2026-10-26 07:30"),
    ],
)
def test_a_digest_comes_on_the_morning_of_a_working_day(moment: str, daily: str, weekly: str) -> None:
    assert next_slot(swedish(moment), Rhythm.DAILY) == swedish(daily)
    assert next_slot(swedish(moment), Rhythm.WEEKLY) == swedish(weekly)


@given(MOMENTS, COLLECTING, st.floats(0, 1, exclude_max=True))
def test_all_moments_between_two_slots_have_one_slot(moment: datetime, rhythm: Rhythm, part: float) -> None:
    slot = next_slot(moment, rhythm)
    after = next_slot(slot, rhythm)

    assert moment < slot < after
    assert is_working_day(slot.astimezone(STOCKHOLM).date())
    between = slot + timedelta(seconds=int((after - slot).total_seconds() * part))
    assert next_slot(between, rhythm) == after
    assert next_slot(slot - timedelta(microseconds=1), rhythm) == slot


@given(MOMENTS)
def test_a_weekly_digest_comes_once_in_each_week(moment: datetime) -> None:
    first = next_slot(moment, Rhythm.WEEKLY).astimezone(STOCKHOLM).date()
    second = next_slot(next_slot(moment, Rhythm.WEEKLY), Rhythm.WEEKLY).astimezone(STOCKHOLM).date()

    weeks = [day - timedelta(days=day.weekday()) for day in (first, second)]
    assert weeks[1] - weeks[0] == timedelta(days=7)


@pytest.mark.parametrize("rhythm", [Rhythm.AT_ONCE, Rhythm.NEVER])
def test_what_is_not_collected_has_no_slot(rhythm: Rhythm) -> None:
    with pytest.raises(ValueError, match="no digest"):
        next_slot(datetime(2026, 11, 24, tzinfo=UTC), rhythm)


@pytest.mark.parametrize(("text", "hours"), [("20-8", (20, 8)), (" 22 - 06 ", (22, 6)), ("0-7", (0, 7))])
def test_quiet_hours_are_read(text: str, hours: tuple[int, int]) -> None:
    assert parse_quiet_hours(text) == QuietHours(*hours)


@pytest.mark.parametrize("text", ["", "20", "20-24", "8-8", "-1-8", "20:00-8:00", "20–8", "٢-٨"])
def test_other_quiet_hours_are_refused_by_name(text: str) -> None:
    with pytest.raises(MisconfiguredError, match="IDESLUSS_QUIET_HOURS"):
        parse_quiet_hours(text)
