"""How long another server asks us to wait (``Retry-After``, RFC 9110 §10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_PAUSE = timedelta(hours=1)
"""However much longer it asks for."""


def asked_pause(value: str, moment: datetime) -> timedelta | None:
    """The pause from that moment on: given in seconds or as a date; None where it is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(value)
        pause = (until if until.tzinfo else until.replace(tzinfo=UTC)) - moment
    except (ValueError, OverflowError):
        return None
    return min(max(pause, timedelta()), LONGEST_PAUSE)
