"""A clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.clock import STOCKHOLM


@dataclass
class StillClock:
    """Called, it tells the moment that it was set to."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment

    def set(self, text: str) -> None:
        """Move to a moment of Swedish time: ``2026-11-24 10:00``."""
        self.moment = swedish(text)


def swedish(text: str) -> datetime:
    """A moment of Swedish time, as aware UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)
