"""Time has one home: aware UTC inside, Europe/Stockholm where people read it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")

Clock = Callable[[], datetime]
"""Gives the present as aware UTC; injected where a test must hold time still."""


def now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)


def local_year(moment: datetime) -> int:
    """The calendar year in Sweden at that moment: what a reference such as KRO-2026-0042 bears."""
    return moment.astimezone(STOCKHOLM).year
