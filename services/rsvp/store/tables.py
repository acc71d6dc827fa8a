"""Rsvp's tables of tours and events. Guests, and what happens on the day, have files of their own beside this one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata

Words = dict[str, str]
"""A text by language: ``{"sv": "Kalasturné", "en": "Party tour"}``."""


class Base(DeclarativeBase):
    metadata = metadata("rsvp")
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        bytes: LargeBinary,
        list[str]: ARRAY(Text),
        dict[str, str]: JSONB,
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        Any: JSONB,
    }


class Sluice(Base):
    """A municipality's idésluss as intake told of it last."""

    __tablename__ = "sluice"

    slug: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    accent: Mapped[str]
    """Its colour as ``#rrggbb``, or empty."""
    origins: Mapped[list[str]]
    """Sites that may frame its forms."""
    contacts: Mapped[list[dict[str, Any]]]
    """Each with name, address, language."""
    told_at: Mapped[datetime]


class Tour(Base):
    """An ordered series of events made from one plan, one stop in each municipality."""

    __tablename__ = "tour"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    sluice_slug: Mapped[str]
    """Whose tour it is: its contacts and coaches may change it."""
    title: Mapped[Words]
    text: Mapped[Words]
    languages: Mapped[list[str]]
    plan: Mapped[dict[str, Any]]
    """What the stops are made from: see ``domain.plan``."""
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Picture(Base):
    """An event's picture."""

    __tablename__ = "picture"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
    kind: Mapped[str]
    """As sniffed: ``image/jpeg``, ``image/png`` or ``image/webp``."""
    content: Mapped[bytes]
    words: Mapped[Words]
    """What it shows, by language: for those who cannot see it."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Event(Base):
    """A meeting that people are invited to."""

    __tablename__ = "event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    tour_id: Mapped[UUID | None] = mapped_column(ForeignKey(Tour.id, ondelete="SET NULL"), index=True)
    position: Mapped[int] = mapped_column(server_default="0")
    """Its place in the tour, from 0."""
    sluice_slug: Mapped[str]
    """The hosting municipality."""
    state: Mapped[str]
    """``draft``, ``asked`` (the host has been asked for a day), ``published``, ``cancelled`` or ``held``."""
    title: Mapped[Words]
    text: Mapped[Words]
    """Markdown."""
    programme: Mapped[Words]
    """Markdown."""
    languages: Mapped[list[str]]
    place: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    map_url: Mapped[str] = mapped_column(server_default="")
    online_url: Mapped[str] = mapped_column(server_default="")
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    zone: Mapped[str] = mapped_column(server_default="Europe/Stockholm")
    """The time zone that its times are said in (IANA)."""
    capacity: Mapped[int | None]
    """Seats; None where there is room for all."""
    reply_by: Mapped[datetime | None]
    is_open: Mapped[bool]
    """May anybody register, or only those invited?"""
    questions: Mapped[list[dict[str, Any]]]
    """See ``shared.questions``."""
    fika: Mapped[Words]
    """What is served, in words; empty where nothing is."""
    asks_diet: Mapped[bool] = mapped_column(server_default="true")
    picture_id: Mapped[UUID | None] = mapped_column(ForeignKey(Picture.id, ondelete="SET NULL"))
    offer_hours: Mapped[int] = mapped_column(server_default="24")
    """How long an offered seat is kept for somebody on the waiting list."""
    most_passed: Mapped[int] = mapped_column(server_default="3")
    """How often smaller parties may be seated before a larger one that waits longer."""
    frozen_at: Mapped[datetime | None]
    """When the list was closed for guests' changes, for the kitchen's sake: contacts may still change it."""
    arrivals: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The last number drawn: the order in which seats were asked for."""
    sequence: Mapped[int] = mapped_column(server_default="0")
    """iCalendar SEQUENCE (RFC 5545 §3.8.7.4): rises with a change of time, place or existence, and nothing else."""
    version: Mapped[int] = mapped_column(server_default="1")
    """Rises with every edit, so that nobody overwrites what they have not seen."""
    cancelled_reason: Mapped[str] = mapped_column(server_default="")
    workshop_code: Mapped[str]
    """What the QR code on the wall carries."""
    workshop_open: Mapped[bool] = mapped_column(server_default="false")
    themes: Mapped[list[str]]
    """By which ideas on the wall are grouped."""
    anonymise_days: Mapped[int] = mapped_column(server_default="90")
    """Days after its end until guests are made anonymous."""
    anonymised_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_event_starts_at", "starts_at"),
        Index("ix_event_sluice_slug", "sluice_slug", "starts_at"),
    )


class EventContact(Base):
    """Somebody whom guests may ask, and who hears of replies."""

    __tablename__ = "event_contact"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(server_default="0")
    name: Mapped[str]
    address: Mapped[str]
    phone: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str]
    is_told: Mapped[bool] = mapped_column(server_default="true")
    """Do they get a mail for each reply?"""


class HostQuestion(Base):
    """A stop that begins as a question: which of these half-days suits the host?"""

    __tablename__ = "host_question"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    name: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    proposals: Mapped[list[dict[str, Any]]]
    """Each with ``starts_at`` and ``ends_at`` (ISO 8601)."""
    state: Mapped[str]
    """``open``, ``picked``, ``countered``, ``settled`` or ``withdrawn``."""
    picked: Mapped[int | None]
    """Which proposal, from 0."""
    counter: Mapped[Any] = mapped_column(JSONB, nullable=True)
    """What the host proposes instead: ``starts_at``, ``ends_at``, ``text``."""
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    answered_at: Mapped[datetime | None]


class Change(Base):
    """One thing that was changed in a tour or an event: what it was, and what it became."""

    __tablename__ = "change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tour_id: Mapped[UUID | None] = mapped_column(ForeignKey(Tour.id, ondelete="CASCADE"), index=True)
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    what: Mapped[str]
    """For example ``event.capacity`` or ``event.published``."""
    before: Mapped[Any] = mapped_column(JSONB, nullable=True)
    after: Mapped[Any] = mapped_column(JSONB, nullable=True)


class EndedAccess(Base):
    """A session or token that intake told was ended before its time."""

    __tablename__ = "ended_access"

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Hit(Base):
    """How often somebody did something within a window of time: what rate limits count."""

    __tablename__ = "hit"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
