"""What makes a role's process visible while it runs: its own /metrics, and its part of the traces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idesluss.backup_age import BackupAge
from shared import meters, tracing
from shared.settings import Settings


@contextmanager
def observed(settings: Settings, role: str, *, place: int = 0) -> Iterator[None]:
    """To be entered in the role's own process, after forking. A web role tells its metrics at its own port.

    :raises MisconfiguredError: the port for metrics cannot be had.
    """
    if settings.backup_dir:
        meters.REGISTRY.register(BackupAge(Path(settings.backup_dir)))
    if not role.startswith("web"):
        meters.serve(settings, place=place)
    tracing.begin(settings, role)
    try:
        yield
    finally:
        tracing.end()
