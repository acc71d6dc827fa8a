"""A mail on its way out, in its three forms: what it needs, its words, and what goes over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """An iCalendar object that a mail carries (RFC 6047)."""

    method: str
    """As the object itself says it: ``REQUEST``, ``CANCEL`` or ``PUBLISH``."""
    content: str = field(repr=False)
    """With CRLF line ends, as it goes on the wire."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail needs besides its words. The same values give the same bytes each time."""

    notification_id: UUID
    message_id: str
    recipient: str
    recipient_name: str
    language: str
    sluice_slug: str
    sender_name: str
    """What stands before the address in From."""
    sluice_address: str
    reply_to: str
    in_reply_to: str | None
    references: tuple[str, ...]
    written_at: datetime
    unsubscribe_url: str | None = None
    """One POST there ends such mails (RFC 8058); None where the mail cannot be stopped."""
    calendar: CalendarPart | None = None
    wants_receipt: bool = False
    answers_mail: bool = False
    """True where a program answers a mail of the recipient's (RFC 3834)."""


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
    """The envelope sender: what comes back to it names the notification (VERP); empty is the null return path."""
    recipient: str
    content: bytes = field(repr=False)
    envelope_id: str = ""
    """What a report calls the mail (ENVID, RFC 3461 §4.4); empty where nobody needs to know."""
    wants_receipt: bool = False
    """Ask for a report of success as well (RFC 3461 §4.1)."""
    utf8: bool = False
    """True where an address needs SMTPUTF8 (RFC 6531)."""
