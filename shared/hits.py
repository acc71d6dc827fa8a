"""What has been counted or used once: hits within a window, and solved proofs. One small table, one statement each.

Every service that has open forms keeps such a table, ``hit``, in its own schema.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, case, column, delete, func, literal, select, table, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

_AT_ONCE = 1000
"""Rows that are forgotten at a time."""


class Hits:
    """The counts of one service."""

    def __init__(self, schema: str) -> None:
        hit = table("hit", column("key"), column("count"), column("expires_at"), schema=schema)
        moment = func.clock_timestamp()
        # A lost count after a power cut harms nobody, so it does not wait for the disk (the setting ends with the
        # transaction).
        lazily = func.set_config("synchronous_commit", "off", true())
        new = select(
            bindparam("key", required=True),
            bindparam("amount", required=True),
            moment + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("seconds", required=True)),
        ).select_from(lazily)
        counting = insert(hit).from_select(["key", "count", "expires_at"], new)
        is_past = hit.c.expires_at <= moment
        self._count = counting.on_conflict_do_update(
            index_elements=[hit.c.key],
            set_={
                "count": case((is_past, 0), else_=hit.c.count) + counting.excluded.count,
                "expires_at": case((is_past, counting.excluded.expires_at), else_=hit.c.expires_at),
            },
        ).returning(hit.c.count)
        self._spend = (
            insert(hit)
            .values(
                key=bindparam("key", required=True), count=literal(1), expires_at=bindparam("expires_at", required=True)
            )
            .on_conflict_do_nothing(index_elements=[hit.c.key])
            .returning(literal(True))
        )
        expired = select(hit.c.key).where(hit.c.expires_at < moment).limit(_AT_ONCE).with_for_update(skip_locked=True)
        self._forget = delete(hit).where(hit.c.key.in_(expired))
        self._look = select(hit.c.count, func.extract("epoch", hit.c.expires_at)).where(
            hit.c.key == bindparam("key", required=True), hit.c.expires_at > func.now()
        )
        self._clear = delete(hit).where(hit.c.key == bindparam("key", required=True))

    def count(self, connection: Connection, key: str, seconds: float, amount: int = 1) -> int:
        """Add to the count of a window that ends ``seconds`` after its first hit; gives the count with it. Atomic."""
        counted: int = connection.execute(
            self._count, {"key": key, "amount": amount, "seconds": float(seconds)}
        ).scalar_one()
        return counted

    def look(self, connection: Connection, key: str) -> tuple[int, float] | None:
        """The count of a window and when it ends (Unix time); None where there is none."""
        row = connection.execute(self._look, {"key": key}).one_or_none()
        return (int(row[0]), float(row[1])) if row is not None else None

    def clear(self, connection: Connection, key: str) -> None:
        """Forget one count."""
        connection.execute(self._clear, {"key": key})

    def forget(self, connection: Connection) -> None:
        """Take away what has expired, a thousand rows at most."""
        connection.execute(self._forget)

    def spend(self, session: Session, key: str, expires_at: datetime) -> bool:
        """Use up something that is good for once; False where it was used before. Undone with the transaction."""
        return session.execute(self._spend, {"key": key, "expires_at": expires_at}).scalar() is not None
