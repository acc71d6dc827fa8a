"""The books: entries made with every change, and what they sum up to (see ``domain.account``)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.domain.account import Account, difference
from services.notify.store.tables import Tally
from shared.clock import STOCKHOLM

SHARDS = 16


@dataclass(frozen=True, slots=True)
class Books:
    """What was asked and what became of it, at one moment."""

    booked: Mapping[Account, int]
    waiting: int
    oldest_waiting: datetime | None

    @property
    def difference(self) -> int:
        """0 where the books balance."""
        return difference(self.booked, self.waiting)


def book(session: Session, now: datetime, entries: Counter[Account]) -> None:
    """Add entries to the day's sums. What waits has no account of its own: it is counted from the rows."""
    day, shard = now.astimezone(STOCKHOLM).date(), os.getpid() % SHARDS
    # In one order, so that two workers on one shard never wait for each other crosswise.
    rows = [
        {"day": day, "account": account, "shard": shard, "number": number}
        for account, number in sorted(entries.items())
        if number and account is not Account.WAITING
    ]
    if rows:
        statement = insert(Tally).values(rows)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["day", "account", "shard"],
                set_={"number": Tally.number + statement.excluded.number},
            )
        )


_READ = text("""
    SELECT account, sum(number)::bigint, NULL::timestamptz FROM notify.tally GROUP BY account
    UNION ALL
    SELECT 'waiting', count(*), min(due_at) FROM notify.notification
     WHERE state IN ('created', 'sending') OR (state = 'temporary-failure' AND next_try IS NOT NULL)
""")
"""One statement, and so one view of the tables. What waits is what ``account_of`` calls so."""


def read(session: Session) -> Books:
    """The books as they stand."""
    sums: dict[Account, int] = {}
    oldest: datetime | None = None
    for account, number, moment in session.execute(_READ):
        sums[Account(account)] = number
        oldest = moment or oldest
    waiting = sums.pop(Account.WAITING)
    return Books(sums, waiting, oldest)
