"""From rendered words to a mail on the wire: header fields, bodies, envelope. Nothing is sent from here.

Header fields are written by ``_Field`` instead of Python's own folding, which turns long Message-IDs in References
into encoded words (so that threads break) and loses the quotes of names that hold a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, quote

from services.notify.domain.mail import CalendarPart, Mail, Rendered, Submission
from services.notify.domain.words import one_line
from shared.mail.addresses import is_sendable, on_the_wire, return_path
from shared.mail.message_ids import encode
from shared.signing import Signer

LINE = 76
"""Octets of a header line, where its parts allow (RFC 5322 §2.1.1 advises at most 78)."""
CALENDAR_FILE = "invite.ics"
MOST_REFERENCES = 12
"""The first and the latest are kept: a thread's root and its end (RFC 5322 §3.6.4 allows dropping the rest)."""

_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def compose(mail: Mail, rendered: Rendered, signer: Signer) -> Submission:
    """The finished mail and its envelope.

    A confirmation of a mail leaves with the null return path: nothing may answer an automatic reply (RFC 3834 §4).
    All others leave with a return path of the notification's own (VERP), by which a report finds it.

    :raises ValueError: an address is none, which the caller has checked before.
    """
    recipient, sluice = on_the_wire(mail.recipient), on_the_wire(mail.sluice_address)
    reply_to = on_the_wire(mail.reply_to)
    for address in (recipient, sluice, reply_to):
        if not is_sendable(address):
            raise ValueError("a mailbox is needed in From, To and Reply-To")
    sender = "" if mail.answers_mail else return_path(signer, sluice, mail.notification_id)
    utf8 = not (recipient + sluice + reply_to + sender).isascii()
    message = EmailMessage(policy=SMTP.clone(utf8=True) if utf8 else SMTP)
    fields = {
        "Date": format_datetime(mail.written_at).split(" "),
        "From": _mailbox(mail.sender_name, sluice),
        "To": _mailbox(mail.recipient_name, recipient),
        "Reply-To": _mailbox(mail.sender_name, reply_to),
        "Subject": _words(rendered.subject),
        "Message-ID": [mail.message_id],
        "In-Reply-To": _identifiers([mail.in_reply_to] if mail.in_reply_to else [])[:1],
        "References": _thread(mail),
        "Auto-Submitted": ["auto-replied" if mail.answers_mail else "auto-generated"],
        "X-Auto-Response-Suppress": ["All"],
        **_unsubscribe(mail.unsubscribe_url),
        "X-Idesluss": _words(mail.sluice_slug),
    }
    for name, atoms in fields.items():
        if atoms:
            message[name] = _Field(name, atoms)
    message.set_content(rendered.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", charset="utf-8", cte="quoted-printable")
    if mail.calendar is not None:
        _carry(message, mail.calendar)
    # Last: EmailMessage moves what is called Content-… into the first part when it adds another.
    message["Content-Language"] = mail.language
    _bound(message, encode(mail.notification_id))
    return Submission(
        sender=sender,
        recipient=recipient,
        content=message.as_bytes(),
        envelope_id=encode(mail.notification_id),
        wants_receipt=mail.wants_receipt,
        utf8=utf8,
    )


def _carry(message: EmailMessage, calendar: CalendarPart) -> None:
    """Add an iCalendar object in the two places where calendars look for it; decision 0021 says which looks where.

    As the last alternative with the method that the object itself has (RFC 6047 §2.4), it is what Outlook, Gmail and
    Apple Mail make buttons of. As a file it can be opened by whoever has none of these. In base64: 8-bit text that a
    server on the way folds, or whose line ends it changes, is no longer what was sent.
    """
    content = calendar.content.encode()
    message.add_alternative(
        content,
        maintype="text",
        subtype="calendar",
        cte="base64",
        params={"charset": "UTF-8", "method": calendar.method, "component": "VEVENT"},
    )
    message.add_attachment(content, maintype="application", subtype="ics", cte="base64", filename=CALENDAR_FILE)


def _bound(message: EmailMessage, name: str) -> None:
    """Boundaries of the mail's own, the same at each attempt."""
    for depth, part in enumerate(each for each in message.walk() if each.is_multipart()):
        part.set_boundary(f"=_{name}{'.' * depth}")


def _unsubscribe(url: str | None) -> dict[str, list[str]]:
    """The two fields of RFC 8058 §3.1; both must be under a DKIM signature."""
    if url is None:
        return {}
    return {"List-Unsubscribe": [f"<{url}>"], "List-Unsubscribe-Post": ["List-Unsubscribe=One-Click"]}


class _Field(str):
    """A header field's value in the form it has on the wire, which folds between its atoms and nowhere else.

    ``EmailMessage`` takes anything with a name and a ``fold`` as one of its own header objects.
    """

    name: str
    _atoms: tuple[str, ...]

    def __new__(cls, name: str, atoms: Iterable[str]) -> _Field:
        parts = tuple(atoms)
        value = " ".join(parts)
        if _CONTROLS.search(value):
            raise ValueError(f"a control sign in {name}")
        self = super().__new__(cls, value)
        self.name = name
        self._atoms = parts
        return self

    def fold(self, *, policy: EmailPolicy) -> str:
        """The whole field with its folding (RFC 5322 §2.2.3)."""
        lines, line = [], f"{self.name}:"
        for number, atom in enumerate(self._atoms):
            if number and len(line) + 1 + len(atom) > LINE:
                lines.append(line)
                line = ""
            line = f"{line} {atom}"
        return policy.linesep.join([*lines, line]) + policy.linesep


def _mailbox(name: str, address: str) -> list[str]:
    words = _words(name, phrase=True)
    return [*words, f"<{address}>"] if words else [address]


def _words(text: str, *, phrase: bool = False) -> list[str]:
    """Text on one line as atoms: as it is where ASCII (quoted in a phrase), else encoded words (RFC 2047)."""
    line = one_line(_CONTROLS.sub(" ", text))
    if not line:
        return []
    # What only looks like an encoded word is encoded, so that it is shown as it was written.
    if line.isascii() and "=?" not in line:
        return f'"{quote(line)}"'.split(" ") if phrase else line.split(" ")
    return Header(line, "utf-8", maxlinelen=LINE - 12).encode(linesep="\n").split()


def _thread(mail: Mail) -> list[str]:
    """References: what was given, ending with what this mail answers, each once (RFC 5322 §3.6.4)."""
    given = [*mail.references, *([mail.in_reply_to] if mail.in_reply_to else [])]
    unique = list(dict.fromkeys(_identifiers(given)))
    return unique if len(unique) <= MOST_REFERENCES else [unique[0], *unique[1 - MOST_REFERENCES :]]


def _identifiers(values: Iterable[str]) -> list[str]:
    """Those that are a Message-ID on the wire; others come from broken programs and join nothing."""
    return [value.strip() for value in values if _MESSAGE_ID.fullmatch(value.strip())]
