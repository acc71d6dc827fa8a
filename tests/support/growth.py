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
    call: Callable[[_Input], object],
    *,
    make: Callable[[int], _Input],
    ratio: float = 2.5 * FACTOR,
    least: int = _LEAST_UNITS,
    most: int = _MOST_UNITS,
) -> None:
    """Assert that four times the input costs about four times the time (quadratic would be sixteen).

    Args:
        call: the work.
        make: an input of so many units; making it is not measured.
        ratio: the most that the larger may cost of the smaller.
        least: the fewest units of the smaller input; they are doubled until its cost can be measured.
        most: the most units of the smaller input, where the work itself looks at no more than four times so many.
    """
    units = least
    while units < most and _seconds(call, make(units)) < _MEASURABLE_SECONDS:
        units = min(2 * units, most)
    smaller, larger = make(units), make(units * FACTOR)
    measured = []
    for _ in range(ROUNDS):
        small = max(min(_seconds(call, smaller) for _ in range(3)), _MEASURABLE_SECONDS)
        large = float("inf")
        for _ in range(3):
            large = min(large, _seconds(call, larger))
            if large <= ratio * small:
                return
        measured.append(f"{small:.4f} s, x{FACTOR}: {large:.4f} s")
    raise AssertionError(f"{units} units: {'; '.join(measured)}")


def _seconds(call: Callable[[_Input], object], given: _Input) -> float:
    """Processor time: other processes on the machine must not count."""
    begin = time.process_time()
    call(given)
    return time.process_time() - begin
