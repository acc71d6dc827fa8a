"""Intake's tables of people who sign in: administrators, links, sessions, API tokens, and what they changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.store.tables import Base, Sluice


class Administrator(Base):
    """Somebody who may see and change everything. Contacts and coaches are rows of ``contact``."""

    __tablename__ = "administrator"

    address: Mapped[str] = mapped_column(primary_key=True)
    """Folded."""
    name: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="sv")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]


class SignInLink(Base):
    """A link by which one person may sign in once, in the browser that asked for it."""

    __tablename__ = "sign_in_link"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    """SHA-256: the link itself is kept nowhere."""
    address: Mapped[str]
    browser_hash: Mapped[bytes]
    """SHA-256 of the cookie that the asking browser was given."""
    asked_at: Mapped[datetime]
    asked_from: Mapped[str]
    """The asker's IP address and browser, to be shown."""
    next_path: Mapped[str] = mapped_column(server_default="")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_sign_in_link_address", "address", "asked_at"),)


class SignedIn(Base):
    """A session: who is signed in, from where, and until when."""

    __tablename__ = "session"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str]
    way: Mapped[str]
    """``link`` or ``oidc``."""
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    seen_from: Mapped[str]
    browser: Mapped[str] = mapped_column(server_default="")
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_session_address", "address", "began_at"),)


class ApiToken(Base):
    """A token that an administrator gave to a program. The token itself is signed, and kept nowhere."""

    __tablename__ = "api_token"

    name: Mapped[str] = mapped_column(primary_key=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    revoked_at: Mapped[datetime | None]


class EndedAccess(Base):
    """A session or token that was ended before its time: its signature still holds, so it must be remembered."""

    __tablename__ = "ended_access"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """``session`` or ``token``."""
    name: Mapped[str] = mapped_column(primary_key=True)
    """The session's id or the token's name."""
    at: Mapped[datetime]


class Change(Base):
    """One thing that an administrator changed: what it was, and what it became."""

    __tablename__ = "change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    sluice_id: Mapped[UUID | None] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"))
    what: Mapped[str]
    """For example ``sluice.answer_days`` or ``contact.added``."""
    before: Mapped[Any] = mapped_column(JSONB, nullable=True)
    after: Mapped[Any] = mapped_column(JSONB, nullable=True)

    __table_args__ = (Index("ix_change_at", "at", "id"), Index("ix_change_sluice_id", "sluice_id", "at"))


class Hit(Base):
    """How often somebody did something within a window of time: what rate limits count."""

    __tablename__ = "hit"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
