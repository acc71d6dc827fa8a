"""Roles that do nothing but what a test of the supervisor needs. Each says what it does in $DATA/events."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from shared.settings import Settings


def say(settings: Settings, *words: object) -> None:
    """Append one line; whole, since it is short."""
    with (settings.data_dir / "events").open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def events(data_dir: Path) -> list[list[str]]:
    """What the roles have said so far."""
    path = data_dir / "events"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def _until_stopped(beat: Callable[[], None]) -> None:
    stopping = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    while not stopping.wait(0.05):
        beat()


def steady(settings: Settings, beat: Callable[[], None], name: str = "steady") -> None:
    """Beats until it is stopped."""
    say(settings, "up", name, os.getpid())
    _until_stopped(beat)
    say(settings, "down", name)


def first(settings: Settings, beat: Callable[[], None]) -> None:
    """Steady, under the name first."""
    steady(settings, beat, "first")


def second(settings: Settings, beat: Callable[[], None]) -> None:
    """Steady, under the name second."""
    steady(settings, beat, "second")


def hanging(settings: Settings, beat: Callable[[], None]) -> None:
    """Beats once and never again, and will not be stopped."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    beat()
    say(settings, "up", "hanging", os.getpid())
    threading.Event().wait()


def failing(settings: Settings, beat: Callable[[], None]) -> None:
    """Dies at once."""
    say(settings, "up", "failing", os.getpid())
    raise RuntimeError("as it should")


def web(settings: Settings, beat: Callable[[], None]) -> None:
    """Answers every GET with 200."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer((settings.http_host, settings.http_port), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    steady(settings, beat, "web")
    server.shutdown()
