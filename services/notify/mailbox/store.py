"""Keep caught mails, and read them back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.notify.mailbox.tables import Message
from shared.db import Database
from shared.ids import new_id

_MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r\n[ \t]+)?([^\r\n]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MailStore:
    """The mailbox's mails in PostgreSQL."""

    database: Database

    def keep(self, sender: str, recipients: Sequence[str], raw: bytes) -> UUID:
        """Store a mail durably; one whose Message-ID is there already is counted as one more submission of it.

        :raises sqlalchemy.exc.SQLAlchemyError: it is not stored.
        """
        identity = new_id()
        message_id = message_id_of(raw)
        statement = insert(Message).values(
            id=identity,
            # A mail without Message-ID is a mail of its own each time.
            fingerprint=hashlib.sha256((message_id or identity.hex).encode()).digest(),
            message_id=message_id,
            sender=sender.replace("\0", ""),
            recipients=[recipient.replace("\0", "") for recipient in recipients],
            raw=raw,
        )
        counted = statement.on_conflict_do_update(
            index_elements=[Message.fingerprint], set_={"submissions": Message.submissions + 1}
        )
        with self.database.transaction() as session:
            kept: UUID = session.execute(counted.returning(Message.id)).scalar_one()
        return kept

    def newest(self, start: int, limit: int) -> tuple[int, Sequence[Message]]:
        """How many mails there are, and ``limit`` of them from ``start`` on, newest first."""
        order = select(Message).order_by(Message.created_at.desc(), Message.id.desc())
        with self.database.transaction() as session:
            total = session.scalars(select(func.count()).select_from(Message)).one()
            return total, session.scalars(order.offset(start).limit(limit)).all()

    def get(self, identity: UUID) -> Message | None:
        """One mail, or None."""
        with self.database.transaction() as session:
            return session.get(Message, identity)

    def forget_older(self, moment: datetime) -> None:
        """Remove what was caught before that moment."""
        with self.database.transaction() as session:
            session.execute(delete(Message).where(Message.created_at < moment))


def message_id_of(raw: bytes) -> str:
    """The Message-ID in a mail's header, without its angle brackets; empty where there is none."""
    header = raw.partition(b"\r\n\r\n")[0]
    match = _MESSAGE_ID.search(header)
    return match[1].decode("utf-8", "replace").replace("\0", "").strip().strip("<>") if match else ""
