"""The books: entries made with every change, and what they sum up to (see ``domain.account``)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, event, or_, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.domain.account import Account, account_of, difference
from services.notify.domain.delivery import State
from services.notify.store.tables import Notification, Tally
from shared.clock import STOCKHOLM

SHARDS = 16
_KEPT = "books"

WAITING = "(state IN ('created', 'sending') OR (state = 'temporary-failure' AND next_try IS NOT NULL))"
"""What ``account_of`` calls waiting, as ``ix_notification_unsent`` has it."""


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


def account(row: Notification) -> Account:
    """Where a notification stands."""
    return account_of(State(row.state), tried_again=row.next_try is not None)


def booked_at(account: Account) -> ColumnElement[bool]:
    """The condition under which a row stands there, as ``account_of`` has it."""
    state, tried_again = Notification.state, Notification.next_try.is_not(None)
    later = state == State.TEMPORARY_FAILURE
    match account:
        case Account.WAITING:
            return or_(state.in_([State.CREATED, State.SENDING]), and_(later, tried_again))
        case Account.SENT:
            return state.in_([State.SENT, State.DELIVERED])
        case Account.FAILED:
            return or_(state.in_([State.PERMANENT_FAILURE, State.TECHNICAL_FAILURE]), and_(later, ~tried_again))
        case Account.SUPPRESSED:
            return state.in_([State.SUPPRESSED, State.CANCELLED])
        case Account.ASKED:
            return state.is_not(None)


def book(session: Session, now: datetime, entries: Counter[Account]) -> None:
    """Add entries to the day's sums when the transaction commits.

    What waits has no account of its own: it is counted from the rows.
    """
    if _KEPT not in session.info:
        session.info[_KEPT] = Counter()
        event.listen(session, "before_commit", _write, once=True)
    day = now.astimezone(STOCKHOLM).date()
    session.info[_KEPT].update({(day, account): number for account, number in entries.items()})


def _write(session: Session) -> None:
    """All of a transaction's entries at once and in one order: two on one shard never wait for each other crosswise."""
    kept: Counter[tuple[date, Account]] = session.info.pop(_KEPT)
    shard = os.getpid() % SHARDS
    rows = [
        {"day": day, "account": account, "shard": shard, "number": number}
        for (day, account), number in sorted(kept.items())
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


_READ = f"""
    SELECT account, sum(number)::bigint, NULL::timestamptz FROM notify.tally GROUP BY account
    UNION ALL
    SELECT 'waiting', count(*), min(due_at) FROM notify.notification WHERE {WAITING}
"""  # noqa: S608 - a constant of ours
"""One statement, and so one view of the tables."""


def read(session: Session) -> Books:
    """The books as they stand."""
    sums: dict[Account, int] = {}
    oldest: datetime | None = None
    for account, number, moment in session.execute(text(_READ)):
        sums[Account(account)] = number
        oldest = moment or oldest
    waiting = sums.pop(Account.WAITING)
    return Books(sums, waiting, oldest)
