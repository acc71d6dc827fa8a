"""The two tables that are the truth: what was said, and who has yet to act on it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata


class Base(DeclarativeBase):
    metadata = metadata("bus")
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), str: Text}  # noqa: RUF012 - SQLAlchemy's own form


class Message(Base):
    """What somebody said, once, as JSON text (not jsonb: it must keep what came, to the letter)."""

    __tablename__ = "message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    payload: Mapped[str]
    correlation_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    trace: Mapped[str | None]
    """The W3C ``traceparent`` of whoever said it, where tracing is on."""


class Job(Base):
    """One job of the clock: when it last ran, and when it is due again, whoever runs it."""

    __tablename__ = "job"

    name: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    """When it last came to a good end."""
    due_at: Mapped[datetime]
    """When it may be taken: while it runs, the end of its scheduler's lease."""
    runs: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Runs begun, those that failed or were killed among them."""
    failures: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_error: Mapped[str | None]


class Delivery(Base):
    """One consumer's duty towards one message. Finished only when ``done_at`` says so."""

    __tablename__ = "delivery"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey(Message.id, ondelete="CASCADE"), primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default="0")
    """Attempts begun; counted before the work, so that a message that kills its worker counts too."""
    rings: Mapped[int] = mapped_column(server_default="0")
    """How often the relay has rung for it since it was last tried."""
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Lower goes first: see ``outbox.Priority``."""
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """From when on it may be done, moved on where an attempt says when to come back: its age is counted from there."""
    next_try: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the relay rings (again)."""
    claimed_until: Mapped[datetime | None]
    """A worker's lease: nobody else begins before it ends."""
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    """Failed too often: waits for a person, who retries it or discards it with a reason."""
    discarded: Mapped[str | None]
    """The reason a person gave for discarding it."""
