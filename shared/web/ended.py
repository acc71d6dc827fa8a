"""Sessions and tokens that were ended before their time: their signatures still hold, so every app must remember them.

A service keeps the list in a table of its own and gives the app a way to load it; what was loaded is believed for some
seconds, so that a page costs no question to the database.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError

from shared import logs

log = logs.get(__name__)

EXTENSION = "access_ended"
BELIEVED_SECONDS = 3.0
"""How long what was ended elsewhere may still pass."""

Names = Collection[tuple[str, str]]


class Ended:
    """What has ended: pairs of ``session`` or ``token`` and its name."""

    def __init__(self, load: Callable[[], Names], *, seconds: float = BELIEVED_SECONDS) -> None:
        self._load = load
        self._seconds = seconds
        self._known: Names = frozenset()
        self._until = 0.0
        self._lock = threading.Lock()

    def __call__(self, kind: str, name: str) -> bool:
        """True where that session or token was ended.

        A database that is away does not shut everybody out of pages that say so: then the last answer holds.
        """
        with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._known = frozenset(self._load())
                except DBAPIError as error:
                    log.warning("ended_access_unknown", error=type(error).__name__)
                self._until = time.monotonic() + self._seconds
            return (kind, name) in self._known

    def forget(self) -> None:
        """Ask anew next time: something has just been ended here."""
        self._until = 0.0


def install(app: Flask, ended: Ended) -> None:
    """Let the app refuse what has ended."""
    app.extensions[EXTENSION] = ended


def has_ended(kind: str, name: str) -> bool:
    """True where the present app knows that this session or token was ended."""
    ended: Ended | None = current_app.extensions.get(EXTENSION)
    return ended is not None and ended(kind, name)


def forget() -> None:
    """Let the present app ask anew: something has just been ended here."""
    ended: Ended | None = current_app.extensions.get(EXTENSION)
    if ended is not None:
        ended.forget()
