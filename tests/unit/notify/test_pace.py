"""The arithmetic of rates: never more than burst + rate × time, in order, and no slower than that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.pace import next_slot

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
RATES = st.integers(1, 6000)
BURSTS = st.integers(1, 50)
GAPS = st.lists(st.integers(0, 90_000), min_size=1, max_size=80)
"""Milliseconds between one asking and the next."""


def departures(gaps: list[int], per_minute: int, burst: int) -> list[tuple[datetime, datetime]]:
    """When each mail asked, and when it may go."""
    asked, next_free, found = START, None, []
    for gap in gaps:
        asked += timedelta(milliseconds=gap)
        slot = next_slot(next_free, asked, per_minute=per_minute, burst=burst)
        next_free = slot.next_free
        found.append((asked, asked + slot.wait))
    return found


@given(gaps=GAPS, per_minute=RATES, burst=BURSTS)
def test_no_stretch_of_time_sees_more_than_burst_and_rate_allow(gaps: list[int], per_minute: int, burst: int) -> None:
    goes = [moment for _, moment in departures(gaps, per_minute, burst)]
    interval = timedelta(minutes=1) / per_minute
    for first in range(len(goes)):
        for last in range(first, len(goes)):
            allowed = burst + (goes[last] - goes[first]) / interval
            assert last - first + 1 <= allowed + 0.001


@given(gaps=GAPS, per_minute=RATES, burst=BURSTS)
def test_who_asks_first_goes_first_and_nobody_goes_before_asking(gaps: list[int], per_minute: int, burst: int) -> None:
    found = departures(gaps, per_minute, burst)
    goes = [moment for _, moment in found]
    assert goes == sorted(goes)
    assert all(moment >= asked for asked, moment in found)


@given(gaps=GAPS, per_minute=RATES, burst=BURSTS)
def test_nobody_waits_longer_than_needed(gaps: list[int], per_minute: int, burst: int) -> None:
    """Who waits goes one interval after another, and behind at least ``burst`` others: nothing is wasted."""
    interval = timedelta(minutes=1) / per_minute
    found = departures(gaps, per_minute, burst)
    for number, (asked, moment) in enumerate(found):
        if moment > asked:
            assert number >= burst
            earlier = found[number - burst][1]
            assert moment - earlier <= burst * interval


def test_after_a_quiet_time_a_burst_goes_at_once_and_then_one_at_a_time() -> None:
    waits = [
        (moment - asked).total_seconds()
        for asked, moment in departures([0] * 5 + [3_600_000] + [0] * 4, per_minute=60, burst=3)
    ]
    assert waits == [0, 0, 0, 1, 2, 0, 0, 0, 1, 2]


@pytest.mark.parametrize(("per_minute", "burst"), [(0, 1), (1, 0), (-1, 1)])
def test_a_rate_of_nothing_is_none(per_minute: int, burst: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next_slot(None, START, per_minute=per_minute, burst=burst)
