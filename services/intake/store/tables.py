"""Intake's tables: sluices and their people, received mail, ideas and everything that happened to them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    and_,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, TSVECTOR
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import metadata

WEEK_SECONDS = 604800


class Base(DeclarativeBase):
    metadata = metadata("intake")
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: TIMESTAMP(timezone=True),
        str: Text,
        bytes: LargeBinary,
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
        list[dict[str, Any]]: JSONB,
    }


class Sluice(Base):
    """The channel through which one organisation takes in ideas."""

    __tablename__ = "sluice"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    """Two to eight capital letters: what a reference begins with."""
    name: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="sv")
    open_to: Mapped[str] = mapped_column(server_default="everybody")
    """``staff`` or ``everybody``: the programme begins with staff and opens later."""
    staff_domains: Mapped[list[str]] = mapped_column(server_default="{}")
    """Mail domains whose vouched senders are employees."""
    answer_days: Mapped[int] = mapped_column(server_default="10")
    """Working days until an answer is promised."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    announced_at: Mapped[datetime | None]
    """When others heard of it as it is; null where it has changed since."""
    accent: Mapped[str] = mapped_column(server_default="#0b5563")
    """The municipality's colour on its pages, as ``#rrggbb``."""
    origins: Mapped[list[str]] = mapped_column(server_default="{}")
    """Sites that may frame its form, such as ``https://krokom.example``."""
    board: Mapped[bool] = mapped_column(server_default="false")
    """Does it show a public board of ideas?"""
    comments: Mapped[str] = mapped_column(server_default="held")
    """On the board: ``off``, ``held`` until a contact lets them out, or ``open``."""
    form_texts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """By language: ``intro``, ``consent`` and ``after``, where the sluice has words of its own."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(server_default="[]")
    """Its own questions in the form; see ``shared.questions``."""
    escalate_days: Mapped[int] = mapped_column(server_default="3")
    """Working days after a broken promise until the coaches hear of it."""
    registry_default: Mapped[str] = mapped_column(server_default="none")
    """What its new ideas are to the register: ``none`` or ``to-register``; see ``domain.registry``."""

    __table_args__ = (
        CheckConstraint("registry_default IN ('none', 'to-register')", name="registry_default"),
        CheckConstraint("comments IN ('off', 'held', 'open')", name="comments"),
        CheckConstraint("accent ~ '^#[0-9a-f]{6}$'", name="accent"),
        CheckConstraint("open_to IN ('staff', 'everybody')", name="open_to"),
        CheckConstraint("code ~ '^[A-Z]{2,8}$'", name="code"),
        CheckConstraint("slug ~ '^[a-z0-9-]{1,40}$'", name="slug"),
    )


class SluiceAddress(Base):
    """A mail address of a sluice; RCPT alone decides which sluice a mail is for."""

    __tablename__ = "sluice_address"

    address: Mapped[str] = mapped_column(primary_key=True)
    """Folded: lower case, the domain as U-labels."""
    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"), index=True)
    is_primary: Mapped[bool] = mapped_column(server_default="false")
    """The one that the sluice's own mails are sent from."""


class Contact(Base):
    """A person who answers for a sluice."""

    __tablename__ = "contact"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"), index=True)
    name: Mapped[str]
    address: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="sv")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    role: Mapped[str] = mapped_column(server_default="contact")
    """``contact`` answers ideas; ``coach`` sees several sluices and hears where nobody answers."""
    deputy_id: Mapped[UUID | None] = mapped_column(ForeignKey("intake.contact.id"))
    """Who gets the ideas while this contact is away."""
    away_until: Mapped[date | None]
    """The last day of an absence that an automatic reply, or the contact, told of."""
    removed_at: Mapped[datetime | None]
    """When they ceased to be a contact; what they did stays theirs."""

    __table_args__ = (
        UniqueConstraint("sluice_id", "address"),
        CheckConstraint("role IN ('contact', 'coach')", name="role"),
        Index("ix_contact_address", "address"),
    )


class RawMail(Base):
    """The bytes of DATA after dot-unstuffing, never changed: a public record."""

    __tablename__ = "raw_mail"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    raw: Mapped[bytes]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(index=True)
    removed_at: Mapped[datetime | None]
    """When its bytes were removed by a decision; ``raw`` is empty since, size and hash stay."""


class InboundEmail(Base):
    """One accepted recipient of one accepted mail: the envelope, and what was decided about it."""

    __tablename__ = "inbound_email"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    raw_id: Mapped[UUID] = mapped_column(ForeignKey(RawMail.id), index=True)
    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id))
    recipient: Mapped[str]
    envelope_from: Mapped[str]
    """MAIL FROM without angle brackets; empty for the null return path."""
    peer_ip: Mapped[str]
    helo: Mapped[str]
    protocol: Mapped[str]
    """As in a Received field's ``with`` (RFC 3848, RFC 6531): ESMTP, ESMTPS, UTF8SMTP, LMTP …"""
    tls: Mapped[str | None]
    trusted_peer: Mapped[bool]
    received_at: Mapped[datetime]
    correlation_id: Mapped[str]

    read_at: Mapped[datetime | None]
    """When it was read; null while it waits."""
    kind: Mapped[str | None]
    message_id: Mapped[str | None] = mapped_column(index=True)
    idea_id: Mapped[UUID | None] = mapped_column(ForeignKey("intake.idea.id"), index=True)
    duplicate_of: Mapped[UUID | None] = mapped_column(ForeignKey("intake.inbound_email.id"))
    held: Mapped[str | None]
    """Why it is held for the contact, or null."""
    vouched: Mapped[bool | None]
    reasons: Mapped[list[str]] = mapped_column(server_default="{}")
    """Every decision in a sentence, in the order in which it was taken."""
    reading: Mapped[dict[str, Any] | None]
    """What reading it gave: text, quoted, signature, subject, sender, sender check."""
    removed_at: Mapped[datetime | None]
    """When what it said, and who sent it, was removed by a decision; that it came stays."""

    __table_args__ = (
        Index("ix_inbound_email_sluice_received", "sluice_id", "received_at", "id"),
        Index("ix_inbound_email_received", "received_at", "id"),
    )


class MailIdentity(Base):
    """The same sluice, Message-ID and body are the same mail, by two routes or sent again."""

    __tablename__ = "mail_identity"

    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    inbound_email_id: Mapped[UUID] = mapped_column(ForeignKey(InboundEmail.id, ondelete="CASCADE"))


class ReferenceCounter(Base):
    """The last number given in a sluice and year; locked while the next is given, so there are no gaps."""

    __tablename__ = "reference_counter"

    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Idea(Base):
    """What somebody sent in."""

    __tablename__ = "idea"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id))
    reference: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    text: Mapped[str]
    set_apart: Mapped[str] = mapped_column(server_default="")
    """Quoted history and signature that came with it, one click away."""
    html: Mapped[str] = mapped_column(server_default="")
    stage: Mapped[str] = mapped_column(server_default="received")
    close_reason: Mapped[str | None]
    kind: Mapped[str | None]
    """employee, citizen, service_user, nonprofit or company; null until somebody has said."""
    via: Mapped[str]
    language: Mapped[str]
    submitter_name: Mapped[str]
    submitter_address: Mapped[str | None]
    vouched: Mapped[bool] = mapped_column(server_default="false")
    held: Mapped[str | None]
    answer_by: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(server_default="1")
    """Counts changes by people: who acts on an older one is told, and overwrites nothing."""
    answers: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """To the sluice's own questions, by the question's id, with the question as it was then."""
    consent: Mapped[str | None]
    """The words that whoever sent the form agreed to."""
    answered_at: Mapped[datetime | None]
    """When it first got an official answer."""
    assigned_to: Mapped[UUID | None] = mapped_column(ForeignKey(Contact.id))
    asked_at: Mapped[datetime | None]
    """When its submitter was asked something that they have not replied to yet."""
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("intake.idea.id"))
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    """When its submitter's name and address were taken away, at their wish or by a rule of retention."""
    kept: Mapped[str | None]
    """Why retention must leave it alone, whatever the rules say; null where they apply."""
    published_at: Mapped[datetime | None]
    """Since when it stands on the public board."""
    public_title: Mapped[str | None]
    public_text: Mapped[str | None]
    """What the board shows: the original stays as it came."""
    supporters: Mapped[int] = mapped_column(server_default="0")
    registry_state: Mapped[str] = mapped_column(server_default="none")
    """none, to-register, registered or not-needed; see ``domain.registry``."""
    registry_number: Mapped[str | None]
    """As the municipality's register writes it, where the idea is registered."""
    registered_at: Mapped[datetime | None]
    registered_by: Mapped[str | None]
    """The name of whoever said that it is registered."""
    archived_at: Mapped[datetime | None]
    """When it was handed over to the archive."""
    archive_receipt: Mapped[str | None]
    """What the archive answered."""
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('swedish', title), 'A') || setweight(to_tsvector('swedish', left(text, 50000)), 'B')"
            " || setweight(to_tsvector('simple', reference), 'A') || array_to_tsvector(ARRAY['s' || sluice_id::text,"
            " 'w' || floor(extract(epoch FROM created_at AT TIME ZONE 'UTC') / 604800)::bigint::text])",
            persisted=True,
        ),
        deferred=True,
    )
    """Its words' stems, and two that narrow a search down: its sluice (``s<id>``) and its week (``w<number>``)."""
    public_search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed(
            "CASE WHEN public_title IS NOT NULL THEN setweight(to_tsvector('swedish', public_title), 'A')"
            " || setweight(to_tsvector('swedish', left(coalesce(public_text, ''), 50000)), 'B')"
            " || setweight(to_tsvector('simple', reference), 'A')"
            " || array_to_tsvector(ARRAY['s' || sluice_id::text]) END",
            persisted=True,
        ),
        deferred=True,
    )
    """Of the words on the board alone, with its sluice: a search there must not find what is hidden."""

    __table_args__ = (
        Index("ix_idea_sluice_created", "sluice_id", "created_at", "id"),
        Index("ix_idea_created", "created_at", "id"),
        Index("ix_idea_submitter_address", "submitter_address"),
        CheckConstraint("registry_state IN ('none', 'to-register', 'registered', 'not-needed')", name="registry_state"),
        CheckConstraint("(registry_state = 'registered') = (registry_number IS NOT NULL)", name="registry_number"),
    )

    @hybrid_property
    def is_public(self) -> bool:
        """True for what stands on a board, where its sluice shows one."""
        return self.published_at is not None and self.held is None and self.merged_into is None

    @is_public.inplace.expression
    @classmethod
    def _is_public(cls) -> ColumnElement[bool]:
        return and_(cls.published_at.is_not(None), cls.held.is_(None), cls.merged_into.is_(None))

    @hybrid_property
    def is_unanswered(self) -> bool:
        """True for what is open and has had no official answer; also while it is held."""
        return self.answered_at is None and self.merged_into is None and self.stage != "closed"

    @is_unanswered.inplace.expression
    @classmethod
    def _is_unanswered(cls) -> ColumnElement[bool]:
        return and_(cls.answered_at.is_(None), cls.merged_into.is_(None), cls.stage != "closed")


class TimelineEntry(Base):
    """One thing that happened to an idea. Never changed, never removed but by erasure."""

    __tablename__ = "timeline_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    event: Mapped[str]
    actor: Mapped[str]
    """Who did it, as shown: a name, an address, or ``Idéslussen``."""
    actor_kind: Mapped[str]
    """submitter, contact, other or system."""
    text: Mapped[str] = mapped_column(server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    public: Mapped[bool] = mapped_column(server_default="true")
    """May the submitter see it on the follow page."""
    inbound_email_id: Mapped[UUID | None] = mapped_column(ForeignKey(InboundEmail.id), index=True)


class IdeaMessage(Base):
    """What became of one message about an idea, as notify last told it."""

    __tablename__ = "idea_message"

    notification_id: Mapped[UUID] = mapped_column(primary_key=True)
    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """confirmation, notice, answer …"""
    channel: Mapped[str]
    """email, sms or webhook."""
    recipient: Mapped[str]
    state: Mapped[str]
    """sent, delivered, permanent-failure …"""
    reason: Mapped[str | None]
    """Why it is in that state, as a code; null where the state says it all."""
    line: Mapped[str | None]
    """What the other server said."""
    replaces: Mapped[UUID | None]
    """The message that did not arrive and was sent anew by this one."""
    at: Mapped[datetime]
    """When it came into that state."""


class Blob(Base):
    """Bytes by their hash; the same file sent twice is kept once."""

    __tablename__ = "blob"

    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class Attachment(Base):
    """A file that belongs to an idea. Its id is random: it is the only key to the download."""

    __tablename__ = "attachment"

    id: Mapped[str] = mapped_column(primary_key=True)
    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    inbound_email_id: Mapped[UUID | None] = mapped_column(ForeignKey(InboundEmail.id), index=True)
    name: Mapped[str]
    type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(ForeignKey(Blob.sha256))
    inline: Mapped[bool] = mapped_column(server_default="false")
    content_id: Mapped[str] = mapped_column(server_default="")


class AnswerDraft(Base):
    """An answer that a contact wrote by mail; official only once the contact has confirmed it."""

    __tablename__ = "answer_draft"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    idea_id: Mapped[UUID] = mapped_column(ForeignKey(Idea.id, ondelete="CASCADE"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey(Contact.id))
    inbound_email_id: Mapped[UUID] = mapped_column(ForeignKey(InboundEmail.id), unique=True)
    text: Mapped[str]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
