"""Intake's table of coming meetings, as rsvp tells of them: for the region's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.store.tables import Base


class Meeting(Base):
    """An event as ``event.changed.v1`` told of it last."""

    __tablename__ = "meeting"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str]
    sluice_slug: Mapped[str]
    tour_slug: Mapped[str | None]
    state: Mapped[str]
    title: Mapped[Any] = mapped_column(JSONB)
    """By language."""
    place: Mapped[str]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    version: Mapped[int]
    """The event's: what was told before another version came is not kept after it."""
    told_at: Mapped[datetime]

    __table_args__ = (Index("ix_meeting_starts_at", "starts_at", postgresql_where=sql("state = 'published'")),)
