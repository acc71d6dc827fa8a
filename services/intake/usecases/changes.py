"""What administrators changed: written in the same transaction as the change, and never changed itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store.people_tables import Change
from services.intake.store.tables import Sluice
from shared.clock import now
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class PastChange:
    """One change, with the name of the sluice that it was made in, if it was in one."""

    id: UUID
    at: datetime
    actor: str
    sluice_name: str | None
    what: str
    before: Any
    after: Any


def record_change(
    session: Session, actor: str, what: str, *, sluice_id: UUID | None = None, before: Any = None, after: Any = None
) -> None:
    """Keep that ``actor`` changed something: ``what`` is such as ``sluice.answer_days`` or ``contact.added``."""
    session.add(Change(id=new_id(), at=now(), actor=actor, sluice_id=sluice_id, what=what, before=before, after=after))


def past_changes(
    session: Session, *, slug: str | None = None, before: UUID | None = None, limit: int = 50
) -> Sequence[PastChange]:
    """The newest changes, of one sluice or of all; those older than ``before`` where that is given."""
    statement = (
        select(Change, Sluice.name)
        .outerjoin(Sluice, Sluice.id == Change.sluice_id)
        .order_by(Change.at.desc(), Change.id.desc())
        .limit(limit)
    )
    if slug is not None:
        statement = statement.where(Sluice.slug == slug)
    edge = session.get(Change, before) if before is not None else None
    if edge is not None:
        statement = statement.where((Change.at < edge.at) | ((Change.at == edge.at) & (Change.id < edge.id)))
    return [
        PastChange(row.id, row.at, row.actor, name, row.what, row.before, row.after)
        for row, name in session.execute(statement)
    ]
