"""What the public sees of ideas: only what a contact published, in the words of the board, and never a row itself.

Every page and feed for the public reads through here, so that an original, a sender's name or a held idea cannot reach
a template at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, literal, select, true, tuple_
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.domain.unnamed import without_person
from services.intake.store import search
from services.intake.store.public_tables import Comment, Follower, Story
from services.intake.store.tables import Idea, Sluice, TimelineEntry
from shared.errors import NotFound
from shared.web.own_links import without_tokens
from shared.web.paging import Position

PAGE = 24
"""Cards on a page of the board."""
CARD_TEXT = 220
"""Characters of a text on a card."""
MOST_COUNTED = 1000
"""Ideas of one stage that are counted for the region's stair: more is told as "more than"."""


class Order(StrEnum):
    """How a board is sorted."""

    NEWEST = "newest"
    SUPPORTED = "supported"


@dataclass(frozen=True, slots=True)
class PublicIdea:
    """An idea as everybody may see it."""

    id: UUID
    reference: str
    slug: str
    sluice_name: str
    title: str
    text: str
    """Whole on the idea's page, its beginning on a card."""
    language: str
    stage: Stage
    supporters: int
    came_at: datetime
    published_at: datetime
    updated_at: datetime
    comments: str
    """Are they off, held or open here."""


@dataclass(frozen=True, slots=True)
class PublicAnswer:
    """An official answer, in full, without the name of whoever it was written to."""

    at: datetime
    text: str
    signed_by: str
    moved_to: Stage | None


@dataclass(frozen=True, slots=True)
class PublicComment:
    """What somebody wrote about an idea, once it may be seen."""

    at: datetime
    name: str
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class PublicStory:
    """An implemented idea, told."""

    reference: str
    slug: str
    sluice_name: str
    title: str
    text: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card stands in a sorted board; its text is the cursor in an address."""

    position: Position
    supporters: int

    def __str__(self) -> str:
        return f"{self.supporters}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place that ``str`` gave, or None for anything else: then the board begins at its beginning."""
        number, dot, position = text.partition(".")
        try:
            return cls(Position.parse(position), int(number)) if dot and len(number) < 10 else None
        except ValueError:
            return None


def cards(
    session: Session,
    sluice_id: UUID,
    *,
    words: str = "",
    stage: Stage | None = None,
    order: Order = Order.NEWEST,
    after: Place | None = None,
    limit: int = PAGE,
) -> tuple[list[PublicIdea], Place | None]:
    """One page of a sluice's board, and where the next begins."""
    wanted = [Idea.sluice_id == sluice_id, Idea.is_public, Sluice.board]
    if words:
        wanted.append(search.public_matches(words))
    if stage is not None:
        wanted.append(Idea.stage == stage.value)
    if order is Order.SUPPORTED:
        keys = (Idea.supporters, Idea.published_at, Idea.id)
        last = (after.supporters, after.position.at, after.position.id) if after else None
    else:
        keys = (Idea.published_at, Idea.id)  # type: ignore[assignment] # one key fewer
        last = (after.position.at, after.position.id) if after else None  # type: ignore[assignment]
    if last is not None:
        wanted.append(tuple_(*keys) < tuple_(*map(literal, last)))
    found = [
        _idea(row)
        for row in session.execute(
            _shown(CARD_TEXT + 200).where(*wanted).order_by(*(key.desc() for key in keys)).limit(limit + 1)
        )
    ]
    if len(found) <= limit:
        return found, None
    end = found[limit - 1]
    return found[:limit], Place(Position(end.published_at, end.id), end.supporters)


def idea(session: Session, slug: str, reference: str) -> PublicIdea:
    """An idea on a sluice's board.

    :raises NotFound: there is none for the public.
    """
    row = session.execute(
        _shown(None).where(Sluice.slug == slug, Idea.reference == reference, Idea.is_public, Sluice.board)
    ).one_or_none()
    if row is None:
        raise NotFound("no such public idea")
    return _idea(row)


def answers(session: Session, idea_id: UUID) -> list[PublicAnswer]:
    """The official answers to an idea, newest first.

    Of an idea whose submitter's details were erased only those given since: without the name we can no longer tell
    where the older ones say it.
    """
    name, address, erased_at = session.execute(
        select(Idea.submitter_name, Idea.submitter_address, Idea.erased_at).where(Idea.id == idea_id)
    ).one()
    since = TimelineEntry.at > erased_at if erased_at is not None else true()
    return [
        PublicAnswer(
            entry.at, without_person(without_tokens(entry.text), name, address), entry.actor, _moved_to(entry.facts)
        )
        for entry in session.scalars(
            select(TimelineEntry)
            .where(TimelineEntry.idea_id == idea_id, _stands(), TimelineEntry.public, since)
            .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
        )
    ]


def left_at(session: Session, idea_id: UUID) -> Stage:
    """The stage that a closed idea left by the side."""
    facts = session.scalars(
        select(TimelineEntry.facts)
        .where(TimelineEntry.idea_id == idea_id, _stands())
        .order_by(TimelineEntry.at.desc(), TimelineEntry.id.desc())
    )
    for told in facts:
        if told.get("to") == Stage.CLOSED.value and told.get("from") in list(Stage):
            return Stage(told["from"])
    return Stage.RECEIVED


def _stands() -> ColumnElement[bool]:
    """True for official answers that nobody has undone."""
    return and_(TimelineEntry.event == "answered", ~TimelineEntry.facts.has_key("undone"))


def comments(session: Session, idea_id: UUID) -> list[PublicComment]:
    """What may be seen of what people wrote about an idea, oldest first."""
    return [
        PublicComment(one.at, one.name, without_tokens(one.text), one.language)
        for one in session.scalars(
            select(Comment)
            .where(Comment.idea_id == idea_id, Comment.state == "shown", Comment.confirmed_at.is_not(None))
            .order_by(Comment.at, Comment.id)
            .limit(500)
        )
    ]


def stories(
    session: Session, *, sluice_id: UUID | None = None, idea_id: UUID | None = None, limit: int = 50
) -> list[PublicStory]:
    """Implemented ideas as they are told, newest first: of one idea, one sluice, or all."""
    wanted = [Idea.is_public, Sluice.board, Story.published_at.is_not(None), Idea.stage == Stage.IMPLEMENTED.value]
    if sluice_id is not None:
        wanted.append(Idea.sluice_id == sluice_id)
    if idea_id is not None:
        wanted.append(Idea.id == idea_id)
    rows = session.execute(
        select(Idea.reference, Sluice.slug, Sluice.name, Story.title, Story.text, Story.published_at)
        .join(Idea, Idea.id == Story.idea_id)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(*wanted)
        .order_by(Story.published_at.desc(), Story.idea_id)
        .limit(limit)
    )
    return [PublicStory(*row) for row in rows]  # type: ignore[arg-type] # published_at is not null here


def counts(session: Session) -> dict[Stage, int]:
    """How many ideas stand on the region's boards in each stage, counted up to ``MOST_COUNTED``."""
    boards = select(Sluice.id).where(Sluice.board)
    columns = []
    for stage in Stage:
        some = select(literal(1)).where(Idea.is_public, Idea.stage == stage.value, Idea.sluice_id.in_(boards))
        columns.append(select(func.count()).select_from(some.limit(MOST_COUNTED + 1).subquery()).scalar_subquery())
    return dict(zip(Stage, session.execute(select(*columns)).one(), strict=True))


def recount(session: Session, idea: Idea) -> None:
    """Set an idea's supporters to those who showed that their address is theirs. The idea's row must be locked."""
    session.flush()
    idea.supporters = (
        session.scalar(
            select(func.count())
            .select_from(Follower)
            .where(Follower.idea_id == idea.id, Follower.supports, Follower.confirmed_at.is_not(None))
        )
        or 0
    )


def _shown(characters: int | None):  # type: ignore[no-untyped-def] # SQLAlchemy infers thirteen columns' types
    text = func.coalesce(Idea.public_text, "")
    return select(
        Idea.id,
        Idea.reference,
        Sluice.slug,
        Sluice.name,
        Idea.public_title,
        text if characters is None else func.left(text, characters),
        Idea.language,
        Idea.stage,
        Idea.supporters,
        Idea.created_at,
        Idea.published_at,
        Idea.updated_at,
        Sluice.comments,
    ).join(Sluice, Sluice.id == Idea.sluice_id)


def _idea(row: Row[Any]) -> PublicIdea:
    columns: list[Any] = list(row)  # in the order of _shown
    columns[4], columns[7] = columns[4] or "", Stage(columns[7])
    return PublicIdea(*columns)


def _moved_to(facts: dict[str, object]) -> Stage | None:
    to = facts.get("to")
    return Stage(to) if isinstance(to, str) and to in list(Stage) and to != facts.get("from") else None
