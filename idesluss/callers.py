"""What callers may hold of ours while they send: so much time for a request, and so much disk all together.

waitress closes connections that are silent, but one byte a minute is not silence, and each body may be as large as a
form with files. Sending slowly or much must not keep the next caller out.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

GRACE_SECONDS = 60.0
"""For a request's head, and for whatever rate its body begins with."""
MIN_RATE = 8 * 1024
"""Bytes a second: 64 kbit/s. Files of 25 MiB may take nearly an hour."""
MAX_UNDER_WAY = 1024 * 1024 * 1024
"""Bytes of all bodies that are being received or wait for their turn: they lie on disk. One over, the oldest goes."""
SMALL = 1024 * 1024
"""A body of fewer bytes is nobody's burden: forms without files are sent whatever others do."""


class _Request(HTTPRequestParser):
    """A request that knows when its first byte came."""

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)  # type: ignore[no-untyped-call] # waitress bears no types
        self.began = monotonic()


class Channel(HTTPChannel):
    """A connection whose requests know when they began."""

    parser_class = _Request
    request: Any
    """The one that is coming, a ``_Request``; None between two."""

    def del_channel(self, map: Any = None) -> None:
        """The connection is closed: give back the disk of what it had begun to send. waitress forgets to."""
        with self.requests_lock:
            coming, self.request = self.request, None
        super().del_channel(map)  # type: ignore[no-untyped-call] # the same
        if coming is not None:
            coming.close()

    def under_way(self) -> list[_Request]:
        """The requests that this connection holds, one of them perhaps still coming."""
        coming = self.request
        return [*self.requests, *([coming] if coming is not None else [])]


def close_slow(sockets: Iterable[Any], now: float | None = None) -> int:
    """Close each connection whose request comes too slowly; how many. ``now`` is in ``monotonic()`` seconds."""
    moment = monotonic() if now is None else now
    slow = [channel for channel in sockets if isinstance(channel, Channel) and _is_slow(channel, moment)]
    for channel in slow:
        channel.will_close = True
    return len(slow)


def make_room(sockets: Iterable[Any]) -> int:
    """Close the connections that send the longest until all bodies together are small enough; how many."""
    sending = [(channel, _held(channel)) for channel in sockets if isinstance(channel, Channel)]
    total = sum(size for _, size in sending)
    closed = 0
    for channel, size in sorted(
        (one for one in sending if one[1] >= SMALL and one[0].request is not None), key=lambda one: one[0].request.began
    ):
        if total <= MAX_UNDER_WAY:
            break
        channel.will_close = True
        total -= size
        closed += 1
    return closed


def _is_slow(channel: Channel, moment: float) -> bool:
    coming = channel.request
    return coming is not None and moment - coming.began > GRACE_SECONDS + coming.body_bytes_received / MIN_RATE


def _held(channel: Channel) -> int:
    return sum(request.body_bytes_received for request in channel.under_way() if not channel.will_close)
