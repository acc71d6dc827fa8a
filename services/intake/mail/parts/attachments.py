"""The files that came with a mail: everything in its tree that is not shown as its text."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

from services.intake.mail.model import Attachment, Part
from services.intake.mail.parts import filenames, headers, sniff

MESSAGE_TYPES = ("message/rfc822", "message/global", "message/news")
# What a report consists of (RFC 3462, 3464, 5965, 8098): told by its reading, not files anybody attached.
_REPORT_TYPES = frozenset(
    (
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "message/global-headers",
        "text/rfc822-headers",
        *MESSAGE_TYPES,
    )
)
# Other forms of the same words, which some clients send beside plain text and HTML.
_OTHER_FORMS = frozenset(
    ("text/calendar", "text/watch-html", "text/x-amp-html", "text/enriched", "text/richtext", "text/rtf")
)


def collect(tree: Part, *, shown: Collection[int], is_report: bool = False) -> tuple[Attachment, ...]:
    """The attachments in document order, inline images included.

    An attached message is one file; what it holds stays inside it.

    Args:
        tree: the mail.
        shown: ``id()`` of the parts that are the mail's text.
        is_report: of a delivery report or complaint, the report's own parts are left out.
    """
    found: list[Attachment] = []
    for part, parent in _files(tree):
        if id(part) in shown or (is_report and part.type in _REPORT_TYPES):
            continue
        if parent is not None and parent.type == "multipart/alternative" and _is_other_form(part):
            continue
        if part is tree and not part.content:
            continue
        found.append(of_part(part, parent, number=len(found) + 1))
    return tuple(found)


def of_part(part: Part, parent: Part | None, *, number: int) -> Attachment:
    """One part as a file."""
    is_message = part.type in MESSAGE_TYPES and bool(part.children)
    name = part.filename
    if is_message and not name:
        subject = headers.unstructured(part.children[0].headers.get("Subject"))
        name = f"{subject.replace('/', '-')}.eml" if subject else ""
    content_id = (part.headers.get("Content-ID") or "").strip().strip("<>")
    is_related = parent is not None and parent.type == "multipart/related" and bool(content_id)
    return of_bytes(
        part.content,
        name=name,
        declared=part.type if part.headers.get("Content-Type") else "",
        number=number,
        media_type=part.type if is_message else None,
        inline=part.disposition == "inline" or (is_related and part.disposition != "attachment"),
        content_id=content_id,
    )


def of_bytes(
    content: bytes,
    *,
    name: str,
    declared: str = "",
    number: int = 1,
    media_type: str | None = None,
    inline: bool = False,
    content_id: str = "",
) -> Attachment:
    """A file from its bytes and what its sender called it."""
    kind = media_type or sniff.media_type(content, declared=declared, name=name)
    return Attachment(
        name=filenames.safe(name, media_type=kind, number=number),
        type=kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        inline=inline,
        content_id=content_id,
    )


def _files(tree: Part) -> Iterator[tuple[Part, Part | None]]:
    """Leaves and attached messages, each with the part that holds it; nothing from inside a message."""
    waiting: list[tuple[Part, Part | None]] = [(tree, None)]
    while waiting:
        part, parent = waiting.pop()
        if part.children and part.type not in MESSAGE_TYPES:
            waiting.extend((child, part) for child in reversed(part.children))
        else:
            yield part, parent


def _is_other_form(part: Part) -> bool:
    return part.type in _OTHER_FORMS and part.disposition != "attachment" and not part.filename
