"""Tables of guests: who is invited, what they answered, where they sit or wait, and everything that led there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.rsvp.store.tables import Base, Event


class Guest(Base):
    """One invitation and its reply: a person with their party at one event."""

    __tablename__ = "guest"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"))
    source: Mapped[str]
    """See ``domain.states.Source``."""
    name: Mapped[str]
    organisation: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str | None]
    """None for somebody who walked in, and after anonymising."""
    address_key: Mapped[str | None]
    """``shared.mail.addresses.canonical``: one guest per address and event."""
    language: Mapped[str]
    invited_at: Mapped[datetime | None]
    """When the first invitation was asked for."""
    invitations: Mapped[int] = mapped_column(server_default="0")
    last_invited_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    """``yes``, ``no``, ``maybe``; None before the first."""
    state: Mapped[str]
    """``invited``, ``coming``, ``waiting``, ``offered``, ``declined`` or ``maybe``."""
    party_size: Mapped[int] = mapped_column(server_default="1")
    party: Mapped[list[dict[str, Any]]]
    """The others, each with ``name`` and ``diet``."""
    diet: Mapped[str] = mapped_column(server_default="")
    answers: Mapped[dict[str, Any]]
    """To the event's questions, as ``shared.questions.read_answers`` gives them."""
    comment: Mapped[str] = mapped_column(server_default="")
    wants_at_once: Mapped[bool] = mapped_column(server_default="true")
    """On the waiting list: straight to coming when a seat is free, or with time to confirm?"""
    arrival: Mapped[int | None] = mapped_column(BigInteger)
    """The number drawn when they asked for the seats that they have or wait for; kept while they have or wait."""
    passed: Mapped[int] = mapped_column(server_default="0")
    """How often smaller parties were seated before this one."""
    offer_ends_at: Mapped[datetime | None]
    by_hand: Mapped[bool] = mapped_column(server_default="false")
    """A contact gave the seat, whatever the capacity said."""
    replied_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default="1")
    unreached: Mapped[str | None]
    """Why the last mail that did not arrive did not, as notify's code; None once an answer shows that mails do."""
    calendar_sequence: Mapped[int | None]
    """The SEQUENCE of the last REQUEST or CANCEL that was mailed; None before the first."""
    calendar_told_at: Mapped[datetime | None]
    """DTSTAMP of the last calendar reply that was applied: an earlier one is old."""
    came: Mapped[int | None]
    """How many of the party came; None before check-in."""
    came_at: Mapped[datetime | None]
    anonymised_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("event_id", "address_key"),
        # With the party's size, so that seats are counted in the index.
        Index("ix_guest_event_id", "event_id", "state", "arrival", postgresql_include=["party_size"]),
        Index("ix_guest_address_key", "address_key"),
        Index("ix_guest_offer_ends_at", "offer_ends_at", postgresql_where=text("state = 'offered'")),
    )


class GuestSeries(Base):
    """How many mails with a calendar object were asked for one guest: each has its number, so that none overtakes.

    Apart from the guest's own row, which whoever answers must never wait for because of a mail.
    """

    __tablename__ = "guest_series"

    guest_id: Mapped[UUID] = mapped_column(ForeignKey(Guest.id, ondelete="CASCADE"), primary_key=True)
    number: Mapped[int]


class GuestEntry(Base):
    """One step of a guest's history."""

    __tablename__ = "guest_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    guest_id: Mapped[UUID] = mapped_column(ForeignKey(Guest.id, ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    actor_kind: Mapped[str]
    """``guest``, ``contact``, ``calendar``, ``mail``, ``api`` or ``system``."""
    what: Mapped[str]
    """For example ``invited``, ``replied``, ``seated``, ``offered``, ``passed``, ``came``, ``erased``."""
    facts: Mapped[dict[str, Any]]


class Proposal(Base):
    """A reply that came by plain mail, or by a calendar that nobody vouches for: in force when somebody presses."""

    __tablename__ = "proposal"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    guest_id: Mapped[UUID] = mapped_column(ForeignKey(Guest.id, ondelete="CASCADE"), index=True)
    via: Mapped[str]
    """``mail`` or ``calendar``."""
    inbound_email_id: Mapped[UUID | None] = mapped_column(unique=True)
    sender: Mapped[str]
    text: Mapped[str]
    """What was written."""
    answer: Mapped[str | None]
    """What was understood: ``yes``, ``no``, ``maybe``; None where it was no answer."""
    party_size: Mapped[int | None]
    diet: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str]
    """Why it is not applied by itself, as a code."""
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="open")
    """``open``, ``taken``, ``dropped`` or ``outdated``."""
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(server_default="")


class CalendarReply(Base):
    """What a calendar program answered to an invitation (RFC 5546 §3.2.3), as it came, and what became of it."""

    __tablename__ = "calendar_reply"

    inbound_email_id: Mapped[UUID] = mapped_column(primary_key=True)
    uid: Mapped[str | None]
    sequence: Mapped[int | None]
    attendee: Mapped[str | None]
    partstat: Mapped[str | None]
    sender: Mapped[str | None]
    vouched: Mapped[bool]
    method: Mapped[str | None]
    stamp: Mapped[datetime | None]
    """DTSTAMP."""
    comment: Mapped[str | None]
    delegated_to: Mapped[str | None]
    guest_id: Mapped[UUID | None] = mapped_column(ForeignKey(Guest.id, ondelete="SET NULL"), index=True)
    outcome: Mapped[str | None]
    """``applied``, ``proposed``, ``refused`` or ``unknown``; None for those from before there were events."""
    reason: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class AddressBook(Base):
    """People whom a municipality invites again and again."""

    __tablename__ = "address_book"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sluice_slug: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]


class BookEntry(Base):
    """One person in an address book."""

    __tablename__ = "book_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    book_id: Mapped[UUID] = mapped_column(ForeignKey(AddressBook.id, ondelete="CASCADE"))
    name: Mapped[str]
    organisation: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str]
    address_key: Mapped[str]
    language: Mapped[str]

    __table_args__ = (UniqueConstraint("book_id", "address_key"),)


class ListDraft(Base):
    """A pasted or uploaded list that was read and waits for somebody's yes: nothing of it is imported before that."""

    __tablename__ = "list_draft"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), index=True)
    book_id: Mapped[UUID | None] = mapped_column(ForeignKey(AddressBook.id, ondelete="CASCADE"), index=True)
    name: Mapped[str]
    rows: Mapped[list[dict[str, Any]]]
    """Those that can be taken: ``row``, ``name``, ``address``, ``organisation``, ``language``."""
    faults: Mapped[list[dict[str, Any]]]
    """``row``, ``fault`` (a code), ``value``."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    taken_at: Mapped[datetime | None]


class Mailing(Base):
    """One thing to be told to many guests of an event, some at a time: how far it has come."""

    __tablename__ = "mailing"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"))
    kind: Mapped[str]
    """``invitation``, ``again``, ``reply-reminder``, ``day-reminder``, ``changed``, ``cancelled``, ``summary`` …"""
    key: Mapped[str]
    """Names it within its kind, so that it is made once, whatever crashes or clocks do."""
    facts: Mapped[dict[str, Any]]
    total: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]
    finished_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("event_id", "kind", "key"),)


class SentReply(Base):
    """A reply that the API was sent under an Idempotency-Key, and what it was told."""

    __tablename__ = "sent_reply"

    event_id: Mapped[UUID] = mapped_column(ForeignKey(Event.id, ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
    """Of what was sent: another reply under the same key is a mistake."""
    guest_id: Mapped[UUID]
    told: Mapped[Any] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
