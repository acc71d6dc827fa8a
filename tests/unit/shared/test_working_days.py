"""The promise counts Swedish working days."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.working_days import answer_by, free_days, is_working_day


@pytest.mark.parametrize(
    ("received", "days", "by"),
    [
        (date(2026, 11, 17), 10, date(2026, 12, 1)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 12, 22), 2, date(2026, 12, 28)),
        (date(2026, 4, 2), 1, date(2026, 4, 7)),
        (date(2026, 6, 18), 1, date(2026, 6, 22)),
        (date(2026, 5, 13), 1, date(2026, 5, 15)),
    ],
    ids=["two weeks", "over a weekend", "over Christmas", "over Easter", "over Midsummer", "over Ascension Day"],
)
def test_the_promise_skips_days_when_nobody_works(received: date, days: int, by: date) -> None:
    assert answer_by(received, days) == by


@pytest.mark.parametrize(
    ("year", "good_friday"), [(2024, date(2024, 3, 29)), (2025, date(2025, 4, 18)), (2038, date(2038, 4, 23))]
)
def test_easter_is_where_the_calendar_has_it(year: int, good_friday: date) -> None:
    assert good_friday in free_days(year)


@given(st.dates(date(2000, 1, 1), date(2199, 1, 1)), st.integers(1, 60))
def test_the_last_day_is_a_working_day_with_just_as_many_between(received: date, days: int) -> None:
    by = answer_by(received, days)

    between = [date.fromordinal(day) for day in range(received.toordinal() + 1, by.toordinal() + 1)]
    assert is_working_day(by)
    assert sum(map(is_working_day, between)) == days
