"""What the services told about one person, in pieces, until the job's file is fetched and its time is over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.store.data_tables import DataJob, DataJobContent, DataJobPart
from shared import logs, mentions
from shared.clock import Clock, now
from shared.contracts.registry import INTAKE
from shared.db import Database
from shared.errors import NotFound

log = logs.get(__name__)


def keep_piece(session: Session, job_id: UUID, service: str, piece: int, pieces: int, content: str) -> None:
    """Keep one piece of what a service holds; the same piece again changes nothing."""
    session.get_one(DataJobPart, (job_id, service)).pieces = pieces
    session.flush()
    kept = insert(DataJobContent).values(job_id=job_id, service=service, piece=piece, content=content)
    session.execute(kept.on_conflict_do_nothing())


def keep_own(session: Session, job_id: UUID, held: Mapping[str, Any]) -> None:
    """Keep what intake itself holds."""
    for piece in mentions.in_pieces(held):
        keep_piece(session, job_id, INTAKE, **piece)


def content(session: Session, job_id: UUID, service: str) -> dict[str, Any]:
    """What a service told, as data.

    :raises NotFound: it told nothing, not all of it yet, or that is thrown away.
    """
    part = session.get(DataJobPart, (job_id, service))
    kept = select(DataJobContent.content).where(DataJobContent.job_id == job_id, DataJobContent.service == service)
    pieces = session.scalars(kept.order_by(DataJobContent.piece)).all()
    whole = "".join(pieces)
    if not whole or part is None or len(pieces) < part.pieces:
        raise NotFound("thrown away")
    loaded: dict[str, Any] = json.loads(whole)
    return loaded


def throw_away(session: Session, job: DataJob) -> None:
    """Remove all that was told for a job; the record of it stays."""
    session.execute(delete(DataJobContent).where(DataJobContent.job_id == job.id))
    log.info("person_content_thrown_away", job_id=str(job.id))


@dataclass(frozen=True, slots=True)
class ThrowAway:
    """The scheduler's job: what was read out goes when its time is over."""

    database: Database
    clock: Clock = now

    def __call__(self) -> int:
        """Throw away what is over; of how many jobs."""
        with self.database.transaction() as session:
            over = session.scalars(
                select(DataJob).where(
                    DataJob.expires_at <= self.clock(),
                    select(DataJobContent.job_id).where(DataJobContent.job_id == DataJob.id).exists(),
                )
            ).all()
            for job in over:
                throw_away(session, job)
        return len(over)
