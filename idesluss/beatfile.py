"""Signs of life of a role that runs by itself: a file's time for `idesluss healthy`, a word for systemd."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from shared import logs

log = logs.get(__name__)

FOLDER = "beats"
"""Under the data folder: one file a process, ``<role>.<pid>``, as several of a role may share a folder."""


class BeatFile:
    """One process' file. Its time of change is that of the last beat."""

    def __init__(self, data_dir: Path, role: str) -> None:
        self._path = data_dir / FOLDER / f"{role}.{os.getpid()}"
        self._complained = False

    def beat(self) -> None:
        """Say that this process is alive and well. A folder that cannot be written to stops no role."""
        _tell_systemd("READY=1\nWATCHDOG=1")
        try:
            self._path.touch()
        except OSError:
            self._make()

    def remove(self) -> None:
        """At the end: no life, and nothing to miss."""
        with suppress(OSError):
            self._path.unlink()

    def _make(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch()
        except OSError as error:
            if not self._complained:
                log.warning("beat_not_written", path=str(self._path), error=str(error))
            self._complained = True


@contextmanager
def beating(data_dir: Path, role: str) -> Iterator[BeatFile]:
    """A beat file for as long as the role runs."""
    file = BeatFile(data_dir, role)
    try:
        yield file
    finally:
        file.remove()


def silences(data_dir: Path, role: str) -> list[float]:
    """Seconds since the last beat, of every process of the role that still runs."""
    found = []
    for path in (data_dir / FOLDER).glob(f"{role}.*"):
        with suppress(FileNotFoundError, ValueError):  # it has just ended, or the file is none of ours
            beaten = path.stat().st_mtime
            if _lives(int(path.suffix[1:]), beaten):
                found.append(max(0.0, time.time() - beaten))
    return found


def _lives(pid: int, beaten: float) -> bool:
    """True where the process runs and is no stranger that was given the number later."""
    try:
        return psutil.Process(pid).create_time() <= beaten + 1.0
    except psutil.Error:
        return False


def _tell_systemd(words: str) -> None:
    """sd_notify(3), where a unit of Type=notify started us."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as client:
        try:
            client.sendto(words.encode(), address.replace("@", "\0", 1) if address.startswith("@") else address)
        except OSError as error:
            log.warning("systemd_not_told", error=str(error))
