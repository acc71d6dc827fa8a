"""Wait for a condition instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = 10.0, *, every: float = 0.02) -> T:
    """Ask ``condition`` until it gives something true, and return that.

    :raises AssertionError: it did not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {getattr(condition, '__name__', condition)}")
        time.sleep(every)
    return answer
