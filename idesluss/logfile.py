"""The log in the data folder, beside the terminal's: every process appends, the supervisor turns it over."""

from __future__ import annotations

import logging
import re
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from logging.handlers import WatchedFileHandler
from pathlib import Path

from shared import logs
from shared.settings import MIB, Settings

MAX_SIZE = 10 * MIB
KEPT = 5
"""How many older files stay: idesluss.log.1 is the youngest."""
NEW_EVERY = timedelta(days=7)
KEPT_FOR = timedelta(days=30)
"""After its last line: long enough to look into what went wrong, and no longer, for lines may bear addresses."""

_DAY = re.compile(r"\b20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?!\d)")
"""Days that every month has are enough to tell a week by."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class _Plain(logging.Formatter):
    """As another formatter writes it, without a terminal's colours."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return _COLOURS.sub("", self._inner.format(record))


class _File(WatchedFileHandler):
    """Takes the libraries' records, and finished lines of our own."""

    def write(self, line: str) -> None:
        """Append one line.

        :raises OSError: it cannot be written.
        """
        with self.lock or nullcontext():
            self.reopenIfNeeded()
            self.stream = self.stream or self._open()
            self.stream.write(f"{line}\n")
            self.flush()


def path(settings: Settings) -> Path:
    """Where it is."""
    return settings.data_dir / "log" / "idesluss.log"


def attach(settings: Settings) -> None:
    """After ``logs.configure``: write every line to the file too. Follows when the file is turned over."""
    path(settings).parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    formatter = root.handlers[0].formatter
    handler = _File(path(settings), encoding="utf-8", delay=True)
    handler.setFormatter(_Plain(formatter) if formatter else None)
    root.addHandler(handler)
    logs.copy_to(handler.write)


def turn_over(settings: Settings, max_size: int = MAX_SIZE) -> None:
    """Where the file has grown over ``max_size`` bytes, or is a week old, number it and let a new one begin.

    What was written last ``KEPT_FOR`` ago is removed.
    """
    current = path(settings)
    now = datetime.now(UTC)
    for number in range(1, KEPT + 1):
        older = current.with_name(f"{current.name}.{number}")
        if older.exists() and datetime.fromtimestamp(older.stat().st_mtime, UTC) < now - KEPT_FOR:
            older.unlink()
    if not current.exists() or not (current.stat().st_size > max_size or _began(current) < (now - NEW_EVERY).date()):
        return
    for number in range(KEPT - 1, 0, -1):
        older = current.with_name(f"{current.name}.{number}")
        if older.exists():
            older.rename(current.with_name(f"{current.name}.{number + 1}"))
    current.rename(current.with_name(f"{current.name}.1"))


def _began(current: Path) -> date:
    """The day of the first line that bears one; today where none does."""
    with current.open(encoding="utf-8", errors="replace") as file:
        found = _DAY.search(file.readline(4096))
    return date.fromisoformat(found[0]) if found else datetime.now(UTC).date()
