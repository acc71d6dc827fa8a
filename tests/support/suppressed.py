"""The list of suppressed addresses as tests read it, and what fills it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.notify.store.tables import Suppression
from shared.db import Database
from shared.ids import new_id
from tests.support import notify_facts as facts


def report(identity: UUID, recipient: str | None = "asa@invanare.example", **changes: Any) -> dict[str, Any]:
    """A report that the recipient is gone."""
    return {
        "inbound_email_id": new_id(),
        "notification_id": identity,
        "recipient": recipient,
        "status": "5.1.1",
        "action": "failed",
        "bounce_class": "recipient-gone",
        "permanent": True,
        "line": "550 5.1.1 user unknown",
        **changes,
    }


DELIVERED = {"action": "delivered", "bounce_class": "delivered", "permanent": False, "status": "2.0.0", "line": None}
DELAYED = {"action": "delayed", "bounce_class": "delayed", "permanent": False, "status": "4.4.1"}
FULL = {"action": "failed", "bounce_class": "mailbox-full", "permanent": False, "status": "5.2.2"}
BLOCKED = {"action": "failed", "bounce_class": "blocked", "permanent": False, "status": "5.7.1"}
OTHER = {"action": "failed", "bounce_class": "other", "permanent": False, "status": "5.0.0"}


def complaint(identity: UUID, **changes: Any) -> dict[str, Any]:
    """Somebody marked it as spam; who did is left out, as by most providers."""
    return {
        "inbound_email_id": new_id(),
        "notification_id": identity,
        "feedback_type": "abuse",
        "recipient": None,
        **changes,
    }


def sluice_changed(*contacts: str, **changes: Any) -> dict[str, Any]:
    """A sluice with these contacts."""
    people = [{"name": f"Kontakt {number}", "address": each, "language": "sv"} for number, each in enumerate(contacts)]
    return {**facts.SLUICE, "contacts": people, "at": datetime.now(UTC), **changes}


def suppressions(database: Database) -> list[Suppression]:
    """The whole list, oldest first, with what is released."""
    with database.transaction() as session:
        return list(session.scalars(select(Suppression).order_by(Suppression.id)))


def in_force(database: Database) -> list[tuple[str, str]]:
    """Address and cause of each that is not released."""
    return [(each.address, each.cause) for each in suppressions(database) if each.released_at is None]
