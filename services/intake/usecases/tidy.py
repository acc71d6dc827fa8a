"""Forget what is no record and serves nobody any more: sessions, links, counts, questions nobody confirmed.

Nothing here is a public record that anybody would ask for: it needs no decision, and the days are the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, tuple_

from services.intake.store.hits import HITS
from services.intake.store.people_tables import EndedAccess, SignedIn, SignInLink
from services.intake.store.public_tables import Follower, NewsSubscriber
from shared.db import Database

SIGN_IN_DAYS = 30
"""Links and sessions, after their end: long enough to look into a sign-in that somebody does not know."""
ENDED_DAYS = 2
"""That a session was ended early; its cookie is believed for half a day at most. Tokens are remembered for ever."""
UNCONFIRMED_DAYS = 30
"""Followers and subscribers whose address nobody showed to be theirs."""
AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Tidy:
    """The scheduler's job."""

    database: Database
    is_sane: Callable[[], bool]

    def __call__(self) -> int:
        """How many rows went."""
        if not self.is_sane():
            return 0
        gone = sum(self._table(table, old) for table, old in _old())
        with self.database.transaction() as session:
            HITS.forget(session.connection())
        return gone

    def _table(self, table: Any, old: Any) -> int:
        key = table.__table__.primary_key.columns
        gone = 0
        while True:
            with self.database.transaction() as session:
                some = select(*key).where(old).limit(AT_ONCE).with_for_update(skip_locked=True)
                count = len(session.execute(delete(table).where(tuple_(*key).in_(some)).returning(*key)).all())
            gone += count
            if count < AT_ONCE:
                return gone


def _old() -> list[tuple[Any, Any]]:
    def past(days: int) -> Any:
        return func.now() - func.make_interval(0, 0, 0, days)

    return [
        (SignInLink, SignInLink.expires_at < past(SIGN_IN_DAYS)),
        (SignedIn, func.coalesce(SignedIn.ended_at, SignedIn.ends_at) < past(SIGN_IN_DAYS)),
        (EndedAccess, (EndedAccess.kind == "session") & (EndedAccess.at < past(ENDED_DAYS))),
        (Follower, Follower.confirmed_at.is_(None) & (Follower.asked_at < past(UNCONFIRMED_DAYS))),
        (NewsSubscriber, NewsSubscriber.confirmed_at.is_(None) & (NewsSubscriber.asked_at < past(UNCONFIRMED_DAYS))),
    ]
