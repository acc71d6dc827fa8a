"""Command lines off the wire: exactly CRLF ends one, it is short, and it is SMTP. Pure.

What is refused here ends the connection: after a line end that we and a relay in front of us could
see differently, nothing that follows can be trusted (SMTP smuggling, RFC 5321 §2.3.8).
"""

from __future__ import annotations

from services.intake.smtp import replies

MAX_LINE = 2048
"""Octets in a command line with its CRLF; RFC 5321 §4.5.3.1.4 asks for 512 and SMTPUTF8 adds to it."""

FOREIGN = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"PRI"})
"""First words of other protocols: a browser or proxy was made to talk to us."""

_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_CONTROLS = bytes([*range(0x00, 0x09), *range(0x0A, 0x20), 0x7F])


class Broken(Exception):
    """The session cannot go on. ``reply`` is the last thing to say."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply.decode("ascii").strip())
        self.reply = reply


def take_line(buffer: bytearray) -> bytes | None:
    """Remove the first command line from ``buffer`` and return it without CRLF; None while it is unfinished.

    :raises Broken: a bare CR or LF, a line over ``MAX_LINE``, or a first octet that is no letter.
    """
    if not buffer:
        return None
    end = buffer.find(b"\n", 0, MAX_LINE)
    cr = buffer.find(b"\r", 0, end if end >= 0 else MAX_LINE)
    if end >= 0:
        if cr != end - 1 or end == 0:
            raise Broken(replies.BARE_LINE_END)
        line = bytes(memoryview(buffer)[: end - 1])
        del buffer[: end + 1]
    elif len(buffer) >= MAX_LINE:
        raise Broken(replies.LINE_TOO_LONG)
    elif cr >= 0 and cr != len(buffer) - 1:
        raise Broken(replies.BARE_LINE_END)
    else:
        line = None
    beginning = buffer if line is None else line
    if beginning and beginning[0] not in _LETTERS and beginning[0] != 0x0D:
        raise Broken(replies.NOT_SMTP)
    return line


def split(line: bytes) -> tuple[bytes, bytes]:
    """The verb in capitals, and its argument without surrounding blanks; both empty for an empty line.

    :raises Broken: the verb belongs to another protocol.
    """
    verb, argument = (*line.split(None, 1), b"", b"")[:2]
    verb = verb.upper()
    if verb in FOREIGN:
        raise Broken(replies.NOT_SMTP)
    return verb, argument.rstrip(b" \t")


def has_controls(line: bytes) -> bool:
    """Whether the line holds NUL or another control character; a tab is a blank."""
    return len(line.translate(None, _CONTROLS)) != len(line)
