"""notify's tables: one row per message to one recipient, and one per attempt at sending it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata


class Base(DeclarativeBase):
    metadata = metadata("notify")
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), str: Text}  # noqa: RUF012 - SQLAlchemy's own form


class Notification(Base):
    """One message to one recipient on one channel, with its lifecycle."""

    __tablename__ = "notification"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    channel: Mapped[str] = mapped_column(server_default="email")
    recipient_address: Mapped[str]
    recipient_folded: Mapped[str]
    """One spelling for all spellings of the mailbox: what limits count by."""
    recipient_name: Mapped[str]
    language: Mapped[str]
    idea_reference: Mapped[str | None]
    facts: Mapped[str]
    """JSON text: all that the mail is written from, so that a later attempt writes the same mail."""
    state: Mapped[str]
    reason: Mapped[str | None]
    """Why it is in that state, as a code."""
    reply: Mapped[str | None]
    """The relay's last words, or the line of a delivery report."""
    message_id: Mapped[str] = mapped_column(unique=True)
    """Fixed when the row is made: submitting twice under it is seen as one mail."""
    priority: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime]
    next_try: Mapped[datetime | None]
    due_message_id: Mapped[UUID | None]
    """The bus message that carries the duty to send it; set when a worker claims it."""
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Attempt(Base):
    """One attempt at submitting a notification. Open while ``finished_at`` is empty."""

    __tablename__ = "attempt"

    notification_id: Mapped[UUID] = mapped_column(ForeignKey(Notification.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reply: Mapped[str | None]
