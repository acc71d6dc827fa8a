"""What a person does about messages that failed too often: try them again, or give them up with a reason.

It is recorded in notify's own database, by notify's role, while the bus is changed by the relay's: two transactions.
The record is written first and kept only where the bus was changed, so a crash between the two loses a line of
the record at worst, and never the act.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from services.notify.store import operations
from shared import logs
from shared.bus import admin
from shared.clock import Clock, now
from shared.db import Database
from shared.errors import NotFound, Rejected

log = logs.get(__name__)

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class MendQueue:
    """Retries and discards parked deliveries on somebody's behalf."""

    database: Database
    bus: Database
    clock: Clock = now

    def retry(self, consumer: str, message_id: UUID, by: str) -> None:
        """Try one again, at once.

        :raises NotFound: it is not parked (any more).
        """
        with self._recorded("queue-retry", f"queue:{consumer}/{message_id}", by):
            admin.retry(self.bus, consumer, message_id)

    def retry_all(self, name: str, by: str) -> int:
        """Try all again whose message has that name; returns how many.

        :raises NotFound: none is parked.
        """
        with self._recorded("queue-retry-all", f"queue:{name}", by):
            number = admin.retry_all(self.bus, name)
            if not number:
                raise NotFound(f"nothing of the name {name} is parked")
        return number

    def discard(self, consumer: str, message_id: UUID, by: str, reason: str) -> None:
        """Give one up without its effect.

        :raises Rejected: the reason is missing or too long.
        :raises NotFound: it is not parked (any more).
        """
        reason = reason.strip()
        if not reason:
            raise Rejected("reason", "queue.reason.missing")
        if len(reason) > LONGEST_REASON:
            raise Rejected("reason", "queue.reason.long")
        with self._recorded("queue-discard", f"queue:{consumer}/{message_id}", by, reason):
            admin.discard(self.bus, consumer, message_id, reason)

    @contextmanager
    def _recorded(self, act: str, target: str, by: str, reason: str = "") -> Iterator[None]:
        with self.database.transaction() as session:
            operations.record(session, at=self.clock(), actor=by, act=act, target=target, reason=reason)
            session.flush()
            yield
        log.info("queue_mended", act=act, target=target, actor=by)
