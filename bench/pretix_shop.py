"""pretix as a reference: installed, migrated, served, and asked for orders. Nothing of it is in our environment."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

from bench import serving
from shared.db import conninfo
from tests.support.ports import free_port

VERSION = "pretix==2026.8.*"
HERE = Path(__file__).parent
WARM_UP_SECONDS = 3.0
CONFIG = """[pretix]
instance_name=bench
url=http://127.0.0.1:{port}
datadir={data}
registration=off
[database]
backend=postgresql
name={url.database}
user={user}
password={password}
host={host}
port={url.port}
[django]
secret=only-for-the-bench
debug=off
"""
Send = Callable[[list[int], Iterator[tuple[str, str, dict[str, str]]], int], Any]


class CannotInstall(Exception):
    """pretix is not to be had here; the text says why."""


def install(environment: Path) -> Path:
    """Make an environment with pretix in it; returns its folder.

    :raises CannotInstall: with the last lines of what pip said.
    """
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    wanted = [environment / "bin" / "pip", "install", "-q", VERSION, "gunicorn"]
    done = subprocess.run(wanted, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstall(done.stderr[-800:])
    return environment


@dataclass
class Shop:
    """A pretix that takes orders."""

    port: int
    token: str
    few: int
    """The item that has ``seats`` places."""
    ample: int
    """One that is never sold out: what an order costs, and not what it costs to refuse one."""
    seats: int
    send: Send
    number: Iterator[int] = field(default_factory=itertools.count)

    def order_for(self, seconds: float, clients: int) -> float:
        """Send orders for that long; those taken in a second.

        :raises SystemExit: one was not taken.
        """
        answered = self.send([self.port], self._orders(self.ample, time.monotonic() + seconds), clients)
        if wrong := Counter(status for status, _ in answered.said if status != 201):
            raise SystemExit(f"pretix answered {dict(wrong)} where it had seats")
        return float(answered.rate)

    def sell_out(self, seconds: float, clients: int) -> None:
        """Send orders for few seats for that long: exactly those are taken, and all others are refused.

        :raises SystemExit: anything else came of it.
        """
        answered = self.send([self.port], self._orders(self.few, time.monotonic() + seconds), clients)
        statuses = Counter(status for status, _ in answered.said)
        if set(statuses) - {201, 400} or statuses[201] != min(self.seats, statuses.total()):
            raise SystemExit(f"pretix answered {dict(statuses)} for {self.seats} seats")

    def _orders(self, item: int, until: float) -> Iterator[tuple[str, str, dict[str, str]]]:
        while time.monotonic() < until:
            body = {
                "email": f"guest-{next(self.number)}@example.org",
                "locale": "en",
                "sales_channel": "web",
                "send_email": False,
                "positions": [{"item": item, "variation": None, "price": "0.00", "attendee_name": "Gunilla Gäst"}],
            }
            yield (
                "/api/v1/organizers/bench/events/rush/orders/",
                json.dumps(body),
                {"Authorization": f"Token {self.token}"},
            )


@contextmanager
def opened(environment: Path, database: URL, folder: Path, workers: int, seats: int, send: Send) -> Iterator[Shop]:
    """Migrate, make an event, and serve it with so many processes of gunicorn."""
    port = free_port()
    data = folder / "pretix"
    data.mkdir()
    config = folder / "pretix.cfg"
    with psycopg.connect(conninfo(database)) as connection:
        info = connection.info
        config.write_text(
            CONFIG.format(
                port=port,
                data=data,
                url=database.set(port=info.port),
                user=info.user,
                password=info.password or "",
                host=info.host,
            )
        )
    env = {**os.environ, "PRETIX_CONFIG_FILE": str(config), "PYTHONWARNINGS": "ignore"}
    run = environment / "bin"
    quiet = {"env": env, "cwd": folder, "check": True, "capture_output": True, "text": True}
    subprocess.run([run / "python", "-m", "pretix", "migrate"], **quiet)  # type: ignore[call-overload]
    made = subprocess.run([run / "python", HERE / "pretix_event.py", str(seats)], **quiet)  # type: ignore[call-overload]
    token, few, ample = made.stdout.split()[-3:]
    served = subprocess.Popen(
        [run / "gunicorn", "pretix.wsgi", "--workers", str(workers), "--bind", f"127.0.0.1:{port}"],
        env=env,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        serving.wait_for(port, "/healthcheck/", seconds=120)
        shop = Shop(port, token, int(few), int(ample), seats, send)
        shop.order_for(WARM_UP_SECONDS, workers * 2)
        yield shop
    finally:
        served.terminate()
        try:
            served.wait(60)
        except subprocess.TimeoutExpired:
            served.kill()
            served.wait()
