"""A delivery report taken apart: its own words, its machine-readable fields, the mail it gives back.

Nothing is judged here. What is read is bounded, because a report is whatever anybody sends.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.intake.mail.model import Headers, Part
from services.intake.mail.parts import charsets
from services.intake.mail.parts.headers import field_of, value_of

_MOST_LINES: Final = 300
_LONGEST_LINE: Final = 1_000
_MOST_BYTES: Final = 128_000
_MOST_PARTS: Final = 50

_STATUS_TYPES: Final = frozenset(("message/delivery-status", "message/global-delivery-status"))
_HEADER_TYPES: Final = frozenset(
    ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "message/partial")
)
_MESSAGE_TYPES: Final = frozenset(("message/rfc822", "message/global", "message/news"))

_TAG: Final = re.compile(r"<[^<>]*>")
_BLOCK_TAG: Final = re.compile(r"</?(?:br|p|div|tr|td|table|li|ul|h[1-6]|hr|pre|blockquote)\b[^<>]*>", re.IGNORECASE)
_UNSHOWN: Final = re.compile(r"<(style|script|head|title)\b", re.IGNORECASE)

_STATUS_FIELD: Final = re.compile(
    r"\s{0,4}(?:final-recipient|original-recipient|action|status|diagnostic-code|remote-mta|reporting-mta"
    r"|last-attempt-date|arrival-date|final-log-id|will-retry-until|x-actual-recipient"
    r"|x-supplementary-info)\s?:",
    re.IGNORECASE,
)
_RULED: Final = re.compile(
    r"[\s|>]*(?:[-=*_#~+]{2,}"
    r"|\[|\|).{0,60}\b(?:original|copy|returned|unsent|undelivered|forwarded|original mail)\b"
    r".{0,60}\b(?:message|mail|e-?mail|headers?|text|follows|content)\b",
    re.IGNORECASE,
)
_FOLLOWS: Final = re.compile(
    r"\b(?:message|mail|e-?mail|headers?|text|letter)\b.{0,60}\b(?:follows?|attached|below"
    r"|is following)\b[\W_]*$"
    r"|(?:below|here|this|following|enclosed|included|attached) is (?:a copy|your returned"
    r"|the (?:original|message|first|header))"
    r"|start of returned message|your message reads|^old message:?$|^(?:the )?original message(?: details"
    r"| header)?s?:?$"
    r"|^content-type:\s{0,3}(?:message/rfc822|text/rfc822-headers)|ursprungligt meddelande"
    r"|original-nachricht"
    r"|originalmeddelande|message d'origine|mensaje original|originalnachricht|元のメッセージ|コピーメッセージ",
    re.IGNORECASE,
)
_NOT_THE_ORIGINAL: Final = re.compile(
    r"transcript|following (?:address|recipient|error|reason|user)|address|recipient|reason|session|error"
    r"|details? (?:are|below)"
    r"|received at|technical|diagnos|could not|couldn't|was not|failed",
    re.IGNORECASE,
)
_SUBJECT_LINE: Final = re.compile(
    r"\s*>?\s*(?:subject|ämne|betreff|objet|asunto|oggetto|onderwerp|assunto|temat|emne|aihe|тема|件名"
    r"|with subject)\s?[:：]",
    re.IGNORECASE,
)
"""A line that repeats the returned mail's subject: those are its writer's words, not the report's."""
_HEADER_START: Final = re.compile(
    r"(?:received:\s{1,3}(?:from|by|\(|via)|return-path:\s|x-(?:received|original-to|spam-\w+|mailer):"
    r"|dkim-signature:\s"
    r"|mime-version:\s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReportText:
    """What a mail holds, seen as a delivery report."""

    lines: tuple[str, ...]
    """The report's own words, stripped, in order; blank lines kept as empty ones."""
    status: tuple[str, ...]
    """The lines of message/delivery-status, also where mislabelled or written into the text."""
    has_status_part: bool
    """Whether a part of its own holds delivery status fields."""
    original: Headers
    """Header fields of the mail that came back, as far as they are there."""


def take_apart(tree: Part) -> ReportText:
    """Find a report's words, fields and original. What lies inside a returned message is not the report's."""
    texts: list[str] = []
    pages: list[str] = []
    status: list[str] = []
    original = Headers()
    has_status_part = False
    for part in _own_parts(tree):
        if part.type in _MESSAGE_TYPES or part.type in _HEADER_TYPES:
            original = original if original.fields else _returned_headers(part)
            continue
        if part.type == "text/html":
            pages.append(_words_of_html(_decoded(part)))
            continue
        is_status = part.type in _STATUS_TYPES
        if not is_status and part.type != "text/plain" and part.type != "application/octet-stream":
            continue
        text = _decoded(part)
        if is_status or (part is not tree and _looks_like_status(text)):
            has_status_part = True
            status.extend(_lines(text))
        elif part.type == "text/plain":
            texts.append(text)
    words = "\n".join(texts)
    if not words.strip():
        words = "\n".join(pages)
    own, rest = _without_original(_lines(words))
    inline = [line for line in own if _STATUS_FIELD.match(line)]
    if not status and any(line.lower().startswith(("final-recipient", "original-recipient")) for line in inline):
        status = own
    return ReportText(
        lines=tuple("" if _SUBJECT_LINE.match(line) else line for line in own),
        status=tuple(status),
        has_status_part=has_status_part,
        original=original if original.fields else _headers_in(rest),
    )


def _own_parts(tree: Part) -> Iterator[Part]:
    """The parts in order, a returned message as one piece, without what lies inside it."""
    waiting = [tree]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop()
        if part.type.startswith("multipart/") and part.children:
            waiting.extend(reversed(part.children[:_MOST_PARTS]))
        else:
            yield part


def _decoded(part: Part) -> str:
    return charsets.decode(part.content[:_MOST_BYTES], part.params.get("charset"))


def _lines(text: str) -> list[str]:
    """The lines with single blanks; a line that began with a blank still does, as folded fields need it."""
    cut = (line[:_LONGEST_LINE] for line in text.splitlines()[:_MOST_LINES])
    return [f"{' ' if line[:1].isspace() else ''}{' '.join(line.split())}" for line in cut]


def _looks_like_status(text: str) -> bool:
    """Whether most of the first lines are delivery status fields, whatever the part calls itself."""
    head = [line for line in text[:4_000].splitlines() if line.strip()][:8]
    fields = sum(1 for line in head if _STATUS_FIELD.match(line))
    return fields >= 2 and _STATUS_FIELD.match(head[0]) is not None


def _words_of_html(page: str) -> str:
    """HTML to lines of words, well enough to look for wordings in them; linear."""
    shown: list[str] = []
    position = 0
    while (hidden := _UNSHOWN.search(page, position)) is not None:
        shown.append(page[position : hidden.start()])
        end = page.lower().find(f"</{hidden.group(1).lower()}", hidden.end()) if len(shown) < 20 else -1
        if end < 0:
            break
        position = end
    else:
        shown.append(page[position:])
    text = " ".join("".join(shown).split())
    text = _TAG.sub("", _BLOCK_TAG.sub("\n", text))
    return html.unescape(text)


def _without_original(lines: list[str]) -> tuple[list[str], list[str]]:
    """The report's own lines, and those of the mail it gives back."""
    for number, line in enumerate(lines):
        text = line.strip()
        if not text or (number == 0 and _HEADER_START.match(text) is None):
            continue
        if _HEADER_START.match(text):
            return lines[:number], lines[number:]
        if len(text) > 160 or _NOT_THE_ORIGINAL.search(text):
            continue
        if _RULED.match(text) or _FOLLOWS.search(text):
            return lines[:number], lines[number + 1 :]
    return lines, []


def _returned_headers(part: Part) -> Headers:
    if part.children:
        return part.children[0].headers
    return _headers_in(_lines(_decoded(part)))


def _headers_in(lines: list[str]) -> Headers:
    """The first block of header fields in ``lines``, folded lines joined."""
    fields: list[tuple[str, str]] = []
    for line in lines:
        named = (
            field_of(line.lstrip("> ").encode("utf-8", "replace")) if not line.startswith(" ") or not fields else None
        )
        if named is not None:
            fields.append((named[0], value_of(named[1])))
        elif line.startswith(" ") and line.strip() and fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {line.strip()}")
        elif len(fields) > 2:
            break
    return Headers(tuple(fields[:200]))
