"""Intake's tables of what contacts do with ideas: tags, ideas of several sluices, and acts that can be undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.store.tables import Base, Idea, Sluice


class IdeaSluice(Base):
    """A further sluice that an idea concerns. The idea's own is ``idea.sluice_id``."""

    __tablename__ = "idea_sluice"

    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)
    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"), primary_key=True)
    link: Mapped[str]
    """``shared``: its contacts see the idea and may write notes. ``passed_on``: it had the idea before."""
    at: Mapped[datetime]
    actor: Mapped[str]

    __table_args__ = (
        CheckConstraint("link IN ('shared', 'passed_on')", name="link"),
        Index("ix_idea_sluice_sluice_id", "sluice_id", "link"),
    )


class Tag(Base):
    """A word by which ideas are found again. A theme is one that a region's overview and projector group by."""

    __tablename__ = "tag"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sluice_id: Mapped[UUID | None] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"))
    """Null where every sluice may use it."""
    name: Mapped[str]
    is_theme: Mapped[bool] = mapped_column(server_default="false")

    __table_args__ = (UniqueConstraint("sluice_id", "name", postgresql_nulls_not_distinct=True),)


class IdeaTag(Base):
    """A tag on an idea."""

    __tablename__ = "idea_tag"

    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(ForeignKey(Tag.id, ondelete="CASCADE"), primary_key=True, index=True)


class Act(Base):
    """Something that somebody did to one or many ideas and may undo: what each field was, and what it became."""

    __tablename__ = "act"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str]
    changes: Mapped[list[dict[str, Any]]]
    """``{"idea": id, "field": name, "before": value, "after": value}``."""
    undone_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_act_actor", "actor", "at"),)
