"""Children that are to live on when the thread that wanted them has ended.

What ``die_with_parent`` asks of Linux is bound to the thread that forked, not to its process.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_FORKS = ThreadPoolExecutor(1, thread_name_prefix="forks")


def lasting(start: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
    """Start something in a thread that lives as long as this process."""
    return _FORKS.submit(start, *arguments, **keywords).result()
