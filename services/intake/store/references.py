"""Give out references without gaps: one number after the other in each sluice and year."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference
from services.intake.store.tables import ReferenceCounter
from shared.clock import local_year


def next_reference(session: Session, sluice_id: UUID, code: str, received_at: datetime) -> Reference:
    """The next reference of a sluice. Others wait until this transaction ends, so none is skipped."""
    year = local_year(received_at)
    number = session.execute(
        insert(ReferenceCounter)
        .values(sluice_id=sluice_id, year=year, last=1)
        .on_conflict_do_update(
            index_elements=[ReferenceCounter.sluice_id, ReferenceCounter.year],
            set_={"last": ReferenceCounter.last + 1},
        )
        .returning(ReferenceCounter.last)
    ).scalar_one()
    return Reference(code, year, number)
