"""run.json: the machine-readable start, there while the suite is ready and gone after a clean stop."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from shared import logs

log = logs.get(__name__)

NAME = "run.json"


def write(
    data_dir: Path, *, http_url: str, smtp_port: int, api_token: str, pids: Mapping[str, Sequence[int]]
) -> None:
    """Write it beside, readable by its owner alone for it holds a token, and rename it into place."""
    content = {"http_url": http_url, "smtp_port": smtp_port, "api_token": api_token, "pids": pids}
    fresh = data_dir / f"{NAME}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    fresh.rename(data_dir / NAME)


def remove(data_dir: Path) -> None:
    """At a clean stop, or before a new start."""
    (data_dir / NAME).unlink(missing_ok=True)


def end_orphans(data_dir: Path, patience: float = 5.0) -> None:
    """Wait for the children of a supervisor that was killed, which are stopping; end those that do not.

    A number in an old run.json may be somebody else's by now, so a process counts only if it is older than
    the file and runs Idéslussen. PostgreSQL is left to shared/embedded_postgres.py.
    """
    try:
        path = data_dir / NAME
        written = path.stat().st_mtime
        pids = json.loads(path.read_text(encoding="utf-8"))["pids"]
        numbers = {int(pid) for name, numbers in pids.items() if name != "postgres" for pid in numbers}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return
    orphans = [process for number in numbers - {os.getpid()} if (process := _ours(number, written))]
    if not orphans:
        return
    log.warning("orphans", pids=[process.pid for process in orphans])
    for signum in (signal.SIGTERM, signal.SIGKILL):
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signum)
        deadline = time.monotonic() + patience
        while any(map(_lives, orphans)) and time.monotonic() < deadline:
            time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    """A zombie, which nobody waits for where process 1 is no init, holds no port and no file."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _ours(pid: int, written: float) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        if process.create_time() <= written + 1 and any("idesluss" in word for word in process.cmdline()):
            return process
    except psutil.Error:
        pass
    return None
