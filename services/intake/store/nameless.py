"""Take the submitter's name and address from ideas: their own rows, their messages and their timelines."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from services.intake.domain.messages import ERASED, TO_SUBMITTERS
from services.intake.store.tables import Idea, IdeaMessage, TimelineEntry


def take_names(session: Session, ids: Collection[UUID], moment: datetime) -> None:
    """Leave these ideas without a submitter. What the texts themselves say of anybody stays as it was written."""
    session.execute(
        update(Idea)
        .where(Idea.id.in_(ids))
        .values(submitter_name="", submitter_address=None, vouched=False, asked_at=None, erased_at=moment)
    )
    session.execute(
        update(IdeaMessage)
        .where(IdeaMessage.idea_id.in_(ids), IdeaMessage.kind.in_(TO_SUBMITTERS))
        # The other server's words may well hold the address.
        .values(recipient=ERASED, line=None)
    )
    session.execute(
        update(TimelineEntry)
        .where(TimelineEntry.idea_id.in_(ids), TimelineEntry.actor_kind == "submitter")
        .values(actor="")
    )
    session.execute(
        update(TimelineEntry)
        .where(TimelineEntry.idea_id.in_(ids), TimelineEntry.event.in_(("address_changed", "address_corrected")))
        .values(facts={"wrong": ERASED, "right": ERASED})
    )
