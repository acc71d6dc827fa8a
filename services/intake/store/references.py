"""Give out references without gaps: one number after the other in each sluice and year."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference
from shared.clock import local_year

_NEXT = text("""
    INSERT INTO intake.reference_counter AS counter (sluice_id, year, last) VALUES (:sluice_id, :year, 1)
    ON CONFLICT (sluice_id, year) DO UPDATE SET last = counter.last + 1
    RETURNING last
""")


def next_reference(session: Session, sluice_id: UUID, code: str, received_at: datetime) -> Reference:
    """The next reference of a sluice. Others wait until this transaction ends, so none is skipped."""
    year = local_year(received_at)
    number = session.execute(_NEXT, {"sluice_id": sluice_id, "year": year}).scalar_one()
    return Reference(code, year, number)
