"""Decides what a recipient and a mail are answered: the only part of a session that knows what intake is."""

from __future__ import annotations

import time
from uuid import UUID

from aiosmtpd.smtp import Session

from services.intake import meters
from services.intake.smtp import paths, replies
from services.intake.smtp.accept import GroupCommit
from services.intake.smtp.door import Counters
from services.intake.smtp.protocol import Connection, Mailing
from services.intake.smtp.recipients import AddressBook
from services.intake.smtp.statement import Mail, Recipient
from shared import clock, ids, logs, tracing
from shared.errors import TemporaryFailure

log = logs.get(__name__)


class IntakeHandler:
    """aiosmtpd's hooks: RCPT asks the address book, DATA waits for the group commit."""

    def __init__(self, book: AddressBook, group: GroupCommit, counters: Counters) -> None:
        self._book = book
        self._group = group
        self._counters = counters

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Mailing, address: str, options: list[str]
    ) -> bytes:
        """Accept a sluice's address, refuse every other; never the way to anywhere else (THREATS.md §2)."""
        parts = paths.split_address(address)
        if parts is None:
            return replies.BAD_RECIPIENT
        local, domain = parts
        if not domain or "@" in local or "%" in local or "!" in local:
            return replies.NOT_RELAYING
        sluice_id: UUID | None = self._book.known(local, domain)
        if sluice_id is None:
            try:
                sluice_id = await self._book.find(local, domain)
            except TemporaryFailure:
                return replies.NOT_STORED
        if sluice_id is None:
            return replies.UNKNOWN_RECIPIENT
        envelope.recipients.append(Recipient(ids.new_id(), sluice_id, address))
        return replies.RECIPIENT_OK

    async def handle_DATA(self, server: Connection, session: Session, envelope: Mailing) -> bytes:
        """Store a mail; 250 is said only once it is on disk, and is then our promise."""
        began = time.perf_counter()
        with tracing.span("accept mail", tracing.Kind.SERVER):
            return await self._store(server, session, envelope, began)

    async def _store(self, server: Connection, session: Session, envelope: Mailing, began: float) -> bytes:
        assert server.peer is not None
        assert envelope.mail_from is not None
        assert session.host_name is not None
        mail = Mail(
            id=ids.new_id(),
            content=envelope.octets,
            sha256=envelope.sha256,
            recipients=tuple(envelope.recipients),
            envelope_from=envelope.mail_from,
            peer_ip=server.peer.address,
            helo=session.host_name,
            protocol=server.protocol_name,
            tls=server.tls,
            trusted_peer=server.peer.trusted,
            received_at=clock.now(),
            trace=tracing.current(),
        )
        if not await self._group.accept(mail):
            return replies.NOT_STORED
        took = time.perf_counter() - began
        meters.ACCEPT_SECONDS.observe(took)
        self._counters.mails += 1
        self._counters.recipients += len(mail.recipients)
        self._counters.octets += len(mail.content)
        log.info(
            "mail_accepted",
            correlation_id=mail.correlation_id,
            size=len(mail.content),
            recipients=len(mail.recipients),
            ms=round(took * 1000, 1),
        )
        return replies.stored(mail.correlation_id)
