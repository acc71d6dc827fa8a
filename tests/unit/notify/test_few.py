"""A few at a time, and who finds no place comes back at a steady rate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notify.usecases.few import APART, COMES_BACK, Few, places
from shared.errors import TemporaryFailure


def test_whoever_finds_no_place_comes_back_one_after_the_other() -> None:
    few = Few(1, clock=lambda: 100.0)
    pauses = []

    with few.place():
        for _ in range(3):
            with pytest.raises(TemporaryFailure) as full, few.place():
                pass
            pauses.append(full.value.retry_after)

    assert pauses == [timedelta(seconds=COMES_BACK + number * APART) for number in range(3)]
    with few.place():
        pass


def test_a_place_is_free_again_after_a_fault() -> None:
    few = Few(1)

    with pytest.raises(ZeroDivisionError), few.place():
        raise ZeroDivisionError

    with few.place():
        pass


@pytest.mark.parametrize("threads", range(3, 20))
def test_two_slow_channels_leave_a_thread_for_mails(threads: int) -> None:
    assert places(threads) >= 1
    assert 2 * places(threads) < threads
