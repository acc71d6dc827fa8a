"""What a MAIL command says: the return path and the parameters that we know. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.intake.smtp import paths, replies

BODIES = ("7BIT", "8BITMIME")


@dataclass(frozen=True, slots=True)
class Sender:
    """A well-formed MAIL command."""

    path: str
    """Without angle brackets; empty for the null return path."""
    size: int
    """Octets that the client declared (RFC 1870), 0 where it did not."""
    utf8: bool
    """SMTPUTF8 was asked for (RFC 6531)."""


def parse_sender(argument: str, *, extended: bool) -> Sender | bytes:
    """Read ``FROM:<path> parameters``; returns the reply that refuses it where it is at fault.

    :param extended: the client said EHLO or LHLO, so it may give parameters.
    """
    taken = paths.take_path(argument, "FROM:")
    options = paths.parameters(taken[1]) if taken is not None else None
    if taken is None or options is None or (options and not extended):
        return replies.BAD_ARGUMENT
    path = taken[0]
    size = options.pop("SIZE", "0")
    body = options.pop("BODY", "7BIT")
    utf8 = "SMTPUTF8" in options
    utf8_value = options.pop("SMTPUTF8", None)
    if options:
        return replies.UNKNOWN_PARAMETER
    if body is None or body.upper() not in BODIES or utf8_value is not None or not _is_size(size):
        return replies.BAD_ARGUMENT
    if path and paths.split_address(path) is None:
        return replies.BAD_SENDER
    if not utf8 and not path.isascii():
        return replies.NEEDS_SMTPUTF8
    return Sender(path, int(size or 0), utf8)


def _is_size(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and len(text) <= 20
