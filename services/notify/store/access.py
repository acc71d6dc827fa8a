"""Which sessions and API tokens were ended before their time, as intake told: their signatures still hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.store.tables import EndedAccess
from shared.db import Database

LONGEST_SESSION = timedelta(hours=12)
"""After this a session has ended by itself."""


def keep_ended(session: Session, told: Mapping[str, Any]) -> None:
    """Keep what ``access.ended.v1`` tells."""
    values = {name: told[name] for name in ("kind", "name", "at")}
    session.execute(insert(EndedAccess).values(values).on_conflict_do_nothing())


def ended(database: Database, moment: datetime) -> frozenset[tuple[str, str]]:
    """Kind and name of all that has ended and might still be believed."""
    may_live = (EndedAccess.kind == "token") | (EndedAccess.at > moment - LONGEST_SESSION)
    with database.transaction() as session:
        rows = session.execute(select(EndedAccess.kind, EndedAccess.name).where(may_live))
        return frozenset((row.kind, row.name) for row in rows)
