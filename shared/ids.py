"""Identifiers: UUIDv7 for rows (they sort by time, so indexes stay dense) and random ones for secrets."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

_lock = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562 §5.7) that rises strictly within this process.

    The 12 bits after the milliseconds hold the fraction of the millisecond, and the rest is random.
    """
    global _last
    with _lock:
        tick = time.time_ns() * 4096 // 1_000_000
        _last = tick = max(tick, _last + 1)
    milliseconds, fraction = tick >> 12, tick & 0xFFF
    value = (milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | fraction << 64 | 2 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


def made_at(identity: uuid.UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=identity.int >> 80)


def new_secret_id() -> str:
    """128 random bits as 32 hex digits: an address that nobody can guess."""
    return secrets.token_hex(16)
