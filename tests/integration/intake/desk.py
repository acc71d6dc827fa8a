"""Mail that arrives at a sluice, and what other services tell of it: everything real but the broker."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from services.intake.actors import handlers
from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.authentication import SenderCheck
from services.intake.mail.model import Address, Reading
from services.intake.mail.read import read_mail
from services.intake.store.tables import Idea, InboundEmail, TimelineEntry
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import Checker as CheckerPort
from services.intake.usecases.read_mail import Desk as ReadingDesk
from services.intake.usecases.read_mail import ReadMail
from shared.bus import outbox
from shared.bus.inbox import Inbox
from shared.clock import now
from shared.contracts.base import MessageType
from shared.contracts.registry import INTAKE, MAIL_RECEIVED, NOTIFICATION_CHANGED
from shared.db import Database
from shared.ids import new_id
from shared.mail import addresses, reply_addresses
from shared.settings import Settings
from tests.support.ideas import a_mail

VOUCHED = SenderCheck(vouched=True, dmarc="pass", source="front.example", reasons=("dmarc=pass by front.example",))
FORGED = SenderCheck(suspected_forged=True, dmarc="fail", reasons=("DMARC fails and its domain asks for refusal",))


class Reader:
    """Reads in this process: the child's limits have tests of their own."""

    def read(self, raw: bytes, *, envelope_from: str | None, recipient: str | None) -> Reading:
        return read_mail(raw, envelope_from=envelope_from, recipient=recipient)


@dataclass
class Checker:
    """Says of every sender what the test says."""

    verdict: SenderCheck = field(default_factory=SenderCheck)

    def check(
        self,
        raw: bytes,
        *,
        peer_ip: str | None,
        helo: str | None,
        envelope_from: str | None,
        from_addresses: Sequence[Address],
        authentication_results: Sequence[str],
        trusted_peer: bool,
    ) -> SenderCheck:
        return self.verdict


def one_desk(checker: CheckerPort) -> SimpleQueue[ReadingDesk]:
    """Where one mail at a time is read, with this word on its sender."""
    desks: SimpleQueue[ReadingDesk] = SimpleQueue()
    desks.put(ReadingDesk(Reader(), checker))
    return desks


@dataclass
class Desk:
    """A sluice, and mail that arrives at it."""

    settings: Settings
    database: Database
    sluice: SluiceProfile

    def receive(
        self,
        raw: bytes | str,
        *,
        recipient: str | None = None,
        envelope_from: str = "asa@krokom.example",
        verdict: SenderCheck | None = None,
        trusted: bool = True,
        received_at: datetime | None = None,
    ) -> InboundEmail:
        """As the listener stores it and the worker then reads it."""
        data = raw if isinstance(raw, bytes) else raw.replace("\n", "\r\n").encode()
        with self.database.transaction() as session:
            mail = a_mail(
                session,
                self.sluice,
                raw=data,
                recipient=recipient or self.sluice.address,
                envelope_from=envelope_from,
                trusted_peer=trusted,
                received_at=received_at or now(),
                read_at=None,
                kind=None,
                message_id=None,
                reasons=[],
                reading=None,
            )
            message_id = outbox.put(session, MAIL_RECEIVED, {"inbound_email_id": mail.id})
        self.ring(message_id, verdict)
        with self.database.transaction() as session:
            found = session.get_one(InboundEmail, mail.id)
            assert found.read_at is not None, session.execute(text("SELECT last_error FROM bus.delivery")).all()
            return found

    def ring(self, message_id: UUID, verdict: SenderCheck | None = None) -> None:
        """One attempt of intake's worker at a message."""
        read = ReadMail(Announcer(self.settings), one_desk(Checker(verdict or SenderCheck())))
        Inbox(self.database, INTAKE, handlers(read)).run(message_id)

    def tell(self, message: MessageType, payload: dict[str, Any]) -> None:
        """What another service tells intake, acted on; a fault there is one here."""
        with self.database.transaction() as session:
            message_id = outbox.put(session, message, payload)
        self.ring(message_id)
        with self.database.transaction() as session:
            done = session.execute(
                text("SELECT done_at IS NOT NULL, last_error FROM bus.delivery WHERE message_id = :id"),
                {"id": message_id},
            ).one()
        assert done[0], done[1]

    def idea_of(self, mail: InboundEmail) -> Idea:
        with self.database.transaction() as session:
            assert mail.idea_id is not None, mail.reasons
            return session.get_one(Idea, mail.idea_id)

    def ideas(self) -> list[Idea]:
        with self.database.transaction() as session:
            return list(session.scalars(select(Idea).order_by(Idea.reference)))

    def timeline(self, idea: Idea) -> list[TimelineEntry]:
        with self.database.transaction() as session:
            return list(
                session.scalars(
                    select(TimelineEntry).where(TimelineEntry.idea_id == idea.id).order_by(TimelineEntry.id)
                )
            )

    def said(self, name: str) -> list[dict[str, Any]]:
        """The payloads of all messages of one name, in order."""
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT payload FROM bus.message WHERE name = :n ORDER BY id"), {"n": name})
            return [json.loads(row[0]) for row in rows]

    def return_path(self, notification_id: UUID) -> str:
        return addresses.return_path(self.settings.signer, self.sluice.address, notification_id)

    def a_message(self, idea: Idea, kind: str = "confirmation", recipient: str = "asa@krokom.example") -> str:
        """The return path of a message that notify has sent about an idea, and has told of."""
        notification_id = new_id()
        told = {
            "notification_id": notification_id,
            "idea_reference": idea.reference,
            "kind": kind,
            "channel": "email",
            "recipient": recipient,
            "state": "sent",
            "reason": None,
            "line": None,
            "at": now(),
        }
        self.tell(NOTIFICATION_CHANGED, told)
        return self.return_path(notification_id)

    def reply_address(self, idea: Idea, purpose: str = "svar", owner: str = "") -> str:
        return reply_addresses.make(self.settings.signer, self.sluice.address, purpose, idea.reference, owner)


def mail(subject: str, body: str, sender: str = "Åsa <asa@krokom.example>", *headers: str) -> str:
    fields = [f"From: {sender}", f"Subject: {subject}", "Content-Type: text/plain; charset=utf-8", *headers]
    return "\n".join(fields) + f"\n\n{body}\n"
