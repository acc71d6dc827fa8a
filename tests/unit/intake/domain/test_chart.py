"""A chart's geometry: nothing outside its box, and lengths that say what the figures say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.chart import LONGEST_LABEL, WIDTH, lying, standing

LABELS = st.text(max_size=60)
COUNTS = st.one_of(st.integers(0, 10**7), st.floats(0, 400, allow_subnormal=False))


@given(st.lists(st.tuples(LABELS, st.one_of(st.none(), COUNTS)), max_size=30))
def test_lying_bars_are_as_long_as_their_values_and_never_on_each_other(values) -> None:
    chart = lying(values)

    most = max((value or 0 for _, value in values), default=0)
    longest = max((bar.width for bar in chart.bars), default=0)
    assert len(chart.bars) == len(values)
    for bar, (label, value) in zip(chart.bars, values, strict=True):
        assert bar.value == value
        assert len(bar.label) <= LONGEST_LABEL
        assert label.startswith(bar.label.rstrip("…"))
        assert bar.width == pytest.approx(longest * (value or 0) / most if most else 0, abs=0.02)
        assert 0 <= bar.width <= bar.value_x < WIDTH - 100
        assert 0 < bar.label_y < bar.y < bar.y + bar.height <= chart.height
    for upper, lower in zip(chart.bars, chart.bars[1:], strict=False):
        assert upper.y + upper.height < lower.label_y - 10


@given(st.lists(st.tuples(LABELS, COUNTS), max_size=12))
def test_standing_bars_are_as_high_as_their_values_and_stand_apart(values) -> None:
    chart = standing(values)

    most = max((value for _, value in values), default=0)
    highest = max((bar.height for bar in chart.bars), default=0)
    grounds = {round(bar.y + bar.height) for bar in chart.bars}
    assert len(grounds) <= 1
    for bar, (_, value) in zip(chart.bars, values, strict=True):
        assert bar.height == pytest.approx(highest * value / most if most else 0, abs=0.02)
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH + 0.01
        assert 10 < bar.value_y < bar.y + bar.height < bar.label_y <= chart.height
    for left, right in zip(chart.bars, chart.bars[1:], strict=False):
        assert left.x + left.width < right.x
