"""Intake's tables of what the public sees and does: followers, comments, stories, news and who asked for them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, UniqueConstraint, and_
from sqlalchemy import text as sql
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.store.tables import Base, Idea, Sluice


class Follower(Base):
    """Somebody who hears what becomes of an idea that is not (only) theirs."""

    __tablename__ = "follower"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    address: Mapped[str]
    """Canonical."""
    name: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str] = mapped_column(server_default="sv")
    why: Mapped[str]
    """``supports`` it on the board, sent the ``same_idea``, or had an idea that was ``merged`` into it."""
    supports: Mapped[bool] = mapped_column(server_default="true")
    """Are they counted among its supporters, once confirmed?"""
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """When they showed that the address is theirs; nothing but that question is sent before."""
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("idea_id", "address"),
        CheckConstraint("why IN ('supports', 'same_idea', 'merged')", name="why"),
        Index("ix_follower_address", "address", postgresql_where=sql("confirmed_at IS NOT NULL")),
    )

    @hybrid_property
    def hears(self) -> bool:
        """True for whoever is mailed about the idea: they showed that the address is theirs, and did not end it."""
        return self.confirmed_at is not None and self.ended_at is None

    @hears.inplace.expression
    @classmethod
    def _hears(cls) -> ColumnElement[bool]:
        return and_(cls.confirmed_at.is_not(None), cls.ended_at.is_(None))


class Comment(Base):
    """What somebody wrote about an idea on the board."""

    __tablename__ = "comment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"))
    name: Mapped[str]
    address: Mapped[str]
    text: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="sv")
    at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """When its writer showed that the address is theirs; nobody sees it before."""
    state: Mapped[str]
    """``held`` for a contact, ``shown`` or ``hidden``."""
    decided_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("state IN ('held', 'shown', 'hidden')", name="state"),
        Index("ix_comment_idea_id", "idea_id", "at"),
        Index("ix_comment_address", "address", postgresql_where=sql("confirmed_at IS NOT NULL")),
        Index("ix_comment_held", "idea_id", postgresql_where=sql("state = 'held' AND confirmed_at IS NOT NULL")),
    )


class Story(Base):
    """An implemented idea, told."""

    __tablename__ = "story"

    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)
    title: Mapped[str]
    text: Mapped[str]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    """Null while only contacts see it."""
    actor: Mapped[str]


class News(Base):
    """A short post of a municipality, or of the region where it has no sluice."""

    __tablename__ = "news"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sluice_id: Mapped[UUID | None] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    text: Mapped[str]
    press_contact: Mapped[str] = mapped_column(server_default="")
    """Whom to ask: name, role, telephone, address, a line each."""
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    """When it was mailed to those who asked."""
    actor: Mapped[str]

    __table_args__ = (Index("ix_news_published_at", "published_at", "id"),)


class NewsSubscriber(Base):
    """Somebody who asked for news by mail: of one sluice, or of the region and all of it."""

    __tablename__ = "news_subscriber"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sluice_id: Mapped[UUID | None] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"))
    address: Mapped[str]
    """Canonical."""
    language: Mapped[str] = mapped_column(server_default="sv")
    asked_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("sluice_id", "address", postgresql_nulls_not_distinct=True),
        Index("ix_news_subscriber_address", "address", postgresql_where=sql("confirmed_at IS NOT NULL")),
    )
