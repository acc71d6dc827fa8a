"""What has been counted or used once: hits within a window, and solved proofs. One small table, one statement each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

# A lost count after a power cut harms nobody, so it does not wait for the disk (the setting ends with the transaction).
_COUNT = text("""
    INSERT INTO intake.hit AS hit (key, count, expires_at)
    SELECT :key, :amount, clock_timestamp() + make_interval(secs => :seconds)
      FROM set_config('synchronous_commit', 'off', true)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN hit.expires_at <= clock_timestamp() THEN 0 ELSE hit.count END + excluded.count,
        expires_at = CASE WHEN hit.expires_at <= clock_timestamp() THEN excluded.expires_at ELSE hit.expires_at END
    RETURNING count
""")
_SPEND = text("""
    INSERT INTO intake.hit (key, count, expires_at) VALUES (:key, 1, :expires_at)
    ON CONFLICT (key) DO NOTHING RETURNING true
""")
_FORGET = text("""
    DELETE FROM intake.hit WHERE key IN (
        SELECT key FROM intake.hit WHERE expires_at < clock_timestamp() LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
""")
_LOOK = text("SELECT count, extract(epoch FROM expires_at) FROM intake.hit WHERE key = :key AND expires_at > now()")


def count(connection: Connection, key: str, seconds: float, amount: int = 1) -> int:
    """Add to the count of a window that ends ``seconds`` after its first hit; gives the count with it. Atomic."""
    counted: int = connection.execute(_COUNT, {"key": key, "amount": amount, "seconds": seconds}).scalar_one()
    return counted


def look(connection: Connection, key: str) -> tuple[int, float] | None:
    """The count of a window and when it ends (Unix time); None where there is none."""
    row = connection.execute(_LOOK, {"key": key}).one_or_none()
    return (int(row[0]), float(row[1])) if row is not None else None


def clear(connection: Connection, key: str) -> None:
    """Forget one count."""
    connection.execute(text("DELETE FROM intake.hit WHERE key = :key"), {"key": key})


def forget(connection: Connection) -> None:
    """Take away what has expired, a thousand rows at most."""
    connection.execute(_FORGET)


def spend(session: Session, key: str, expires_at: datetime) -> bool:
    """Use up something that is good for once; False where it was used before. Undone with the transaction."""
    return session.execute(_SPEND, {"key": key, "expires_at": expires_at}).scalar() is not None
