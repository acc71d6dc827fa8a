"""What a caught mail says, for showing it. Never raises for what a mail holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.policy import compat32
from email.utils import getaddresses

SNIPPET = 160
_FOLD = re.compile(r"\r?\n[ \t]+")
_BLANKS = re.compile(r"\s+")
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is no body."""

    part: int
    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """A mail taken apart."""

    headers: dict[str, list[str]]
    """Name as written → values, unfolded but not decoded."""
    subject: str
    sender: Mailbox | None
    to: list[Mailbox]
    cc: list[Mailbox]
    reply_to: list[Mailbox]
    date: str
    text: str
    html: str
    attachments: list[Attachment]

    @property
    def snippet(self) -> str:
        """The first words, on one line."""
        words = _BLANKS.sub(" ", self.text or _TAGS.sub(" ", self.html)).strip()
        return words if len(words) <= SNIPPET else f"{words[: SNIPPET - 1]}…"


def read(raw: bytes) -> Read:
    """Take a mail apart."""
    mail = message_from_bytes(raw, policy=compat32)
    headers: dict[str, list[str]] = {}
    for name, value in mail.items():
        headers.setdefault(name, []).append(_FOLD.sub(" ", str(value)))
    texts: list[str] = []
    pages: list[str] = []
    attachments: list[Attachment] = []
    for number, part in enumerate(_leaves(mail)):
        content = part.get_payload(decode=True)
        octets = content if isinstance(content, bytes) else b""
        kind = part.get_content_type()
        if part.get_filename() or kind not in ("text/plain", "text/html"):
            attachments.append(Attachment(number, _decoded(part.get_filename() or ""), kind, len(octets)))
        else:
            (texts if kind == "text/plain" else pages).append(_as_text(octets, part))
    senders = _mailboxes(mail, "From")
    return Read(
        headers=headers,
        subject=_decoded(str(mail.get("Subject", ""))),
        sender=senders[0] if senders else None,
        to=_mailboxes(mail, "To"),
        cc=_mailboxes(mail, "Cc"),
        reply_to=_mailboxes(mail, "Reply-To"),
        date=str(mail.get("Date", "")),
        text="\n".join(texts),
        html="\n".join(pages),
        attachments=attachments,
    )


def _leaves(mail: Mail) -> Iterator[Mail]:
    return (part for part in mail.walk() if not part.is_multipart())


def _as_text(content: bytes, part: Mail) -> str:
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace").replace("\r\n", "\n")
    except LookupError:
        return content.decode("utf-8", "replace").replace("\r\n", "\n")


def _mailboxes(mail: Mail, name: str) -> list[Mailbox]:
    values = [_FOLD.sub(" ", str(value)) for value in mail.get_all(name, [])]
    return [Mailbox(_decoded(shown), address) for shown, address in getaddresses(values) if address]


def _decoded(value: str) -> str:
    try:
        return _BLANKS.sub(" ", str(make_header(decode_header(_FOLD.sub(" ", value))))).strip()
    except (ValueError, LookupError):
        return value
