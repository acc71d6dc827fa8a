"""What a received mail is made of and what reading it gives. Plain data: no input or output happens here.

``Part`` and ``Headers`` are the mail as a tree (made by ``mime``); ``Reading`` is everything that
one mail says, as ``read.read_mail`` returns it and ``idesluss mail explain`` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.mail.bounce_class import BounceClass


class Kind(StrEnum):
    """What a received mail is; an unclear mail is an idea."""

    IDEA = "idea"
    REPLY = "reply"
    CALENDAR_REPLY = "calendar-reply"
    DELIVERY_REPORT = "delivery-report"
    AUTOMATIC_REPLY = "automatic-reply"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: display name (decoded, may be empty) and address (domain in lower case)."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order: name as written, value unfolded, RFC 2047 words not yet decoded.

    Bytes that are not ASCII were read as UTF-8 where valid, else Latin-1. Values hold no NUL, CR or LF.
    """

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The first field of that name (case-insensitive), or None."""
        return next(iter(self.all(name)), None)

    def all(self, name: str) -> list[str]:
        """Every field of that name (case-insensitive), topmost first."""
        wanted = name.lower()
        return [value for key, value in self.fields if key.lower() == wanted]


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME entity (RFC 2045). A leaf has ``content``; a multipart or message/* has ``children``."""

    headers: Headers
    type: str
    """``maintype/subtype`` in lower case; ``text/plain`` where missing or malformed (RFC 2045 §5.2)."""
    params: dict[str, str] = field(default_factory=dict)
    """Content-Type's parameters, names in lower case, RFC 2231 decoded."""
    disposition: str = ""
    """``inline``, ``attachment`` or empty."""
    filename: str = ""
    """From Content-Disposition or Content-Type, decoded, as the sender wrote it (not yet safe)."""
    content: bytes = b""
    """A leaf's body after its transfer encoding was undone."""
    children: tuple[Part, ...] = ()

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in document order, without recursion (depth may be hostile)."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with the mail, inline images included."""

    name: str
    """Safe to show and to offer for download: no path, no control or bidi signs, never empty."""
    type: str
    """As sniffed from the bytes; the declared type only where sniffing says nothing."""
    size: int
    sha256: str
    """Of the decoded bytes, in lower-case hex."""
    content: bytes = field(repr=False, default=b"")
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The original inside a forwarded mail."""

    sender: Address | None
    subject: str | None
    text: str


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What a delivery report says of one recipient (RFC 3464, or the many forms without it)."""

    recipient: str | None
    status: str | None
    """Enhanced status code such as ``5.1.1`` (RFC 3463), or None where the report has none."""
    action: str | None
    """``failed``, ``delayed``, ``delivered``, ``relayed``, ``expanded`` (RFC 3464 §2.3.3), or None."""
    bounce_class: BounceClass
    permanent: bool
    """True only where the recipient or its domain is gone: only then may we stop writing."""
    line: str | None = None
    """The line of the report that shows it, for a person to read."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Somebody marked a mail of ours as spam (RFC 5965). What it quotes of that mail is unverified: anybody's word."""

    feedback_type: str
    """``abuse``, ``fraud``, ``virus``, ``not-spam``, ``auth-failure`` … (RFC 5965 §7.3, RFC 6591)."""
    recipient: str | None
    """Who complained, where the report says so; many providers leave it out."""
    why: str
    """By what the mail shows that it is one."""
    return_paths: tuple[str, ...] = ()
    """Addresses that it gives as the envelope's sender of the mail complained about."""
    message_ids: tuple[str, ...] = ()
    """What it gives as the Message-ID of the mail complained about, with angle brackets."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The iTIP part of a mail (RFC 5546)."""

    method: str | None
    uid: str | None
    sequence: int | None
    attendee: str | None
    """The first ATTENDEE's address without ``mailto:``, lower case."""
    partstat: str | None
    stamp: datetime | None = None
    """DTSTAMP: when the object was made."""
    starts_at: datetime | None = None
    """DTSTART: in a COUNTER, the time that is proposed. None where it is a day, or in a zone that we do not know."""
    comment: str | None = None
    """What the attendee wrote beside the answer."""
    delegated_to: str | None = None
    """Whom the attendee sends instead: the address, in lower case."""


@dataclass(frozen=True, slots=True)
class Divided:
    """A mail's text told apart. Nothing is thrown away: every line is in one of the fields."""

    text: str
    """What the person wrote, to be shown: LF, no trailing blanks."""
    quoted: str = ""
    signature: str = ""
    forwarded: Forwarded | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one mail says. Always complete: what could not be read is said in ``reasons``."""

    sha256: str
    kind: Kind = Kind.IDEA
    sender: Address | None = None
    """The author: of several From addresses the first, with a reason; None where there is none."""
    senders: tuple[Address, ...] = ()
    """Every address in From: more than one makes the sender unvouched."""
    subject: str | None = None
    title: str | None = None
    language: str | None = None
    text: str = ""
    quoted: str = ""
    signature: str = ""
    html: str = ""
    """The HTML body made safe (nh3), or empty."""
    attachments: tuple[Attachment, ...] = ()
    forwarded: Forwarded | None = None
    delivery_reports: tuple[DeliveryReport, ...] = ()
    complaint: Complaint | None = None
    calendar: Calendar | None = None
    reasons: tuple[str, ...] = ()
    message_id: str | None = None
    """With its angle brackets, as written; None where missing or empty."""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    reply_to: tuple[Address, ...] = ()
    recipients: tuple[str, ...] = ()
    """Addresses in To, Cc, Delivered-To, X-Original-To, Envelope-To and Resent-To, lower case."""
    automatic: str | None = None
    """Why no automatic answer may be sent (RFC 3834), in words, or None."""
    spam: str | None = None
    """What a spam filter in front of us said, or None. Trusted only from a trusted peer."""
    authentication_results: tuple[str, ...] = ()
    """Authentication-Results fields, topmost first (RFC 8601)."""
    received_count: int = 0
    headers: Headers = field(default_factory=Headers)
    """The mail's own header fields, for showing the original."""
