"""What belongs in an idea's archive package. Bytes of mails and files are read in pieces, never whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import LargeBinary, Select, func, or_, select
from sqlalchemy.orm import Session

from services.intake.domain.retention import ENDED
from services.intake.store import queries
from services.intake.store.public_tables import Comment
from services.intake.store.tables import (
    Attachment,
    Blob,
    Idea,
    IdeaMessage,
    InboundEmail,
    RawMail,
    Sluice,
    TimelineEntry,
)
from services.intake.store.work_tables import IdeaTag, Tag
from shared.db import Database
from shared.errors import NotFound

PIECE: Final = 4 * 1024 * 1024
"""Bytes read at a time; the database unpacks the whole value for each, so smaller ones cost more than they save."""

_Part = Callable[[Any], Any]
_Asked = Callable[[_Part], Select[Any]]


@dataclass(frozen=True, slots=True)
class Mail:
    """A received mail of the idea: its envelope, and where its bytes lie."""

    mail: InboundEmail
    size: int
    sha256: bytes
    removed_at: datetime | None
    """When its bytes were removed by a decision."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """All that belongs to one idea, but bytes."""

    idea: Idea
    sluice: Sluice
    timeline: Sequence[TimelineEntry]
    mails: Sequence[Mail]
    files: Sequence[Attachment]
    messages: Sequence[IdeaMessage]
    comments: Sequence[Comment]
    tags: Sequence[str]
    joined: Sequence[str]
    into: str | None


def belongings(session: Session, idea: Idea) -> Belongings:
    """The idea with all that belongs to it; lists are in an order that the same state always gives."""
    timeline = queries.timeline(session, idea.id)
    said_of = {entry.inbound_email_id for entry in timeline if entry.inbound_email_id}
    mails = session.execute(
        select(InboundEmail, RawMail.size, RawMail.sha256, RawMail.removed_at)
        .join(RawMail, RawMail.id == InboundEmail.raw_id)
        .where(or_(InboundEmail.idea_id == idea.id, InboundEmail.id.in_(said_of)))
        .order_by(InboundEmail.received_at, InboundEmail.id)
    )
    return Belongings(
        idea,
        session.get_one(Sluice, idea.sluice_id),
        timeline,
        [Mail(*row) for row in mails],
        queries.attachments(session, idea.id),
        sorted(queries.messages(session, idea.id), key=lambda one: (one.at, one.notification_id)),
        session.scalars(
            select(Comment)
            .where(Comment.idea_id == idea.id, Comment.confirmed_at.is_not(None))
            .order_by(Comment.at, Comment.id)
        ).all(),
        session.scalars(
            select(Tag.name)
            .join(IdeaTag, IdeaTag.tag_id == Tag.id)
            .where(IdeaTag.idea_id == idea.id)
            .order_by(Tag.name)
        ).all(),
        session.scalars(select(Idea.reference).where(Idea.merged_into == idea.id).order_by(Idea.reference)).all(),
        session.scalar(select(Idea.reference).where(Idea.id == idea.merged_into)) if idea.merged_into else None,
    )


def settled_before(session: Session, slug: str, moment: datetime) -> Sequence[str]:
    """References of the sluice's ideas that are closed, implemented or merged, and untouched since ``moment``."""
    return session.scalars(
        select(Idea.reference)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(
            Sluice.slug == slug,
            Idea.updated_at < moment,
            or_(Idea.stage.in_(ENDED), Idea.merged_into.is_not(None)),
        )
        .order_by(Idea.created_at, Idea.id)
    ).all()


def mail_pieces(database: Database, raw_id: UUID, size: int) -> Iterator[bytes]:
    """A mail's bytes as they came.

    :raises NotFound: it is gone.
    """
    return _pieces(database, size, lambda part: select(part(RawMail.raw)).where(RawMail.id == raw_id))


def file_pieces(database: Database, sha256: bytes, size: int) -> Iterator[bytes]:
    """A file's bytes.

    :raises NotFound: it is gone.
    """
    return _pieces(database, size, lambda part: select(part(Blob.content)).where(Blob.sha256 == sha256))


def _pieces(database: Database, size: int, asked: _Asked) -> Iterator[bytes]:
    for offset in range(0, size, PIECE):

        def part(column: Any, start: int = offset + 1) -> Any:
            return func.substr(column, start, PIECE, type_=LargeBinary)

        # A transaction for each: a slow reader holds none open.
        with database.transaction() as session:
            piece = session.scalar(asked(part))
        if piece is None:
            raise NotFound("it has been removed meanwhile")
        yield piece
