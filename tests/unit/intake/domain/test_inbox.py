"""Days to a promise are working days, and cells are never formulas."""

from __future__ import annotations

from datetime import date

import pytest

from services.intake.domain.inbox import Due, due
from shared.cells import MAX_CELL, harmless


@pytest.mark.parametrize(
    ("promise", "today", "found"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), Due(False, 0)),
        (date(2026, 11, 23), date(2026, 11, 20), Due(False, 1)),  # Friday to Monday
        (date(2026, 11, 20), date(2026, 11, 22), Due(True, 0)),  # promised for Friday, seen on Sunday
        (date(2026, 11, 20), date(2026, 11, 23), Due(True, 1)),
        (date(2027, 1, 4), date(2026, 12, 23), Due(False, 4)),  # the 28th, 29th and 30th, and Monday
        (date(2026, 4, 2), date(2026, 4, 8), Due(True, 2)),  # over Easter
    ],
)
def test_days_left_and_late_are_swedish_working_days(promise: date, today: date, found: Due) -> None:
    assert due(promise, today) == found


@pytest.mark.parametrize(
    "words", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\x00=1", "\ufeff=1", "＝1"]
)
def test_a_cell_that_would_begin_a_formula_begins_with_a_mark(words: str) -> None:
    assert harmless(words).startswith("'")


def test_other_words_stay_as_they_are_and_long_ones_say_that_they_were_cut() -> None:
    assert harmless("Elcyklar = bättre luft\n- och mindre buller") == "Elcyklar = bättre luft\n- och mindre buller"
    assert len(harmless("å" * 50_000)) == MAX_CELL
    assert harmless("å" * 50_000).endswith(" […]")
    assert len(harmless("=" * 50_000)) == MAX_CELL
