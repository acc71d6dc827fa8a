"""Payloads of the messages that notify hears, as intake sends them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from services.notify.domain.kinds import Kind
from services.notify.domain.variables import samples
from shared.ids import new_id

SLUICE = {"slug": "krokom", "name": "Idéslussen Krokom", "address": "ide@krokom.example", "language": "sv"}


def person(address: str = "asa@invanare.example", name: str = "Åsa Öberg", language: str = "sv") -> dict[str, Any]:
    """Somebody who gets mail."""
    return {
        "name": name,
        "address": address,
        "language": language,
        "reply_to": "ide+svar.kro-2026-0042.aaaabbbbccccdddd@krokom.example",
    }


def thread(
    in_reply_to: str | None = "<egen.1@invanare.example>", references: list[str] | None = None
) -> dict[str, Any]:
    """What a mail answers."""
    return {"in_reply_to": in_reply_to, "references": references or []}


def contact(address: str = "kontakt@krokom.example", name: str = "Kim Kontakt", **changes: Any) -> dict[str, Any]:
    """A contact, with the link to the contacts' own page of the idea."""
    return person(address, name) | {
        "idea_url": "https://idesluss.example/kontakt/ide/KRO-2026-0042?t=ponmlkjihgfedcba",
        "acts": {},
        **changes,
    }


def idea(**changes: Any) -> dict[str, Any]:
    """An idea as others know it."""
    return {
        "id": new_id(),
        "reference": "KRO-2026-0042",
        "title": "Cykelpump vid busstorget",
        "text": "Sätt upp en fast cykelpump vid busstorget.\n\nDet tar fem minuter att laga en punktering.",
        "stage": "received",
        "created_at": datetime(2026, 11, 3, 8, 30, tzinfo=UTC),
        **changes,
    }


def idea_received(**changes: Any) -> dict[str, Any]:
    """An idea came in by mail from a vouched sender; one contact."""
    return {
        "idea": idea(),
        "sluice": SLUICE,
        "via": "email",
        "submitter": person(),
        "submitter_kind": "citizen",
        "vouched": True,
        "asks_kind": False,
        "no_confirmation": None,
        "held": None,
        "answer_by": date(2026, 12, 1),
        "follow_url": "https://idesluss.example/i/KRO-2026-0042?t=abcdefghijklmnop",
        "submitter_thread": thread(),
        "contacts": [contact()],
        "contact_thread": thread(None, ["<idesluss.anchor@krokom.example>"]),
        "contact_notes": [],
        "attachments": [],
        "similar": [],
        **changes,
    }


def idea_added_to(**changes: Any) -> dict[str, Any]:
    """Somebody added text to an idea."""
    return {
        "entry_id": new_id(),
        "idea": idea(),
        "sluice": SLUICE,
        "author": "Åsa Öberg",
        "text": "En sak till: det behövs en med både bil- och cykelventil.",
        "attachments": ["pump.jpg"],
        "contacts": [contact()],
        "contact_thread": thread(),
        **changes,
    }


def answer_drafted(**changes: Any) -> dict[str, Any]:
    """A contact answered by mail."""
    return {
        "draft_id": new_id(),
        "idea": idea(),
        "sluice": SLUICE,
        "contact": contact(),
        "text": "Hej Åsa!\n\nVi sätter upp en pump i april, vid cykelställen.",
        "confirm_url": "https://idesluss.example/bekrafta/abcdefghijklmnop",
        "contact_thread": thread(),
        **changes,
    }


def idea_answered(**changes: Any) -> dict[str, Any]:
    """An official answer was given."""
    return {
        "answer_id": new_id(),
        "idea": idea(),
        "sluice": SLUICE,
        "submitter": person(),
        "signed_by": "Kim Kontakt",
        "stage_before": None,
        "close_reason": None,
        "text": "Hej Åsa!\n\nVi sätter upp en pump i april, vid cykelställen.",
        "follow_url": "https://idesluss.example/i/KRO-2026-0042?t=abcdefghijklmnop",
        "submitter_thread": thread(),
        **changes,
    }


def mail_wanted(kind: str, *, reference: str | None = None, stranger: bool = False, **facts: Any) -> dict[str, Any]:
    """A mail that was asked for by name."""
    somebody = person()
    return {
        "kind": kind,
        "about": str(new_id()),
        "person": {name: somebody[name] for name in ("name", "address", "language")},
        "reply_to": SLUICE["address"],
        "sluice": SLUICE,
        "idea_reference": reference,
        "facts": facts,
        "thread": thread(None, ["<idesluss.anchor@krokom.example>"]) if reference else {},
        "is_to_stranger": stranger,
    }


def event_mail_wanted(
    kind: str, *, address: str = "asa@invanare.example", name: str = "Åsa Öberg", **changes: Any
) -> dict[str, Any]:
    """A mail about an event, asked for by name, with the facts of a sample mail."""
    known = samples(Kind(kind), "sv")
    return {
        "kind": kind,
        "about": str(new_id()),
        "person": {"name": name, "address": address, "language": "sv"},
        "reply_to": "ide+traff.aaaabbbbccccddddeeeeffffgg.aaaabbbbccccdddd@krokom.example",
        "sluice": SLUICE,
        "facts": {fact: value for fact, value in known.items() if fact not in ("reply_to", "thread", "sluice")},
        "calendar": None,
        "series": None,
        "number": None,
        "guest_id": new_id(),
        "is_bulk": False,
        "is_to_stranger": False,
        **changes,
    }
