"""Something small that intake says and rsvp hears, where a test is about the bus alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from shared.bus import outbox
from shared.contracts.registry import CALENDAR_REPLY
from shared.db import Database


def say(intake: Database, **choices: Any) -> UUID:
    """Put a calendar reply on the bus, with what ``outbox.put`` lets one choose; its id."""
    payload = {
        "inbound_email_id": uuid4(),
        "uid": "u",
        "sequence": 0,
        "attendee": "a@b.example",
        "partstat": "ACCEPTED",
        "sender": None,
        "vouched": False,
    }
    with intake.transaction() as session:
        return outbox.put(session, CALENDAR_REPLY, payload, **choices)
