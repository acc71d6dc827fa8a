"""Read one received mail and act on what it is: the worker's side of the way in by email.

Reading (in a child process) and checking the sender (DNS) come first and outside any transaction;
then everything that follows from them is stored at once, with the delivery marked done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol
from uuid import UUID

from sqlalchemy import select

from services.intake import meters
from services.intake.mail.authentication import SenderCheck
from services.intake.mail.model import Address, Reading
from services.intake.store import sluices
from services.intake.store.tables import InboundEmail, RawMail
from services.intake.usecases.announce import Announcer
from services.intake.usecases.decide import Decision
from services.intake.usecases.letter import Letter
from shared.bus.inbox import Task


class Reader(Protocol):
    """Reads a mail within limits; never raises for what a mail holds."""

    def read(self, raw: bytes, *, envelope_from: str | None, recipient: str | None) -> Reading: ...


class Checker(Protocol):
    """Says whether a mail's visible sender is vouched for, within two seconds; never raises."""

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
    ) -> SenderCheck: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What reading one mail takes; used for one mail at a time."""

    reader: Reader
    checker: Checker

    def read(self, mail: InboundEmail, raw: bytes) -> tuple[Reading, SenderCheck]:
        """What a stored mail says, and whether its sender is who it says."""
        with meters.READING_SECONDS.time():
            reading = self.reader.read(raw, envelope_from=mail.envelope_from, recipient=mail.recipient)
        check = self.checker.check(
            raw,
            peer_ip=mail.peer_ip,
            helo=mail.helo,
            envelope_from=mail.envelope_from,
            from_addresses=reading.senders,
            authentication_results=reading.authentication_results,
            trusted_peer=mail.trusted_peer,
        )
        return reading, check


@dataclass(frozen=True, slots=True)
class ReadMail:
    """The use case with its parts. As many mails are read at once as there are desks."""

    announcer: Announcer
    desks: SimpleQueue[Desk]

    def __call__(self, task: Task) -> None:
        """Handle ``mail.received.v1``."""
        inbound_email_id: UUID = task.payload["inbound_email_id"]
        with task.database.transaction() as session:
            mail, raw = session.execute(
                select(InboundEmail, RawMail.raw)
                .join(RawMail, RawMail.id == InboundEmail.raw_id)
                .where(InboundEmail.id == inbound_email_id)
            ).one()
        reading, check = self._read(mail, raw)
        with task.transaction() as session:
            mail = session.get_one(InboundEmail, inbound_email_id, with_for_update=True)
            sluice = sluices.profile(session, mail.sluice_id)
            Decision(session, self.announcer, Letter(mail, sluice, reading, check)).take(raw)

    def _read(self, mail: InboundEmail, raw: bytes) -> tuple[Reading, SenderCheck]:
        desk = self.desks.get()
        try:
            return desk.read(mail, raw)
        finally:
            self.desks.put(desk)
