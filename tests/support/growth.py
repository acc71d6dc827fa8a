"""How the cost of a call grows with the size of its input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

_Input = TypeVar("_Input")
FACTOR = 4
ROUNDS = 3
"""A busy machine may spoil a measurement; what is quadratic is so each time."""
_MEASURABLE_SECONDS = 0.01
_LEAST_UNITS = 2_000
_MOST_UNITS = 256_000


def assert_linear(
    call: Callable[[_Input], object], *, make: Callable[[int], _Input], ratio: float = 2.5 * FACTOR
) -> None:
    """Assert that four times the input costs about four times the time (quadratic would be sixteen).

    Args:
        call: the work.
        make: an input of so many units; making it is not measured.
        ratio: the most that the larger may cost of the smaller.
    """
    units = _LEAST_UNITS
    while _seconds(call, make(units)) < _MEASURABLE_SECONDS and units < _MOST_UNITS:
        units *= 2
    measured = []
    for _ in range(ROUNDS):
        small, large = _seconds(call, make(units)), _seconds(call, make(units * FACTOR))
        if large <= ratio * max(small, _MEASURABLE_SECONDS):
            return
        measured.append(f"{small:.4f} s, x{FACTOR}: {large:.4f} s")
    raise AssertionError(f"{units} units: {'; '.join(measured)}")


def _seconds(call: Callable[[_Input], object], given: _Input) -> float:
    """Processor time, the best of three: other processes on the machine must not count."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        call(given)
        best = min(best, time.process_time() - begin)
    return best
