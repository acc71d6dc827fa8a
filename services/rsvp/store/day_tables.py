"""Tables of the day and after: who came, ideas caught in the room, the summary, and what people thought."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Base, Event, Words


class CheckIn(Base):
    """One tick at the door, perhaps made while the telephone was offline. The newest of a guest's counts."""

    __tablename__ = "check_in"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The telephone's own: sent twice, it is one."""
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    guest_id: Mapped[UUID] = mapped_column(ForeignKey(Guest.id, ondelete="CASCADE"), index=True)
    came: Mapped[int]
    """How many of the party; 0 takes a tick back."""
    at: Mapped[datetime]
    """By the telephone's clock, never later than when it was received."""
    actor: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CaughtIdea(Base):
    """An idea that somebody in the room wrote down; it goes on into the municipality's sluice."""

    __tablename__ = "caught_idea"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    """The form's own: sent twice, it is one."""
    title: Mapped[str]
    text: Mapped[str]
    theme: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str | None]
    language: Mapped[str]
    reference: Mapped[str | None]
    """Its number in the sluice, once intake has told it."""
    is_hidden: Mapped[bool] = mapped_column(server_default="false")
    """Not on the wall; the idea itself goes on."""
    held: Mapped[str | None]
    """Why a person must look first (``shared.web.antibot``): until then it is neither on the wall nor sent on."""
    at: Mapped[datetime]


class Summary(Base):
    """What came out of an event."""

    __tablename__ = "summary"

    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), primary_key=True)
    text: Mapped[Words]
    """Markdown."""
    version: Mapped[int] = mapped_column(server_default="1")
    written_by: Mapped[str]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class SummaryReader(Base):
    """Somebody who was not there and wants the summary."""

    __tablename__ = "summary_reader"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"))
    address: Mapped[str]
    address_key: Mapped[str]
    language: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    """When they pressed the button in the mail; before that nothing is sent."""
    stopped_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("event_id", "address_key"),)


class Feedback(Base):
    """What one guest thought of the event."""

    __tablename__ = "feedback"

    guest_id: Mapped[UUID] = mapped_column(ForeignKey(Guest.id, ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    rating: Mapped[int | None]
    """1 to 5."""
    text: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]
