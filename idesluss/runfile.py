"""What a running suite leaves in its data folder: run.json for others, processes.json for its successor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from shared import logs

log = logs.get(__name__)

RUN = "run.json"
"""The machine-readable start: there while the suite is ready, gone after a clean stop."""
PROCESSES = "processes.json"
"""The roles' numbers and birth times: who is to be ended after the supervisor was killed."""
SAME_BIRTH = 2.0
"""Seconds by which two readings of one process's birth may differ, as the clock is set right."""


def write(data_dir: Path, *, http_url: str, smtp_port: int, api_token: str, pids: Mapping[str, Sequence[int]]) -> None:
    """Write run.json, readable by its owner alone for it holds a token."""
    _replace(data_dir / RUN, {"http_url": http_url, "smtp_port": smtp_port, "api_token": api_token, "pids": pids})


def remove(data_dir: Path) -> None:
    """At a clean stop, or before a new start."""
    for name in (RUN, PROCESSES):
        (data_dir / name).unlink(missing_ok=True)


def remember(data_dir: Path, pids: Iterable[int]) -> None:
    """Keep who the children are; a number alone may be somebody else's by the next start."""
    births = {}
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            births[pid] = psutil.Process(pid).create_time()
    _replace(data_dir / PROCESSES, births)


def end_orphans(data_dir: Path, patience: float = 5.0) -> None:
    """End the children of a supervisor that was killed: kindly, and after ``patience`` seconds by force."""
    orphans = [process for process in _remembered(data_dir) if _lives(process)]
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


def _remembered(data_dir: Path) -> list[psutil.Process]:
    try:
        births: dict[str, float] = json.loads((data_dir / PROCESSES).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    found = []
    for pid, birth in births.items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid))
            if abs(process.create_time() - birth) < SAME_BIRTH:
                found.append(process)
    return found


def _lives(process: psutil.Process) -> bool:
    """A zombie, which nobody waits for where process 1 is no init, holds no port and no file."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _replace(path: Path, content: object) -> None:
    """Write beside, then rename into place: a reader sees the old or the new, never a half."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    fresh.rename(path)
