"""``/health/live``: the process answers. ``/health/ready``: everything behind it works, told part by part."""

from __future__ import annotations

import re
import shutil
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic

from flask import Flask, Response, jsonify
from sqlalchemy import text

from shared import logs
from shared.db import Database
from shared.hosts import reachable
from shared.settings import MIB, Settings

log = logs.get(__name__)

CHECK_SECONDS = 1.0
"""A check that takes longer has failed."""
MAX_LAG_SECONDS = 120.0
"""Age of the oldest unfinished delivery above which the outbox counts as stuck."""


LEAST_FREE = 32 * MIB
"""Bytes free under the data folder below which its disk counts as full: two files of PostgreSQL's log."""


@dataclass(frozen=True, slots=True)
class Healthy:
    """A check passed; ``note`` says what was measured."""

    note: str = "ok"


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A check failed; ``note`` says what is wrong, in words fit for anybody to read."""

    note: str


Check = Callable[[], Healthy | Unhealthy]


def database_check(database: Database) -> Check:
    """Can a service sign in and ask something?"""

    def check() -> Healthy | Unhealthy:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return Healthy()

    return check


def outbox_check(database: Database, *, max_lag: float = MAX_LAG_SECONDS) -> Check:
    """Is the oldest delivery that nobody has finished or parked younger than ``max_lag`` seconds?"""

    def check() -> Healthy | Unhealthy:
        with database.engine.connect() as connection:
            lag = connection.execute(text(OLDEST_UNFINISHED)).scalar_one()
        seconds = float(lag or 0)
        note = f"oldest unfinished delivery {seconds:.0f} s"
        return Healthy(note) if seconds <= max_lag else Unhealthy(note)

    return check


OLDEST_UNFINISHED = """
SELECT greatest(extract(epoch FROM now() - min(due_at)), 0)
  FROM bus.delivery WHERE done_at IS NULL AND parked_at IS NULL
"""


def listener_check(settings: Settings) -> Check:
    """Does the SMTP listener greet with 220?"""

    def check() -> Healthy | Unhealthy:
        address = (reachable(settings.smtp_host), settings.smtp_port)
        with socket.create_connection(address, timeout=CHECK_SECONDS) as connection:
            connection.settimeout(CHECK_SECONDS)
            banner = connection.recv(256)
            connection.sendall(b"QUIT\r\n")
        return Healthy() if banner.startswith(b"220") else Unhealthy("no 220 greeting")

    return check


def disk_check(settings: Settings) -> Check:
    """Is there room left where the embedded database lies? On a full disk every mail is refused for now (451)."""

    def check() -> Healthy | Unhealthy:
        free = shutil.disk_usage(settings.data_dir).free
        note = f"{free // MIB} MiB free"
        return Healthy(note) if free >= LEAST_FREE else Unhealthy(note)

    return check


def port_check(addresses: Sequence[tuple[str, int]]) -> Check:
    """Does something accept connections at one of these hosts and ports?"""

    def check() -> Healthy | Unhealthy:
        faults = []
        for address in addresses:
            try:
                socket.create_connection(address, timeout=CHECK_SECONDS / len(addresses)).close()
            except OSError as error:
                faults.append(error)
            else:
                return Healthy()
        raise faults[-1]

    return check


class Health:
    """Runs named checks side by side, each in a second at most, and never twice at once.

    A check that hangs keeps its one thread and is reported as failed until it returns, so that probes against a
    dead database cannot pile up threads.
    """

    def __init__(self, checks: Mapping[str, Check], *, seconds: float = CHECK_SECONDS) -> None:
        self._checks = dict(checks)
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(max(1, len(self._checks)), thread_name_prefix="health")
        self._running: dict[str, Future[Healthy | Unhealthy]] = {}
        self._lock = threading.Lock()

    def results(self) -> dict[str, Healthy | Unhealthy]:
        """Every check's result by name."""
        with self._lock:
            for name, check in self._checks.items():
                earlier = self._running.get(name)
                if earlier is None or earlier.done():
                    self._running[name] = self._pool.submit(_guarded, name, check)
            running = dict(self._running)
        begun = monotonic()
        wait(running.values(), timeout=self._seconds)
        took = monotonic() - begun
        return {
            name: future.result() if future.done() else Unhealthy(f"no result after {took:.1f} s")
            for name, future in running.items()
        }


def _guarded(name: str, check: Check) -> Healthy | Unhealthy:
    try:
        return check()
    except Exception as error:
        # The text of the exception may hold addresses and passwords: the log gets its kind, the caller less.
        log.warning("health_check_failed", check=name, fault=type(error).__name__)
        return Unhealthy(f"failed: {_words(type(error).__name__)}")


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def register(app: Flask, checks: Mapping[str, Check]) -> None:
    """Add ``/health/live`` and ``/health/ready`` (200 or 503, JSON with every check's word) to the app."""
    health = Health(checks)

    @app.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready")
    def ready() -> tuple[Response, int]:
        results = health.results()
        well = all(isinstance(result, Healthy) for result in results.values())
        body = {
            "status": "ready" if well else "not ready",
            "checks": {
                name: {"ok": isinstance(result, Healthy), "note": result.note} for name, result in results.items()
            },
        }
        return jsonify(body), 200 if well else 503
