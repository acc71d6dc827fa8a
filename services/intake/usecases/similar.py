"""Find earlier ideas of a sluice that resemble one: for whoever writes it, and for its contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.domain.likeness import ALIKE, likeness
from services.intake.store import search
from services.intake.store.tables import Idea

_LOOKED_AT = 20
"""How many candidates are compared word by word."""


@dataclass(frozen=True, slots=True)
class SimilarIdea:
    """An idea as it may be shown: as published, or with its own words to a contact."""

    id: UUID
    reference: str
    title: str
    stage: Stage
    supporters: int
    created_at: datetime


def similar(
    session: Session,
    sluice_id: UUID,
    title: str,
    body: str,
    *,
    limit: int = 3,
    public_only: bool,
    exclude: UUID | None = None,
) -> list[SimilarIdea]:
    """Ideas that are about the same, the likest first; none where nothing is like enough.

    :param public_only: only what stands on the board, as it stands there; otherwise everything, for contacts.
    :param exclude: the idea itself.
    """
    stems = search.stems_of(session, title, body)
    common = search.commonness(session)
    found = search.candidates(
        session,
        sluice_id,
        search.telling(stems, common),
        public_only=public_only,
        exclude=exclude,
        limit=_LOOKED_AT,
    )
    scores = {one.id: likeness(stems, one.stems, common.share) for one in found}
    best = sorted((one for one in scores if scores[one] >= ALIKE), key=lambda one: (-scores[one], one))[:limit]
    if not best:
        return []
    ideas = {idea.id: idea for idea in session.scalars(select(Idea).where(Idea.id.in_(best)))}
    return [_shown(ideas[one], public_only) for one in best]


def _shown(idea: Idea, public_only: bool) -> SimilarIdea:
    return SimilarIdea(
        id=idea.id,
        reference=idea.reference,
        title=(idea.public_title or "") if public_only else idea.title,
        stage=Stage(idea.stage),
        supporters=idea.supporters,
        created_at=idea.created_at,
    )
