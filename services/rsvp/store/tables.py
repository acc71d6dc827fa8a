"""Rsvp's tables. Until events exist there is one: the calendar replies that came by mail."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata


class Base(DeclarativeBase):
    metadata = metadata("rsvp")
    type_annotation_map = {datetime: TIMESTAMP(timezone=True), str: Text}  # noqa: RUF012 - SQLAlchemy's own form


class CalendarReply(Base):
    """What a calendar program answered to an invitation (RFC 5546 §3.2.3), as it came."""

    __tablename__ = "calendar_reply"

    inbound_email_id: Mapped[UUID] = mapped_column(primary_key=True)
    uid: Mapped[str | None]
    sequence: Mapped[int | None]
    attendee: Mapped[str | None]
    partstat: Mapped[str | None]
    sender: Mapped[str | None]
    vouched: Mapped[bool]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
