"""A mail on its way out, in its three forms: what it needs, its words, and what goes over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.notify.domain.kinds import Kind


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail needs besides its words. The same values give the same bytes each time."""

    notification_id: UUID
    kind: Kind
    message_id: str
    recipient: str
    recipient_name: str
    language: str
    sluice_slug: str
    sluice_name: str
    sluice_address: str
    reply_to: str
    in_reply_to: str | None
    references: tuple[str, ...]
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's words. The subject is one line; the text has LF line ends."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One mail ready to leave: envelope (RFC 5321) and bytes (RFC 5322, CRLF)."""

    sender: str
    """The envelope sender; empty is the null return path."""
    recipient: str
    content: bytes = field(repr=False)
    utf8: bool = False
    """True where an address needs SMTPUTF8 (RFC 6531)."""
