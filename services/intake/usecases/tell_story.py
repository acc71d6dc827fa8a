"""Tell an implemented idea as a story: written by a contact, shown on the board and the region's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from services.intake.domain.fingerprint import fingerprint
from services.intake.domain.idea import Stage
from services.intake.store.public_tables import Story
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from shared import logs
from shared.clock import now
from shared.errors import Conflict, Rejected
from shared.viewer import Viewer
from shared.web.own_links import without_tokens
from shared.words import clean, one_line

log = logs.get(__name__)

MAX_TITLE: Final = 120
MAX_TEXT: Final = 20_000


@dataclass(frozen=True, slots=True)
class StoryDraft:
    """A story as its contact works on it, with its idea."""

    reference: str
    idea_title: str
    idea_text: str
    slug: str
    sluice_name: str
    is_implemented: bool
    is_on_board: bool
    title: str
    text: str
    published_at: datetime | None
    seen: str
    """The fingerprint of title and text."""


def look(session: Session, viewer: Viewer, reference: str) -> StoryDraft:
    """The story of an idea, empty where nobody has begun it.

    :raises NotFound: there is no such idea, for them to act on.
    """
    idea = own_idea(session, viewer, reference)
    story = session.get(Story, idea.id)
    sluice = session.get_one(Sluice, idea.sluice_id)
    title, text = (story.title, story.text) if story else ("", "")
    return StoryDraft(
        reference=idea.reference,
        idea_title=idea.public_title or idea.title,
        idea_text=without_tokens(idea.public_text or idea.text),
        slug=sluice.slug,
        sluice_name=sluice.name,
        is_implemented=idea.stage == Stage.IMPLEMENTED.value,
        is_on_board=sluice.board and idea.is_public,
        title=title,
        text=text,
        published_at=story.published_at if story else None,
        seen=fingerprint(title, text),
    )


def save(session: Session, viewer: Viewer, reference: str, *, title: str, text: str, publish: bool, seen: str) -> None:
    """Keep the story as written, and show it to everybody or nobody.

    :raises NotFound: there is no such idea, for them to act on.
    :raises Conflict: somebody else has changed the story since ``seen``.
    :raises Rejected: title or text is empty or too long, or the idea is not implemented.
    """
    idea = own_idea(session, viewer, reference)
    story = session.get(Story, idea.id)
    if seen != fingerprint(story.title if story else "", story.text if story else ""):
        raise Conflict("somebody else has changed the story meanwhile")
    title, text = one_line(without_tokens(title), MAX_TITLE * 4), clean(without_tokens(text)).strip()
    _check(idea, title, text)
    actor = acts.name_of(session, viewer, idea.sluice_id)
    if story is None:
        story = Story(idea_id=idea.id, title=title, text=text, published_at=None, actor=actor)
        session.add(story)
    story.title, story.text, story.actor = title, text, actor
    story.published_at = (story.published_at or now()) if publish else None
    log.info("story_kept", idea_id=str(idea.id), published=publish)


def _check(idea: Idea, title: str, text: str) -> None:
    if idea.stage != Stage.IMPLEMENTED.value:
        raise Rejected("story", "not_implemented")
    if not title:
        raise Rejected("title", "empty")
    if len(title) > MAX_TITLE:
        raise Rejected("title", "too_long")
    if not text:
        raise Rejected("text", "empty")
    if len(text) > MAX_TEXT:
        raise Rejected("text", "too_long")
