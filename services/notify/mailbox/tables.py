"""The mailbox's one table."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata


class Base(DeclarativeBase):
    metadata = metadata("mailbox")
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        list[str]: ARRAY(Text),
        bytes: LargeBinary,
    }


class Message(Base):
    """One caught mail, as it first came; submitting its Message-ID again only counts."""

    __tablename__ = "message"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256 of the Message-ID, which may be longer than an index entry."""
    message_id: Mapped[str]
    sender: Mapped[str]
    recipients: Mapped[list[str]]
    raw: Mapped[bytes]
    submissions: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
