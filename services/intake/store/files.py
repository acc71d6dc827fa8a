"""Keep the files that came with a mail: bytes once by their hash, and a random id for the download."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.store.tables import Attachment, Blob
from shared.ids import new_secret_id


def keep(session: Session, idea_id: UUID, inbound_email_id: UUID | None, files: Sequence[ReceivedFile]) -> None:
    """Store the files and tie them to an idea."""
    for file in files:
        sha256 = bytes.fromhex(file.sha256)
        _keep_bytes(session, sha256, file.content)
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


def _keep_bytes(session: Session, sha256: bytes, content: bytes) -> None:
    """Store bytes once and hold them until this transaction ends: retention may be about to remove the same."""
    held = select(Blob.sha256).where(Blob.sha256 == sha256).with_for_update(read=True, key_share=True)
    while True:
        session.execute(insert(Blob).values(sha256=sha256, content=content).on_conflict_do_nothing())
        if session.scalar(held) is not None:
            return
