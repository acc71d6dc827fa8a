"""May what destroys go by the clock? Not while it is far ahead of when it was seen last.

A clock that is set wrong makes everything old at once, and what is removed then is gone for good. So each look keeps
the time; where it is more than ``MOST`` later than at the look before, destroying pauses until the clock is back,
until the clock has run on for as long as it jumped, or until a person says that it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import column, func, select, table, update
from sqlalchemy.dialects.postgresql import insert

from shared import logs
from shared.clock import Clock, now
from shared.db import Database

log = logs.get(__name__)

MOST = timedelta(days=2)
"""Between two looks, which are an hour or a day apart: a machine that was off for a weekend goes on by itself."""
APART = timedelta(hours=1)
"""More than this between our clock and the database's, and one of them is wrong."""
_NAME = "removing"


@dataclass(frozen=True, slots=True)
class SaneClock:
    """The database's clock, with its memory in the table ``seen_clock`` of that role's schema."""

    database: Database
    clock: Clock = now

    def __call__(self) -> bool:
        """Look at the clock; False while nothing may be destroyed by it."""
        seen = self._table()
        with self.database.transaction() as session:
            moment: datetime = session.scalars(select(func.clock_timestamp())).one()
            first = insert(seen).values(name=_NAME, seen_at=moment, looked_at=moment).on_conflict_do_nothing()
            session.execute(first)
            known = session.execute(select(seen).where(seen.c.name == _NAME).with_for_update()).one()
            jumped = _jumped(moment, known.seen_at, known.jumped_at, known.looked_at)
            trusted = known.seen_at if jumped is not None else moment
            session.execute(
                update(seen).where(seen.c.name == _NAME).values(seen_at=trusted, jumped_at=jumped, looked_at=moment)
            )
        if jumped is not None:
            log.error("clock_jumped", seen_at=known.seen_at.isoformat(), now=moment.isoformat())
            return False
        if abs(moment - self.clock()) > APART:
            log.error("clocks_differ", database=moment.isoformat(), here=self.clock().isoformat())
            return False
        return True

    def trust(self) -> None:
        """A person says that the clock is right."""
        seen = self._table()
        moment = func.clock_timestamp()
        values = {"name": _NAME, "seen_at": moment, "jumped_at": None, "looked_at": moment}
        statement = insert(seen).values(values)
        with self.database.transaction() as session:
            session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def _table(self) -> Any:
        names = ("name", "seen_at", "jumped_at", "looked_at")
        return table("seen_clock", *(column(name) for name in names), schema=self.database.role.value)


def _jumped(moment: datetime, seen_at: datetime, jumped_at: datetime | None, looked_at: datetime) -> datetime | None:
    """Since when the clock is not believed, or None where it is."""
    if moment - seen_at <= MOST:
        return None
    if jumped_at is None or moment - looked_at > MOST:
        return moment
    has_passed = moment - jumped_at >= jumped_at - seen_at
    return None if has_passed else jumped_at
