"""Words by which ideas are found again: a sluice's own, and themes that all sluices share."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from services.intake.store.tables import Idea
from services.intake.store.work_tables import Act, IdeaTag, Tag
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import TAG, Done
from shared.clock import now
from shared.db import hold
from shared.errors import Rejected
from shared.ids import new_id
from shared.viewer import Viewer
from shared.words import one_line

MAX_TAG = 50
"""Characters of a tag."""


def tags_of(session: Session, idea_id: UUID) -> Sequence[Tag]:
    """The idea's tags, themes first."""
    return session.scalars(
        select(Tag)
        .join(IdeaTag, IdeaTag.tag_id == Tag.id)
        .where(IdeaTag.idea_id == idea_id)
        .order_by(Tag.is_theme.desc(), func.lower(Tag.name))
    ).all()


def known_tags(session: Session, sluice_id: UUID) -> Sequence[Tag]:
    """What ideas of that sluice may be tagged with, themes first."""
    return session.scalars(
        select(Tag).where(_usable(sluice_id)).order_by(Tag.is_theme.desc(), func.lower(Tag.name))
    ).all()


def tag_idea(
    session: Session, viewer: Viewer, reference: str, *, name: str, version: int | None, act: Act | None = None
) -> Done:
    """Put a tag on the idea; one that nobody has used before becomes the sluice's own. Twice changes nothing more.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: the tag is empty or too long.
    """
    idea = own_idea(session, viewer, reference, version=version)
    words = one_line(name, MAX_TAG + 1)
    if not words:
        raise Rejected("name", "tag_is_empty")
    if len(words) > MAX_TAG:
        raise Rejected("name", "tag_is_too_long")
    tag = _known_or_new(session, idea.sluice_id, words)
    if session.get(IdeaTag, (idea.id, tag.id)) is not None:
        return Done(idea)
    session.add(IdeaTag(idea_id=idea.id, tag_id=tag.id))
    return _changed(session, viewer, idea, tag.id, "tagged", act, is_on=True)


def put_tag(session: Session, idea: Idea, name: str) -> None:
    """Put a tag on an idea that came in with it: nobody did it, so nobody undoes it. What is too long is cut."""
    words = one_line(name, MAX_TAG)
    if not words:
        return
    tag = _known_or_new(session, idea.sluice_id, words)
    if session.get(IdeaTag, (idea.id, tag.id)) is None:
        session.add(IdeaTag(idea_id=idea.id, tag_id=tag.id))
        session.flush()


def untag(
    session: Session, viewer: Viewer, reference: str, *, tag: UUID, version: int | None, act: Act | None = None
) -> Done:
    """Take a tag off the idea. Twice changes nothing more.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    """
    idea = own_idea(session, viewer, reference, version=version)
    if session.get(IdeaTag, (idea.id, tag)) is None:
        return Done(idea)
    session.execute(delete(IdeaTag).where(IdeaTag.idea_id == idea.id, IdeaTag.tag_id == tag))
    session.expire_all()
    return _changed(session, viewer, idea, tag, "untagged", act, is_on=False)


def _changed(
    session: Session, viewer: Viewer, idea: Idea, tag: UUID, kind: str, act: Act | None, *, is_on: bool
) -> Done:
    idea.version += 1
    idea.updated_at = now()
    change = {"idea": str(idea.id), "field": f"{TAG}{tag}", "before": not is_on, "after": is_on}
    return Done(idea, acts.add(session, viewer, kind, [change], act=act))


def _known_or_new(session: Session, sluice_id: UUID, name: str) -> Tag:
    # Two people who make the same tag at once: the second waits here, and finds the first one's.
    hold(session, f"tags:{sluice_id}")
    found = session.scalar(
        select(Tag)
        .where(_usable(sluice_id), func.lower(Tag.name) == name.lower())
        .order_by(Tag.is_theme.desc(), Tag.id)
        .limit(1)
    )
    if found is None:
        found = Tag(id=new_id(), sluice_id=sluice_id, name=name)
        session.add(found)
        session.flush()
    return found


def _usable(sluice_id: UUID) -> ColumnElement[bool]:
    return or_(Tag.sluice_id.is_(None), Tag.sluice_id == sluice_id)
