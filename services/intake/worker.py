"""Intake's queue process: reads received mail and acts on it."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue

from services.intake.actors import handlers
from services.intake.mail.limited import Bounds, LimitedReader
from services.intake.sender_check import SenderChecker
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import Desk, ReadMail
from shared import worker
from shared.contracts.registry import INTAKE
from shared.db import Database, Role
from shared.settings import Settings


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Work on intake's messages until SIGTERM or SIGINT."""
    database = Database(settings, Role.INTAKE, pool_size=settings.worker_threads + 1)
    bounds = Bounds(wall_seconds=settings.read_wall_seconds, memory_bytes=settings.read_memory)
    readers = [LimitedReader(bounds) for _ in range(settings.worker_threads)]
    desks: SimpleQueue[Desk] = SimpleQueue()
    for reader in readers:
        reader.start()  # before the first mail needs it: a child takes a quarter of a second to start
        desks.put(Desk(reader, SenderChecker(trusted_authserv_ids=settings.trusted_authserv_ids)))
    try:
        worker.run(
            settings,
            consumer=INTAKE,
            database=database,
            handlers=handlers(ReadMail(Announcer(settings), desks)),
            beat=beat,
            threads=settings.worker_threads,
        )
    finally:
        for reader in readers:
            reader.close()
