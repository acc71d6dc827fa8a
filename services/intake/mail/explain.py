"""One mail's decisions as plain data: what ``idesluss mail explain`` prints a line of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.intake.mail.model import Address, Calendar, Reading
from services.intake.mail.parts import headers, mime
from services.intake.mail.read import read_mail

_KEYS = (
    "file",
    "sha256",
    "kind",
    "from",
    "subject",
    "title",
    "language",
    "text",
    "quoted",
    "signature",
    "attachments",
    "forwarded",
    "delivery_reports",
    "calendar",
    "reasons",
)

_CALENDAR_KEYS = ("method", "uid", "sequence", "attendee", "partstat")


def explain(
    path: Path, *, envelope_from: str | None = None, read: Callable[..., Reading] = read_mail
) -> dict[str, object]:
    """Read one mail file. Every key of DESIGN.md's row is there, in its order; never raises for a file.

    Args:
        path: a file with one mail; one that cannot be read gives nulls and the reason.
        envelope_from: the envelope's sender; else Return-Path's, else none.
        read: how to read: ``read_mail``, or a ``LimitedReader``'s ``read`` so that no mail can take too long.
    """
    line: dict[str, object] = dict.fromkeys(_KEYS)
    line["file"] = str(path)
    try:
        if path.exists() and not path.is_file():
            raise OSError(0, "not a regular file")  # a pipe or a device might never end
        raw = path.read_bytes()
    except (OSError, ValueError) as fault:
        line["reasons"] = [f"the file could not be read: {getattr(fault, 'strerror', None) or fault}"]
        return line
    if envelope_from is None:
        envelope_from = return_path(raw)
    return {**line, **_line(read(raw, envelope_from=envelope_from))}


def return_path(raw: bytes) -> str | None:
    """The address of Return-Path, empty for ``<>``; None where there is no such field."""
    value = mime.header_of(raw).get("Return-Path")
    if value is None:
        return None
    found = headers.addresses(value)
    return found[0].address if found else ""


def _line(reading: Reading) -> dict[str, object]:
    return {
        "sha256": reading.sha256,
        "kind": reading.kind.value,
        "from": _address(reading.sender),
        "subject": reading.subject,
        "title": reading.title,
        "language": reading.language,
        "text": reading.text,
        "quoted": reading.quoted,
        "signature": reading.signature,
        "attachments": [
            {"name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256}
            for file in reading.attachments
        ],
        "forwarded": None
        if reading.forwarded is None
        else {
            "from": _address(reading.forwarded.sender),
            "subject": reading.forwarded.subject,
            "text": reading.forwarded.text,
        },
        "delivery_reports": [
            {
                "recipient": report.recipient,
                "status": report.status,
                "action": report.action,
                "class": report.bounce_class.value,
                "permanent": report.permanent,
            }
            for report in reading.delivery_reports
        ],
        "calendar": _calendar(reading.calendar),
        "reasons": list(reading.reasons),
    }


def _address(address: Address | None) -> dict[str, str] | None:
    return None if address is None else {"name": address.name, "address": address.address}


def _calendar(calendar: Calendar | None) -> dict[str, object] | None:
    return None if calendar is None else {name: getattr(calendar, name) for name in _CALENDAR_KEYS}
