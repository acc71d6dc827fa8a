"""Complaints: somebody marked a mail of ours as spam, and a mailbox provider tells us (RFC 5965).

Most providers send the Abuse Reporting Format; Hotmail's programme sends the mail back with a field of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.intake.mail.kinds.dsn_fields import typed_address
from services.intake.mail.kinds.senders import sender_address
from services.intake.mail.model import Complaint, Headers, Part
from services.intake.mail.parts import charsets
from services.intake.mail.parts.headers import addresses, field_of, message_ids, unstructured, value_of

_MOST_BYTES: Final = 64_000
_MOST_PARTS: Final = 20

_FEEDBACK_FIELDS: Final = re.compile(rb"\s{0,9}(?:feedback-type|user-agent|version)\s?:", re.IGNORECASE)
_HOTMAIL_SENDERS: Final = re.compile(r"(?:staff|abuse|jmrp|postmaster)@(?:hotmail|outlook|live)\.com")
_COMPLAINT_SUBJECT: Final = re.compile(r"complaint about message from |e-?mail feedback report for ip", re.IGNORECASE)
_AOL_SENDERS: Final = re.compile(r"scomp@aol\.(?:net|com)")
_ORIGINAL_RECIPIENT: Final = ("X-HmXmrOriginalRecipient", "X-Original-Recipient")
_RETURN_PATHS: Final = ("Return-Path", "X-Original-Return-Path", "X-Original-Mail-From", "X-Envelope-From")
_MESSAGE_IDS: Final = ("Message-ID", "X-Original-Message-ID")
_MOST_QUOTED: Final = 10


def complaint(tree: Part) -> Complaint | None:
    """The complaint that a mail is, or None. One that a person forwards inside another mail is none."""
    parts = list(_own_parts(tree))
    report = next((part for part in parts if _is_feedback(part, tree)), None)
    original = next(
        (part.children[0].headers for part in parts if part.type == "message/rfc822" and part.children), None
    )
    original = original or next(
        (_fields(part) for part in parts if part.type in ("text/rfc822-headers", "message/rfc822-headers")),
        Headers(),
    )
    if report is not None:
        fields = _fields(report)
        kind = (fields.get("Feedback-Type") or "abuse").strip().lower()[:40] or "abuse"
        return Complaint(
            kind,
            _recipient(fields, original),
            "it is an abuse report (RFC 5965)",
            return_paths=_return_paths(fields, original),
            message_ids=_message_ids(original),
        )
    subject = unstructured(tree.headers.get("Subject")) or ""
    sender = sender_address(tree.headers)
    if _COMPLAINT_SUBJECT.match(subject) and (_HOTMAIL_SENDERS.fullmatch(sender) or _AOL_SENDERS.fullmatch(sender)):
        return Complaint(
            "abuse",
            _recipient(tree.headers, original),
            f"{sender} sends complaints under this subject",
            return_paths=_return_paths(Headers(), original),
            message_ids=_message_ids(original),
        )
    return None


def _own_parts(tree: Part) -> Iterator[Part]:
    """The parts in order, without what lies inside a returned message."""
    waiting = [tree]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        yield part
        if part.type.startswith("multipart/"):
            waiting.extend(reversed(part.children[:_MOST_PARTS]))


def _is_feedback(part: Part, tree: Part) -> bool:
    """message/feedback-report, or the same fields under a wrong type in a report."""
    if part.type == "message/feedback-report":
        return True
    if tree.type != "multipart/report" or part is tree or part.children:
        return False
    if tree.params.get("report-type", "").lower() != "feedback-report":
        return False
    return _FEEDBACK_FIELDS.match(part.content[:2_000]) is not None and b"eedback-" in part.content[:2_000]


def _fields(part: Part) -> Headers:
    text = charsets.decode(part.content[:_MOST_BYTES], part.params.get("charset"))
    named = (field_of(line.encode("utf-8", "replace")) for line in text.splitlines()[:200])
    return Headers(tuple((name, value_of(value)) for found in named if found for name, value in [found]))


def _recipient(fields: Headers, original: Headers) -> str | None:
    for name in ("Original-Rcpt-To", "Removal-Recipient"):
        if (address := typed_address(fields.get(name) or "")) is not None:
            return address
    for source in (original, fields):
        for name in _ORIGINAL_RECIPIENT:
            if (address := typed_address(source.get(name) or "")) is not None:
                return address
    returned = [one.address for value in original.all("To") for one in addresses(value)]
    return returned[0] if len(returned) == 1 else None


def _return_paths(fields: Headers, original: Headers) -> tuple[str, ...]:
    """What is said of the original's envelope: by the report (RFC 5965 §3.2), and by the original's header."""
    said = [*fields.all("Original-Mail-From"), *(value for name in _RETURN_PATHS for value in original.all(name))]
    found = (typed_address(value) for value in said[:_MOST_QUOTED])
    return tuple(dict.fromkeys(address for address in found if address is not None))


def _message_ids(original: Headers) -> tuple[str, ...]:
    said = [one for name in _MESSAGE_IDS for value in original.all(name) for one in message_ids(value)]
    return tuple(dict.fromkeys(said))[:_MOST_QUOTED]
