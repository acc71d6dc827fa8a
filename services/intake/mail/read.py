"""One mail read: bytes in, everything it says out. Never raises; each step that fails is named in the reasons.

The order: tree (``mime``), header (``first_look``), kind (``classify``), words (``shown``, ``body``), files
(``attachments``, ``tnef``). Nothing here stores, looks up or decides what becomes of the mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from services.intake.mail import first_look
from services.intake.mail.kinds import classify
from services.intake.mail.model import Attachment, Divided, Forwarded, Kind, Part, Reading
from services.intake.mail.parts import attachments, calendar, mime, shown, signed, sniff, tnef
from services.intake.mail.words import body, html, language, title

_Result = TypeVar("_Result")
_SMIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_REPORTS = (Kind.DELIVERY_REPORT, Kind.COMPLAINT)


def read_mail(raw: bytes, *, envelope_from: str | None = None, recipient: str | None = None) -> Reading:
    """Read a mail as it was received.

    Args:
        raw: the bytes of DATA.
        envelope_from: the envelope's sender, empty for the null sender, None where unknown.
        recipient: the envelope's recipient.
    """
    try:
        return _Reading(raw, envelope_from, recipient).read()
    except Exception as fault:  # a parser's fault must never cost a mail (MemoryError is one)
        reason = f"the mail could not be read ({type(fault).__name__}): only its header was"
        return first_look.first_look(raw, reason, envelope_from=envelope_from, recipient=recipient)


class _Reading:
    """The steps of reading one mail, each on its own so that one fault costs one field."""

    def __init__(self, raw: bytes, envelope_from: str | None, recipient: str | None) -> None:
        self._raw = raw
        self._envelope_from = envelope_from
        self._recipient = recipient
        self._reasons: list[str] = []

    def read(self) -> Reading:
        tree, reasons = mime.parse(self._raw)
        reading = first_look.of_header(tree.headers, hashlib.sha256(self._raw).hexdigest())
        self._reasons += [*reading.reasons, *reasons]
        tree = self._try("S/MIME", lambda: self._open_signed(tree), tree)
        event = self._try("calendar", lambda: calendar.find(tree), None)
        found = self._try(
            "kind",
            lambda: classify.classify(
                tree,
                envelope_from=self._envelope_from,
                recipient=self._recipient,
                recipients=reading.recipients,
                in_reply_to=reading.in_reply_to,
                references=reading.references,
                calendar=event,
            ),
            classify.Classified(Kind.IDEA),
        )
        self._reasons += found.reasons
        words = self._try("text", lambda: shown.words(tree), shown.Words())
        self._reasons += words.reasons
        is_report = found.kind in _REPORTS or tree.type == "multipart/report"
        no_files: tuple[Attachment, ...] = ()
        files = self._try("attachments", lambda: self._files(tree, words, is_report), no_files)
        divided = self._divided(words, reading.subject)
        attached = None if is_report else self._try("forwarded mail", lambda: _forwarded(tree), None)
        return replace(
            reading,
            kind=found.kind,
            title=self._try("title", lambda: title.clean(reading.subject, divided.text), reading.subject),
            language=self._try("language", lambda: language.detect(divided.text), None),
            text=shown.clean(divided.text),
            quoted=shown.clean(divided.quoted),
            signature=shown.clean(divided.signature),
            html=self._try("HTML", lambda: html.safe(words.html) if words.html else "", ""),
            attachments=files,
            forwarded=divided.forwarded or attached,
            delivery_reports=found.delivery_reports,
            complaint=found.complaint,
            calendar=event,
            automatic=found.automatic,
            spam=found.spam,
            reasons=tuple(dict.fromkeys(self._reasons)),
        )

    def _try(self, step: str, call: Callable[[], _Result], otherwise: _Result) -> _Result:
        """The step's result; where it fails, the other one, and a reason."""
        try:
            return call()
        except Exception as fault:  # see read_mail
            self._reasons.append(f"{step} could not be read ({type(fault).__name__})")
            return otherwise

    def _divided(self, words: shown.Words, subject: str | None) -> Divided:
        """The words told apart; undivided where that fails, since no word may be lost."""
        divided = self._try(
            "the division of the text", lambda: body.divide(words.plain, words.html, subject=subject), None
        )
        if divided is None:
            divided = Divided(text=words.plain if words.plain is not None else _text_of(words.html))
        self._reasons += divided.reasons
        return divided

    def _open_signed(self, part: Part, *, deeper: bool = True) -> Part:
        """S/MIME's opaque form opened, at the top or one below; what is encrypted is said to be."""
        if part.type == "multipart/encrypted":
            self._reasons.append("encrypted: could not be read")
        if part.type in _SMIME_TYPES:
            cms = signed.open_cms(part.content)
            if cms is not None and cms.content is not None:
                inner, reasons = mime.parse(cms.content)
                self._reasons += reasons
                return replace(part, type="multipart/signed", content=b"", children=(inner,))
            is_encrypted = cms is not None and cms.is_encrypted
            self._reasons.append(
                "encrypted with S/MIME: could not be read" if is_encrypted else "S/MIME of unknown form"
            )
        elif deeper and part.type.startswith("multipart/"):
            children = tuple(self._open_signed(child, deeper=False) for child in part.children)
            return replace(part, children=children)
        return part

    def _files(self, tree: Part, words: shown.Words, is_report: bool) -> tuple[Attachment, ...]:
        """The attachments, with those inside winmail.dat and uuencoded text in their places."""
        found: list[Attachment] = []
        for file in attachments.collect(tree, shown=words.parts, is_report=is_report):
            opened = tnef.open_(file.content) if file.type == sniff.TNEF else None
            if opened is None:
                found.append(file)
                continue
            self._reasons.append(f"{file.name} opened: {len(opened.files)} files")
            if not (words.plain or "").strip() and not (words.html or "").strip():
                words.plain = shown.clean(opened.text) if opened.text else None
                words.html = shown.clean(opened.html) if opened.html else None
            found += (
                attachments.of_bytes(
                    inner.content,
                    name=inner.name,
                    declared=inner.type,
                    number=len(found) + number,
                    content_id=inner.content_id,
                )
                for number, inner in enumerate(opened.files, start=1)
            )
        found += (
            attachments.of_bytes(data, name=name, number=len(found) + number)
            for number, (name, data) in enumerate(words.files, start=1)
        )
        if tree.type == "message/partial":
            self._reasons.append("one piece of a mail sent in pieces (message/partial)")
        return tuple(found)


def _forwarded(tree: Part) -> Forwarded | None:
    """The first message forwarded as an attachment."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if part.type in attachments.MESSAGE_TYPES and part.children:
            original = part.children[0]
            reading = first_look.of_header(original.headers, "")
            words = shown.words(original)
            text = words.plain if words.plain is not None else _text_of(words.html)
            return Forwarded(sender=reading.sender, subject=reading.subject, text=_trimmed(text))
        waiting.extend(reversed(part.children))
    return None


def _text_of(source: str | None) -> str:
    return html.to_text(source) if source else ""


def _trimmed(text: str) -> str:
    """LF, no trailing blanks."""
    return "\n".join(line.rstrip() for line in shown.clean(text).split("\n")).strip("\n")
