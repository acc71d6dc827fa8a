"""Rsvp's queue process."""

from __future__ import annotations

from collections.abc import Callable

from services.rsvp.actors import handlers
from shared import worker
from shared.contracts.registry import RSVP
from shared.db import Database, Role
from shared.settings import Settings

THREADS = 2


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Work on rsvp's messages until SIGTERM or SIGINT."""
    worker.run(
        settings,
        consumer=RSVP,
        database=Database(settings, Role.RSVP, pool_size=THREADS + 1),
        handlers=handlers(settings),
        beat=beat,
        threads=THREADS,
    )
