"""The PROXY protocol, versions 1 and 2, spoken by listed peers only: who the client behind a proxy is.

aiosmtpd's own parser, fed from a bounded buffer. Its errors never reach the other end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy

MAX_HEADER = 4096
"""Octets that a header may have before it ends: 107 in version 1, few in version 2 but for its options."""


class Reader:
    """What aiosmtpd's parser reads from: a buffer, and a way to wait for more in it."""

    def __init__(self, buffer: bytearray, more: Callable[[], Awaitable[None]]) -> None:
        self._buffer = buffer
        self._more = more
        self._left = MAX_HEADER

    async def read(self, n: int = 1) -> bytes:
        """At most ``n`` octets, at least one."""
        while not self._buffer:
            await self._more()
        return self._take(min(n, len(self._buffer)))

    async def readexactly(self, n: int) -> bytes:
        """Exactly ``n`` octets."""
        while len(self._buffer) < n:
            await self._more()
        return self._take(n)

    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Everything up to the separator, and it."""
        while (end := self._buffer.find(separator)) < 0:
            if len(self._buffer) > self._left:
                raise ValueError("no end")
            await self._more()
        return self._take(end + len(separator))

    def _take(self, n: int) -> bytes:
        self._left -= n
        if self._left < 0:
            raise ValueError("too long")
        taken = bytes(self._buffer[:n])
        del self._buffer[:n]
        return taken


async def read_source(reader: Reader, proxy_address: str) -> str | None:
    """The client's IP address; the proxy's own where it speaks for itself; None where the header is malformed.

    :raises Exception: never because of what the peer sent; ``more`` may raise.
    """
    header = await get_proxy(reader)
    if not header.valid:
        return None
    if header.command == V2_CMD.LOCAL or not isinstance(header.src_addr, IPv4Address | IPv6Address):
        return proxy_address
    return str(header.src_addr)
