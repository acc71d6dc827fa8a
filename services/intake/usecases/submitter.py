"""What a submitter says about an idea of their own, through the signed follow link."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.store.tables import Idea
from services.intake.usecases.receive import note
from shared.clock import now
from shared.errors import NotFound


def state_kind(session: Session, reference: str, kind: SubmitterKind) -> Idea:
    """Record who the submitter is: employee, citizen … Saying the same again changes nothing.

    :raises NotFound: there is no such idea.
    """
    idea = session.scalar(select(Idea).where(Idea.reference == reference).with_for_update())
    if idea is None:
        raise NotFound("no such idea")
    if idea.kind != kind.value:
        idea.kind = kind.value
        idea.updated_at = now()
        note(
            session,
            idea,
            event="kind_stated",
            at=idea.updated_at,
            actor=idea.submitter_name or idea.submitter_address or "",
            actor_kind="submitter",
            facts={"kind": kind.value},
        )
    return idea
