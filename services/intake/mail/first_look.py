"""What the header alone says of a mail. Every reading begins with it, and one that failed ends with it."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from services.intake.mail.kinds import classify
from services.intake.mail.model import Headers, Part, Reading
from services.intake.mail.parts import headers, mime
from services.intake.mail.words import title

UNREADABLE = "Kunde inte läsas"
"""The title of an idea whose mail says nothing that could be read."""
_HEADER_BYTES = 64 * 1024
_RECIPIENT_FIELDS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "Resent-To")


def of_header(fields: Headers, sha256: str) -> Reading:
    """The fields of a reading that come from the header: who, to whom, about what, in which thread."""
    senders = tuple(address for value in fields.all("From") for address in headers.addresses(value))
    reasons: list[str] = []
    if not senders:
        written = headers.unstructured(fields.get("From"))
        reasons.append("no From field" if written is None else f"no address in From: {written[:80]!r}")
    elif len({sender.address for sender in senders}) > 1:
        reasons.append(f"From names {len(senders)} addresses: the first was taken")
    recipients = (
        mailbox.address.lower()
        for name in _RECIPIENT_FIELDS
        for value in fields.all(name)
        for mailbox in headers.addresses(value)
    )
    return Reading(
        sha256=sha256,
        sender=senders[0] if senders else None,
        senders=senders,
        subject=headers.unstructured(fields.get("Subject")),
        message_id=next(iter(headers.message_ids(fields.get("Message-ID"))), None),
        in_reply_to=headers.message_ids(" ".join(fields.all("In-Reply-To"))),
        references=headers.message_ids(" ".join(fields.all("References"))),
        reply_to=tuple(address for value in fields.all("Reply-To") for address in headers.addresses(value)),
        recipients=tuple(dict.fromkeys(recipients)),
        authentication_results=tuple(fields.all("Authentication-Results")),
        received_count=len(fields.all("Received")),
        reasons=tuple(reasons),
        headers=fields,
    )


def first_look(raw: bytes, reason: str, *, envelope_from: str | None = None, recipient: str | None = None) -> Reading:
    """A reading of the first 64 KiB's header fields, for a mail whose body could not be read. Never raises.

    Args:
        raw: the mail.
        reason: why no more was read, in words.
        envelope_from: the envelope's sender, empty for the null sender, None where unknown.
        recipient: the envelope's recipient.
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    try:
        reading = of_header(mime.header_of(raw[:_HEADER_BYTES]), sha256)
        reading = replace(reading, title=title.clean(reading.subject, "") or UNREADABLE)
        found = classify.classify(
            Part(reading.headers, "text/plain"),
            envelope_from=envelope_from,
            recipient=recipient,
            recipients=reading.recipients,
            in_reply_to=reading.in_reply_to,
            references=reading.references,
        )
    except Exception as fault:  # the last resort must not have one of its own
        reason = f"{reason}; its header could not be read either ({type(fault).__name__})"
        return Reading(sha256=sha256, title=UNREADABLE, reasons=(reason,))
    return replace(
        reading,
        kind=found.kind,
        delivery_reports=found.delivery_reports,
        complaint=found.complaint,
        automatic=found.automatic,
        spam=found.spam,
        reasons=(reason, *reading.reasons, *found.reasons),
    )
