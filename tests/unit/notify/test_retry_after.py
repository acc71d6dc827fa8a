"""Whatever another server writes into ``Retry-After``: a pause that we can keep, or none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.notify.channels.retry_after import LONGEST_PAUSE, asked_pause

MOMENT = datetime(2026, 11, 24, 9, tzinfo=UTC)
NUMBERS = st.integers(min_value=-(10**25), max_value=10**25).map(str)
DATES = st.tuples(NUMBERS, st.sampled_from(["Jan", "Feb", "x"]), NUMBERS, NUMBERS, NUMBERS, NUMBERS).map(
    lambda parts: "{} {} {} {}:{}:1 +{}".format(*parts)
)


@given(st.one_of(st.text(), st.text(alphabet="0123456789 +-:,JanGMT"), NUMBERS, DATES))
@example("1 Jan 26 1:2:3 +99999999999999999999")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_header_gives_a_pause_within_bounds_or_none(value: str) -> None:
    pause = asked_pause(value, MOMENT)

    assert pause is None or timedelta() <= pause <= LONGEST_PAUSE


@pytest.mark.parametrize("value", ["1 Jan 26 1:2:3 +99999999999999999999", "soon", ""])
def test_what_is_no_time_asks_for_nothing(value: str) -> None:
    assert asked_pause(value, MOMENT) is None
