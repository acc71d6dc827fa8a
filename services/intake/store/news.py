"""News posts and who asked for them by mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.intake.store.public_tables import News, NewsSubscriber
from services.intake.store.tables import Sluice
from shared.web.paging import Position

PAGE = 20


@dataclass(frozen=True, slots=True)
class Post:
    """A post, and whose it is."""

    news: News
    slug: str | None
    """Its sluice's; None for the region's own."""
    sluice_name: str | None

    @property
    def position(self) -> Position:
        """Where it stands in a list of what is published, newest first."""
        assert self.news.published_at is not None
        return Position(self.news.published_at, self.news.id)


def published(
    session: Session, *, sluice: str | None = None, after: Position | None = None, limit: int = PAGE
) -> tuple[list[Post], Position | None]:
    """A page of published posts, newest first, and where the next begins. ``sluice`` takes that one's alone."""
    wanted: list[ColumnElement[bool]] = [News.published_at.is_not(None)]
    if sluice is not None:
        wanted.append(Sluice.slug == sluice)
    if after is not None:
        wanted.append(tuple_(News.published_at, News.id) < tuple_(after.at, after.id))
    rows = session.execute(
        select(News, Sluice.slug, Sluice.name)
        .outerjoin(Sluice, Sluice.id == News.sluice_id)
        .where(*wanted)
        .order_by(News.published_at.desc(), News.id.desc())
        .limit(limit + 1)
    )
    found = [Post(*row) for row in rows]
    return found[:limit], found[limit - 1].position if len(found) > limit else None


def by_address_name(session: Session, slug: str) -> Post | None:
    """The published post with that address, or None."""
    row = session.execute(
        select(News, Sluice.slug, Sluice.name)
        .outerjoin(Sluice, Sluice.id == News.sluice_id)
        .where(News.slug == slug, News.published_at.is_not(None))
    ).one_or_none()
    return Post(*row) if row else None


def wants(sluice_id: UUID | None) -> ColumnElement[bool]:
    """True for subscribers who get the posts of that sluice, or of the region: who asked for all gets both."""
    everything = NewsSubscriber.sluice_id.is_(None)
    asked = everything if sluice_id is None else or_(everything, NewsSubscriber.sluice_id == sluice_id)
    return asked & NewsSubscriber.confirmed_at.is_not(None) & NewsSubscriber.ended_at.is_(None)


def count_subscribers(session: Session, sluice_id: UUID | None) -> int:
    """How many people a post goes to."""
    counted = select(func.count(func.distinct(NewsSubscriber.address))).where(wants(sluice_id))
    return session.scalar(counted) or 0


def subscribers(session: Session, sluice_id: UUID | None, *, after: str, limit: int) -> Sequence[NewsSubscriber]:
    """The next people that a post goes to, by address, each once."""
    return session.scalars(
        select(NewsSubscriber)
        .ext(distinct_on(NewsSubscriber.address))
        .where(wants(sluice_id), NewsSubscriber.address > after)
        .order_by(NewsSubscriber.address, NewsSubscriber.sluice_id.nulls_last())
        .limit(limit)
    ).all()


def newest_change(session: Session, *, sluice: str | None = None) -> datetime | None:
    """When the newest of those posts was published."""
    wanted: list[ColumnElement[bool]] = [News.published_at.is_not(None)]
    if sluice is not None:
        wanted.append(Sluice.slug == sluice)
    return session.scalar(
        select(func.max(News.published_at)).outerjoin(Sluice, Sluice.id == News.sluice_id).where(*wanted)
    )
