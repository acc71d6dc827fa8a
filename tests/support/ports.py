"""Ports that nobody listens on."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack, suppress


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    return free_ports(1)[0]


def free_ports(number: int) -> list[int]:
    """So many different ports: asked for one by one, the kernel may give the same twice."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def lasting_ports(number: int) -> list[int]:
    """So many that stay free while their server is away: below those that Linux gives to outgoing connections."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.sample(range(20_000, 32_000), 200):
            probe = held.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == number:
                return found
    raise OSError("no free ports below 32,000")
