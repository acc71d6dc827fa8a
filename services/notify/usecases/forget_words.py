"""Let messages' recipients and words go: some time after their end, or with the idea that they were about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Reason
from services.notify.store import books, emptying
from services.notify.store.tables import Notification
from services.notify.usecases import lifecycle
from shared import ended_access, logs
from shared.clock import Clock, now
from shared.db import Database
from shared.errors import TemporaryFailure
from shared.settings import Settings

log = logs.get(__name__)

PORTION = 500
SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ForgetWords:
    """The scheduler's job: ``IDESLUSS_RETENTION_MESSAGES_DAYS`` after their end."""

    settings: Settings
    database: Database
    forget_caught: Callable[[datetime], object] | None
    """Empties the catching mailbox, where it catches what leaves, of what is older than a moment."""
    is_sane: Callable[[], bool]
    """May anything be destroyed by the clock: see ``shared.sane_clock``."""
    clock: Clock = now

    def __call__(self) -> int:
        """How many messages were emptied."""
        if not self.is_sane():
            return 0
        ended_access.forget_sessions(self.database, self.clock())
        if self.settings.retention_messages_days == 0:
            return 0
        before = self.clock() - timedelta(days=self.settings.retention_messages_days)
        emptied = 0
        while True:
            with self.database.transaction() as session:
                ids = emptying.ended_before(session, before, limit=PORTION)
                emptying.empty(session, ids)
            emptied += len(ids)
            if len(ids) < PORTION:
                break
        if self.forget_caught is not None:
            self.forget_caught(before)
        return emptied


def forget_ideas(session: Session, told: Mapping[str, Any], clock: Clock = now) -> None:
    """What ``ideas.forgotten.v1`` asks for: all that was said about these ideas goes. Done twice, it is done once.

    What still waits is not sent any more where the ideas are gone.

    :raises TemporaryFailure: something about one of them is on its way.
    """
    rows = session.scalars(
        select(Notification)
        .where(Notification.idea_reference.in_(told["references"]))
        .order_by(Notification.id)
        .with_for_update()
    ).all()
    carriers = {row.carried_by for row in rows if row.carried_by is not None}
    for row in rows:
        if books.account(row) is not Account.WAITING:
            continue
        if row.state == State.SENDING or row.carried_by is not None or not told["removed"]:
            raise TemporaryFailure("a message about the idea is on its way", retry_after=SOON)
        lifecycle.change(session, row, State.CANCELLED, now=clock(), reason=Reason.CANCELLED)
    session.flush()
    # A digest says what it carried.
    emptying.empty(session, [*(row.id for row in rows), *carriers])
    session.expire_all()
    log.info("messages_emptied", ideas=len(told["references"]), messages=len(rows))
