"""Rsvp's queue process."""

from __future__ import annotations

from collections.abc import Callable

from services.rsvp.usecases.keep_calendar_reply import keep_calendar_reply
from shared import worker
from shared.contracts.registry import CALENDAR_REPLY, RSVP
from shared.db import Database, Role
from shared.settings import Settings


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Work on rsvp's messages until SIGTERM or SIGINT."""
    worker.run(
        settings,
        consumer=RSVP,
        database=Database(settings, Role.RSVP, pool_size=2),
        handlers={CALENDAR_REPLY.name: keep_calendar_reply},
        beat=beat,
        threads=1,
    )
