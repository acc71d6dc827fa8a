"""A reading as bytes for a pipe, and back: JSON for what is said, raw bytes for the files.

Not pickle: the process at the other end has touched hostile mail, and what it sends is only data here. What
does not have the expected form raises ValueError.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from services.intake.mail.model import (
    Address,
    Attachment,
    Calendar,
    Complaint,
    DeliveryReport,
    Forwarded,
    Headers,
    Kind,
    Reading,
)
from shared.mail.bounce_class import BounceClass


def dump(reading: Reading) -> tuple[bytes, list[bytes]]:
    """The reading as UTF-8 JSON without its files' bytes, and those bytes in order."""
    blobs = [file.content for file in reading.attachments]
    bare = replace(reading, attachments=tuple(replace(file, content=b"") for file in reading.attachments))
    plain = asdict(bare)
    for file in plain["attachments"]:
        del file["content"]
    if plain["calendar"]:
        for name in _TIMES:
            plain["calendar"][name] = plain["calendar"][name] and plain["calendar"][name].isoformat()
    return json.dumps(plain, ensure_ascii=False).encode("utf_8", "replace"), blobs


def load(head: bytes, blobs: list[bytes]) -> Reading:
    """The reading again.

    Raises:
        ValueError: the bytes are no reading.
    """
    try:
        plain = json.loads(head)
        files = plain["attachments"]
        if len(files) != len(blobs):
            raise ValueError("files and their bytes differ in number")
        return Reading(
            **{
                **plain,
                "kind": Kind(plain["kind"]),
                "sender": _address(plain["sender"]),
                "senders": tuple(Address(**one) for one in plain["senders"]),
                "attachments": tuple(Attachment(**f, content=b) for f, b in zip(files, blobs, strict=True)),
                "forwarded": _forwarded(plain["forwarded"]),
                "delivery_reports": tuple(_report(one) for one in plain["delivery_reports"]),
                "complaint": _complaint(plain["complaint"]),
                "calendar": _calendar(plain["calendar"]),
                "reply_to": tuple(Address(**one) for one in plain["reply_to"]),
                "headers": Headers(tuple((name, value) for name, value in plain["headers"]["fields"])),
                **{name: tuple(plain[name]) for name in _TUPLES_OF_TEXT},
            }
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise ValueError(f"not a reading: {fault}") from fault


_TUPLES_OF_TEXT = ("reasons", "in_reply_to", "references", "recipients", "authentication_results")
_TIMES = ("stamp", "starts_at")
_QUOTED = ("return_paths", "message_ids")


def _address(plain: Any) -> Address | None:
    return Address(**plain) if plain else None


def _calendar(plain: Any) -> Calendar | None:
    if not plain:
        return None
    return Calendar(**{**plain, **{name: plain[name] and datetime.fromisoformat(plain[name]) for name in _TIMES}})


def _forwarded(plain: Any) -> Forwarded | None:
    return Forwarded(**{**plain, "sender": _address(plain["sender"])}) if plain else None


def _complaint(plain: Any) -> Complaint | None:
    return Complaint(**{**plain, **{name: tuple(plain[name]) for name in _QUOTED}}) if plain else None


def _report(plain: Any) -> DeliveryReport:
    return DeliveryReport(**{**plain, "bounce_class": BounceClass(plain["bounce_class"])})
