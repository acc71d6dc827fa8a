"""How old the last backup is, for /metrics of whichever role sees IDESLUSS_BACKUP_DIR."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from idesluss import archives
from shared.clock import now
from shared.errors import IdeslussenError


class BackupAge(Collector):
    """Looks when it is asked. A folder that cannot be read, or holds no archive, tells nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering must not look at the disk."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One gauge, or none."""
        try:
            made = archives.read(archives.finished(self._folder)[0]).made
        except (IndexError, OSError, IdeslussenError):
            return
        yield GaugeMetricFamily("idesluss_backup_age_seconds", "Age of the last backup", (now() - made).total_seconds())
