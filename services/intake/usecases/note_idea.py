"""A note that only contacts see: of the idea's own sluice, and of those that it is shared with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store.tables import Sluice, TimelineEntry
from services.intake.store.work_tables import IdeaSluice
from services.intake.usecases import acts
from services.intake.usecases.access import own_sluices, seen_idea
from services.intake.usecases.receive import note
from shared.clock import now
from shared.errors import NotFound, Rejected
from shared.viewer import Viewer
from shared.words import clean

MAX_NOTE = 10_000
"""Characters of a note."""


def note_idea(session: Session, viewer: Viewer, reference: str, *, text: str) -> TimelineEntry:
    """Write an internal note. It changes nothing that others may have looked at, so the version stays.

    :raises NotFound: there is none, for them; or they only had it before it was passed on.
    :raises Rejected: the note is empty or too long.
    """
    idea = seen_idea(session, viewer, reference)
    words = clean(text).strip()
    if not words:
        raise Rejected("text", "note_is_empty")
    if len(words) > MAX_NOTE:
        raise Rejected("text", "note_is_too_long")
    sluice = session.get_one(Sluice, idea.sluice_id)
    facts: dict[str, object] = {}
    if not viewer.answers_for(sluice.slug):
        shared = session.scalar(
            select(Sluice)
            .join(IdeaSluice, IdeaSluice.sluice_id == Sluice.id)
            .where(IdeaSluice.idea_id == idea.id, IdeaSluice.link == "shared", own_sluices(viewer))
            .order_by(Sluice.slug)
            .limit(1)
        )
        if shared is None:
            raise NotFound(f"idea {reference}")
        sluice = shared
        facts = {"sluice": sluice.name}
    moment = now()
    idea.updated_at = moment
    return note(
        session,
        idea,
        event="noted",
        at=moment,
        actor=acts.name_of(session, viewer, sluice.id),
        actor_kind="contact",
        text=words,
        facts=facts,
        public=False,
    )
