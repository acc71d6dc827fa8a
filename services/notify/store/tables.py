"""notify's tables: messages and attempts at sending them, the books, and what people have decided."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
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
    category: Mapped[str] = mapped_column(server_default="asked-for")
    recipient_address: Mapped[str]
    """A mail address, a phone number (E.164), or a webhook's id."""
    recipient_folded: Mapped[str]
    """One spelling for all spellings of the mailbox: what limits count by."""
    recipient_name: Mapped[str]
    language: Mapped[str]
    sluice_slug: Mapped[str | None]
    idea_reference: Mapped[str | None]
    facts: Mapped[str]
    """JSON text: all that the mail is written from, so that a later attempt writes the same mail."""
    wording_id: Mapped[UUID | None]
    """The saved wording it is written in; empty is the built-in one. Fixed, so that each attempt writes the same."""
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
    """The bus message that carries the duty to send it."""
    paced_until: Mapped[datetime | None]
    """The slot that it has reserved where a relay or a domain takes only so many a minute."""
    carried_by: Mapped[UUID | None]
    """The digest in which it goes out; it shares that one's states."""
    series: Mapped[str | None]
    """What leaves in order: one guest's calendar mails, so that a CANCEL never overtakes its REQUEST."""
    series_number: Mapped[int | None]
    """Its place in the series, from 1 and without gaps, whoever makes its row first."""
    replaces: Mapped[UUID | None]
    """The notification that did not arrive and in whose place this one is sent."""
    wants_receipt: Mapped[bool] = mapped_column(server_default="false")
    """Asks the recipient's server for a word when it arrived (RFC 3461 §4.1)."""
    provider_id: Mapped[str | None]
    """What an SMS provider calls it."""
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


class Tally(Base):
    """Entries of the books (see ``domain.account``), summed by day; the shards keep workers out of each other's way."""

    __tablename__ = "tally"

    day: Mapped[date] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class Sluice(Base):
    """A sluice as intake told of it last, and how its mails present themselves."""

    __tablename__ = "sluice"

    slug: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    contacts: Mapped[str]
    """JSON text: a list of name, address, language."""
    told_at: Mapped[datetime]
    sender_name_sv: Mapped[str] = mapped_column(server_default="")
    """What stands in From; empty is the sluice's name."""
    sender_name_en: Mapped[str] = mapped_column(server_default="")
    signature_sv: Mapped[str] = mapped_column(server_default="")
    signature_en: Mapped[str] = mapped_column(server_default="")


class Wording(Base):
    """One saved version of a mail's words, for one sluice or (without one) for all."""

    __tablename__ = "wording"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    language: Mapped[str]
    sluice_slug: Mapped[str | None]
    version: Mapped[int]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    """Both empty: back to what stands above it, the general wording or the built-in one."""
    comment: Mapped[str] = mapped_column(server_default="")
    author: Mapped[str]
    created_at: Mapped[datetime]


class Suppression(Base):
    """An address that is not written to (any more, for now). Kept when released: it is a record."""

    __tablename__ = "suppression"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(server_default="email")
    address: Mapped[str]
    """In one spelling, see ``shared.mail.addresses.canonical``."""
    cause: Mapped[str]
    """``recipient-gone``, ``complaint`` or ``by-hand``."""
    line: Mapped[str] = mapped_column(server_default="")
    """What shows it: a server's words, or what a person wrote."""
    notification_id: Mapped[UUID | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    release_reason: Mapped[str | None]


class Preference(Base):
    """How often a person wants what; nothing here is: at once."""

    __tablename__ = "preference"

    address: Mapped[str] = mapped_column(primary_key=True)
    """In one spelling, as in ``Suppression``."""
    category: Mapped[str] = mapped_column(primary_key=True)
    rhythm: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class Endpoint(Base):
    """A webhook: where events are sent, in which form, and whether it is paused."""

    __tablename__ = "endpoint"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    sluice_slug: Mapped[str | None]
    """Empty: the events of every sluice."""
    name: Mapped[str]
    url: Mapped[str]
    format: Mapped[str]
    language: Mapped[str]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    generation: Mapped[int] = mapped_column(server_default="1")
    """Counts rotations: the secret is derived from it and never stored."""
    state: Mapped[str]
    paused_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class Pace(Base):
    """When the next mail may go to a relay or a domain that takes only so many a minute."""

    __tablename__ = "pace"

    key: Mapped[str] = mapped_column(primary_key=True)
    next_free: Mapped[datetime]


class Operation(Base):
    """What a person did by hand, to what, and why."""

    __tablename__ = "operation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    act: Mapped[str]
    target: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")


class EndedAccess(Base):
    """A session or an API token that was ended before its time."""

    __tablename__ = "ended_access"

    kind: Mapped[str] = mapped_column(primary_key=True)
    """``session`` or ``token``."""
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
