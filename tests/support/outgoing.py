"""Messages in every state, made by the use cases themselves, for pages that show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notify.domain.asked import Asked
from services.notify.domain.delivery import Outcome, State
from services.notify.domain.kinds import Category, Channel, Kind, Reason
from services.notify.store.tables import Attempt, Notification
from services.notify.usecases import lifecycle
from services.notify.usecases.queue_message import QueueMessage
from shared.bus import outbox
from shared.clock import now
from shared.contracts.registry import NOTIFICATION_DUE
from shared.db import Database, Role
from shared.ids import new_id
from shared.settings import Settings
from tests.support.notify_facts import SLUICE

FOLLOW = "https://idesluss.example/i/KRO-2026-0042?t=abcdefghijklmnopqrstuvwxyz"
"""A signed link: of the form and the length of a real one."""
GREYLISTED = "451 4.7.1 Greylisting in action, please come back later"
PARKED_ERROR = "KeyError: 'sluice' " + "missing-in-the-facts-of-this-very-message-" * 6


@dataclass
class Outgoing:
    """Makes notifications in one database and moves them on as workers would."""

    settings: Settings
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.database = Database(self.settings, Role.NOTIFY, pool_size=2)

    def ask(self, address: str = "asa@invanare.example", **changes: Any) -> UUID:
        """Ask for a confirmation, or for what the changes say; its id."""
        known: dict[str, Any] = {
            "key": str(new_id()),
            "kind": Kind.CONFIRMATION,
            "address": address,
            "name": "Åsa Öberg",
            "language": "sv",
            "sluice_slug": "krokom",
            "sluice_address": SLUICE["address"],
            "idea_reference": "KRO-2026-0042",
            "facts": confirmation(),
            "category": Category.ASKED_FOR,
        }
        asked = Asked(**(known | changes))
        with self.database.transaction() as session:
            QueueMessage(self.settings)(session, [asked])
            found = session.execute(
                text("SELECT id FROM notify.notification WHERE idempotency_key = :key"), {"key": asked.key}
            )
            identity: UUID = found.scalar_one()
        return identity

    def attempt(
        self,
        identity: UUID,
        state: State,
        *,
        reply: str,
        reason: str | None = None,
        next_try: datetime | None = None,
    ) -> None:
        """One attempt that ended so."""
        moment = now()
        with self.database.transaction() as session:
            row = session.get_one(Notification, identity, with_for_update=True)
            lifecycle.change(session, row, State.SENDING, now=moment)
            row.attempts += 1
            session.add(
                Attempt(
                    notification_id=identity,
                    number=row.attempts,
                    started_at=moment - timedelta(seconds=1),
                    finished_at=moment,
                    outcome=Outcome(state.value),
                    reply=reply,
                )
            )
            lifecycle.change(session, row, state, now=moment, reason=reason, reply=reply, next_try=next_try)
            if row.due_message_id and next_try is None:
                self._duty_done(session, row.due_message_id)

    def sent(self, identity: UUID) -> None:
        """The relay took it."""
        self.attempt(identity, State.SENT, reply="250 2.0.0 Ok: queued as 4XyZ")

    def refused(self, identity: UUID, line: str = "550 5.1.1 nobody of that name") -> None:
        """The relay refused it for good."""
        self.attempt(identity, State.PERMANENT_FAILURE, reply=line, reason=Reason.RELAY_REFUSED)

    def put_off(self, identity: UUID) -> None:
        """The relay asked to come back later."""
        later = now() + timedelta(minutes=10)
        self.attempt(identity, State.TEMPORARY_FAILURE, reply=GREYLISTED, reason=Reason.RELAY_BUSY, next_try=later)

    def park(self, identity: UUID, error: str = PARKED_ERROR) -> UUID:
        """Let the duty to send it have failed five times; the message's id on the bus."""
        with self.database.transaction() as session:
            duty = session.get_one(Notification, identity).due_message_id
            assert duty is not None
            park(session, duty, error)
        return duty

    def parked(self, error: str = PARKED_ERROR) -> UUID:
        """A parked duty of its own."""
        with self.database.transaction() as session:
            duty = outbox.put(session, NOTIFICATION_DUE, {"notification_id": new_id()})
            park(session, duty, error)
        return duty

    @staticmethod
    def _duty_done(session: Session, duty: UUID) -> None:
        session.execute(
            text("UPDATE bus.delivery SET done_at = now() WHERE consumer = 'notify' AND message_id = :id"),
            {"id": duty},
        )

    def close(self) -> None:
        """Close the connections."""
        self.database.dispose()


def park(session: Session, message_id: UUID, error: str) -> None:
    """Let one of notify's deliveries have failed too often."""
    session.execute(
        text(
            "UPDATE bus.delivery SET parked_at = now(), attempts = 5, last_error = :error"
            " WHERE consumer = 'notify' AND message_id = :id"
        ),
        {"id": message_id, "error": error},
    )


def confirmation() -> dict[str, Any]:
    """What a confirmation is written from."""
    return {
        "reply_to": "ide+svar.kro-2026-0042.aaaabbbbccccdddd@krokom.example",
        "sluice": SLUICE,
        "answer_by": "2026-12-01",
        "attachments": [],
        "follow_url": FOLLOW,
        "idea": {
            "reference": "KRO-2026-0042",
            "title": "Cykelpump vid busstorget",
            "text": f"Sätt upp en pump.\n\nJag skrev om det förut: {FOLLOW}",
            "created_at": "2026-11-03T08:30:00+00:00",
        },
        "asks_kind": False,
        "via": "form",
        "thread": {"in_reply_to": None, "references": []},
    }


def message(subject: str = "Kalasturné", text: str = "Vi ses klockan nio.") -> dict[str, Any]:
    """What a free text is written from."""
    return {
        "sluice": SLUICE,
        "reply_to": SLUICE["address"],
        "thread": {"in_reply_to": None, "references": []},
        "subject": subject,
        "text": text,
        "link": None,
    }


def in_every_state(made: Outgoing) -> dict[str, UUID]:
    """One message in each state, by a name for it, and two parked duties."""
    found = {name: made.ask(f"{name}@invanare.example") for name in ("sent", "refused", "put-off", "waiting")}
    made.sent(found["sent"])
    made.refused(found["refused"], "550 5.1.1 " + "no-such-user-" * 30)
    made.put_off(found["put-off"])
    found["automatic"] = made.ask("bo@invanare.example", withheld="Precedence: bulk")
    found["tomorrow"] = made.ask(
        "later@invanare.example",
        kind=Kind.MESSAGE,
        facts=message(),
        idea_reference=None,
        not_before=now() + timedelta(days=1),
    )
    found["sms"] = made.ask("+46701740605", channel=Channel.SMS, kind=Kind.MESSAGE, facts=message())
    made.parked()
    made.parked()
    return found
