"""Sessions and tokens that were ended before their time, as intake told: every service keeps them in its own schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, column, delete, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared.db import Database

LONGEST_SESSION = timedelta(hours=12)
"""After this a session has ended by itself."""


def keep_ended(session: Session, schema: str, told: Mapping[str, Any]) -> None:
    """Keep what ``access.ended.v1`` tells."""
    values = {name: told[name] for name in ("kind", "name", "at")}
    session.execute(insert(_table(schema)).values(values).on_conflict_do_nothing())


def forget_sessions(database: Database, moment: datetime) -> None:
    """Forget sessions that nobody could believe any more. A token is believed for ever, so its end is remembered."""
    known = _table(database.role.value)
    old = (known.c.kind == "session") & (known.c.at < moment - 2 * LONGEST_SESSION)
    with database.transaction() as session:
        session.execute(delete(known).where(old))


def ended(database: Database, moment: datetime) -> frozenset[tuple[str, str]]:
    """Kind and name of all that has ended and might still be believed, as the database role's service knows it."""
    known = _table(database.role.value)
    statement = select(known.c.kind, known.c.name).where((known.c.kind == "token") | (known.c.at > bindparam("since")))
    with database.transaction() as session:
        rows = session.execute(statement, {"since": moment - LONGEST_SESSION})
        return frozenset((row.kind, row.name) for row in rows)


def _table(schema: str) -> Any:
    return table("ended_access", column("kind"), column("name"), column("at"), schema=schema)
