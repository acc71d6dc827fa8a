"""The body of a mail off the wire: finds its end, undoes dot-stuffing, in chunks of any size. Pure.

Exactly CRLF.CRLF ends a mail (RFC 5321 §4.1.1.4); every other line end is kept as it came. There is no
limit on a line: real senders write long ones (aiosmtpd#285). Memory is bounded by ``limit``.
"""

from __future__ import annotations

import hashlib

END = b"\r\n.\r\n"

_STUFFED = b"\r\n."
_BEGINNINGS = tuple(END[:length] for length in range(len(END) - 1, 0, -1))


class Body:
    """One mail's octets while they come in."""

    __slots__ = ("_hash", "_held", "_skip", "content", "ended", "limit", "over", "received")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.content = bytearray()
        """What came, dot-stuffing undone; empty once ``over``."""
        self.ended = False
        self.over = False
        """More came than ``limit``: only the end is looked for now, and nothing kept."""
        self.received = 0
        """Octets seen, stuffing included."""
        self._hash = hashlib.sha256()
        # The CRLF of the DATA command itself begins the first line, so that a lone dot may follow at once.
        self._held = b"\r\n"
        self._skip = 2

    def feed(self, chunk: bytes | bytearray) -> bytes:
        """Take in what came; returns what follows the end of the mail, empty where that is not reached.

        Octets that may be the beginning of the end are held back until the next call.
        """
        self.received += len(chunk)
        window = self._held + chunk
        end = window.find(END)
        if end >= 0:
            self.ended = True
            self._keep(window[: end + 2])
            return bytes(window[end + len(END) :])
        self._held = next(filter(window.endswith, _BEGINNINGS), b"")
        self._keep(window[: len(window) - len(self._held)])
        return b""

    def discard(self) -> None:
        """Forget what came, and keep nothing from now on; the end is still found."""
        self.over = True
        self.content = bytearray()

    def sha256(self) -> bytes:
        """The SHA-256 of ``content``, worked out while it came in."""
        return self._hash.digest()

    def _keep(self, piece: bytes) -> None:
        if self.over or not piece:
            return
        # RFC 5321 §4.5.2: a line's leading dot goes, whatever follows it. A stuffed line is never split
        # over two pieces, since all that looks like its beginning is held back.
        octets = piece.replace(_STUFFED, b"\r\n")
        if self._skip:
            octets, self._skip = octets[self._skip :], 0
        if len(self.content) + len(octets) > self.limit:
            self.discard()
            return
        self.content += octets
        self._hash.update(octets)
