"""Intake's queue process: reads received mail and acts on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from services.intake.actors import handlers
from services.intake.mail.limited import Bounds, LimitedReader
from services.intake.sender_check import SenderChecker
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import ReadMail
from shared import worker
from shared.contracts.registry import INTAKE
from shared.db import Database, Role
from shared.settings import Settings


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Work on intake's messages until SIGTERM or SIGINT."""
    database = Database(settings, Role.INTAKE, pool_size=settings.worker_threads + 1)
    bounds = Bounds(wall_seconds=settings.read_wall_seconds, memory_bytes=settings.read_memory)
    readers = _OnePerThread(lambda: LimitedReader(bounds))
    checkers = _OnePerThread(lambda: SenderChecker(trusted_authserv_ids=settings.trusted_authserv_ids))
    try:
        worker.run(
            settings,
            consumer=INTAKE,
            database=database,
            handlers=handlers(ReadMail(Announcer(settings), readers.mine, checkers.mine)),
            beat=beat,
            threads=settings.worker_threads,
        )
    finally:
        for reader in readers.made:
            reader.close()


T = TypeVar("T")


class _OnePerThread(Generic[T]):
    """Makes one thing for each thread, when the thread first needs it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._local = threading.local()
        self.made: list[T] = []

    def mine(self) -> T:
        """The calling thread's own."""
        if not hasattr(self._local, "own"):
            self._local.own = self._make()
            self.made.append(self._local.own)
        own: T = self._local.own
        return own
