"""Keep the files that came with a mail: bytes once by their hash, and a random id for the download."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.store.tables import Attachment, Blob
from shared.ids import new_secret_id


def keep(session: Session, idea_id: UUID, inbound_email_id: UUID | None, files: Sequence[ReceivedFile]) -> None:
    """Store the files and tie them to an idea."""
    for file in files:
        sha256 = bytes.fromhex(file.sha256)
        session.execute(insert(Blob).values(sha256=sha256, content=file.content).on_conflict_do_nothing())
        session.add(
            Attachment(
                id=new_secret_id(),
                idea_id=idea_id,
                inbound_email_id=inbound_email_id,
                name=file.name,
                type=file.type,
                size=file.size,
                sha256=sha256,
                inline=file.inline,
                content_id=file.content_id,
            )
        )
