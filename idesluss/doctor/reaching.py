"""Whether something answers at an address, within a few seconds."""

from __future__ import annotations

import socket
from collections.abc import Callable

from idesluss.doctor.finding import Finding, Level
from shared.hosts import reachable

PATIENCE = 3.0
"""Seconds that any network check may take."""


def greeting(subject: str, host: str, port: int, remedy: str) -> Finding:
    """Does a mail server greet there?"""

    def heard() -> str:
        with socket.create_connection((reachable(host), port), timeout=PATIENCE) as connection:
            return connection.recv(512).decode("ascii", "replace").strip()

    return _tried(subject, f"{host}:{port}", heard, lambda word: word.startswith("220"), remedy)


def connects(subject: str, host: str, port: int) -> Finding:
    """Does anything take a connection there?"""

    def connected() -> str:
        socket.create_connection((host, port), timeout=PATIENCE).close()
        return "connected"

    return _tried(subject, f"{host}:{port}", connected, bool, "check host and port, and the firewall between")


def _tried(subject: str, where: str, try_it: Callable[[], str], good: Callable[[str], bool], remedy: str) -> Finding:
    try:
        word = try_it()
    except OSError as error:
        return Finding(Level.WARNING, subject, f"{where} does not answer ({error}): {remedy}")
    if good(word):
        return Finding(Level.OK, subject, f"{where} answers")
    return Finding(Level.WARNING, subject, f"{where} answers {word!r} instead of 220: {remedy}")
