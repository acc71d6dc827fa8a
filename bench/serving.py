"""What the benches that serve over HTTP share: waiting until a server answers, and a profile of one of its threads."""

from __future__ import annotations

import cProfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path


def wait_for(port: int, path: str, *, seconds: float = 30) -> None:
    """Wait until a server on this machine answers there, whatever it says.

    :raises OSError: it has not within that time.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path)
            connection.getresponse().read()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def profiled(serve: Callable[[], None], profile: Path | None) -> None:
    """Serve; with a profile, of the first of waitress' threads, which do the work."""
    if profile is None:
        serve()
        return
    kept: list[cProfile.Profile] = []
    run = threading.Thread.run

    def measured(thread: threading.Thread) -> None:
        found = cProfile.Profile()
        kept.append(found)
        try:
            found.runcall(run, thread)
        except ValueError:
            run(thread)

    threading.Thread.run = measured  # type: ignore[method-assign,assignment] # the library makes its threads itself
    serve()
    kept[0].dump_stats(profile)
