"""What pages and the API ask of ideas and received mail. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from services.intake.domain.retention import RemovedIdea
from services.intake.store import search
from services.intake.store.retention_tables import Removed
from services.intake.store.tables import (
    Attachment,
    Blob,
    Contact,
    Idea,
    IdeaMessage,
    InboundEmail,
    RawMail,
    Sluice,
    SluiceAddress,
    TimelineEntry,
)
from shared.errors import NotFound
from shared.web.paging import Position


@dataclass(frozen=True, slots=True)
class IdeaRow:
    """An idea and its sluice's slug."""

    idea: Idea
    sluice: str

    @property
    def position(self) -> Position:
        """Where it stands in a list, newest first."""
        return Position(self.idea.created_at, self.idea.id)


@dataclass(frozen=True, slots=True)
class InboundRow:
    """A received mail, its bytes' size and hash, its sluice's slug and its idea's reference."""

    mail: InboundEmail
    size: int
    sha256: bytes
    sluice: str
    idea: str | None

    @property
    def position(self) -> Position:
        """Where it stands in a list, newest first."""
        return Position(self.mail.received_at, self.mail.id)


@dataclass(frozen=True, slots=True)
class SluiceRow:
    """A sluice with its addresses (the primary first) and contacts."""

    sluice: Sluice
    addresses: Sequence[str]
    contacts: Sequence[Contact]

    @property
    def position(self) -> Position:
        """Where it stands in a list, oldest first."""
        return Position(self.sluice.created_at, self.sluice.id)


def find_ideas(
    session: Session,
    *,
    limit: int,
    after: Position | None = None,
    sluice: str | None = None,
    stage: str | None = None,
    kind: str | None = None,
    held: bool | None = None,
    submitter: str | None = None,
    registry: str | None = None,
    registry_number: str | None = None,
    q: str | None = None,
    since: datetime | None = None,
) -> list[IdeaRow]:
    """Ideas that fit every filter given, newest first; one more than ``limit`` where there are more.

    :param q: words; they are looked for among the newest that have them (see ``search.newest``).
    """
    wanted: list[ColumnElement[bool]] = []
    if sluice is not None:
        wanted.append(Sluice.slug == sluice)
    if stage is not None:
        wanted.append(Idea.stage == stage)
    if kind is not None:
        wanted.append(Idea.kind == kind)
    if held is not None:
        wanted.append(Idea.held.is_not(None) if held else Idea.held.is_(None))
    if submitter is not None:
        wanted.append(func.lower(Idea.submitter_address) == submitter.lower())
    if registry is not None:
        wanted.append(Idea.registry_state == registry)
    if registry_number is not None:
        wanted.append(func.lower(Idea.registry_number) == registry_number.lower())
    if q is not None:
        where = None if sluice is None else session.scalars(select(Sluice.id).where(Sluice.slug == sluice)).all()
        wanted.append(Idea.id.in_(search.newest(session, q, where)))
    if since is not None:
        wanted.append(Idea.created_at >= since)
    if after is not None:
        wanted.append(tuple_(Idea.created_at, Idea.id) < tuple_(after.at, after.id))
    asked = (
        select(Idea, Sluice.slug)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(*wanted)
        .order_by(Idea.created_at.desc(), Idea.id.desc())
        .limit(limit + 1)
    )
    return [IdeaRow(*row) for row in session.execute(asked)]


def idea_by_reference(session: Session, reference: str) -> IdeaRow:
    """The idea with that reference.

    :raises RemovedIdea: there was one, until a decision had it removed.
    :raises NotFound: there is none.
    """
    row = session.execute(
        select(Idea, Sluice.slug).join(Sluice, Sluice.id == Idea.sluice_id).where(Idea.reference == reference)
    ).one_or_none()
    if row is None:
        see_removed(session, reference)
        raise NotFound(f"idea {reference}")
    return IdeaRow(*row)


def see_removed(session: Session, reference: str) -> None:
    """Do nothing, unless there was an idea with that reference.

    :raises RemovedIdea: a decision had it removed.
    """
    gone = session.scalar(select(Removed).where(Removed.reference == reference))
    if gone is not None:
        raise RemovedIdea(gone.reference, gone.at, gone.decision)


def timeline(session: Session, idea_id: UUID, *, public_only: bool = False) -> Sequence[TimelineEntry]:
    """What happened to an idea, oldest first."""
    asked = select(TimelineEntry).where(TimelineEntry.idea_id == idea_id)
    if public_only:
        asked = asked.where(TimelineEntry.public)
    return session.scalars(asked.order_by(TimelineEntry.at, TimelineEntry.id)).all()


def messages(session: Session, idea_id: UUID, *, limit: int | None = None) -> Sequence[IdeaMessage]:
    """What became of the messages about an idea: what did not leave or arrive first, then newest first."""
    went_well = IdeaMessage.state.in_(("sent", "delivered", "cancelled"))
    return session.scalars(
        select(IdeaMessage)
        .where(IdeaMessage.idea_id == idea_id)
        .order_by(went_well, IdeaMessage.at.desc(), IdeaMessage.notification_id)
        .limit(limit)
    ).all()


def attachments(session: Session, idea_id: UUID) -> Sequence[Attachment]:
    """The files of an idea, in the order in which they came."""
    return session.scalars(
        select(Attachment)
        .outerjoin(InboundEmail, InboundEmail.id == Attachment.inbound_email_id)
        .where(Attachment.idea_id == idea_id)
        .order_by(InboundEmail.received_at, Attachment.name, Attachment.id)
    ).all()


def attachment(session: Session, attachment_id: str) -> tuple[Attachment, bytes]:
    """A file and its bytes.

    :raises NotFound: there is none with that id.
    """
    row = session.execute(
        select(Attachment, Blob.content)
        .join(Blob, Blob.sha256 == Attachment.sha256)
        .where(Attachment.id == attachment_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such attachment")
    return row[0], row[1]


def find_inbound(
    session: Session,
    *,
    limit: int,
    after: Position | None = None,
    sluice: str | None = None,
    kind: str | None = None,
    idea: str | None = None,
    message_id: str | None = None,
    sha256: str | None = None,
    held: bool | None = None,
) -> list[InboundRow]:
    """Received mails that fit every filter given, newest first; one more than ``limit`` where there are more."""
    wanted: list[ColumnElement[bool]] = []
    if sluice is not None:
        wanted.append(Sluice.slug == sluice)
    if kind is not None:
        wanted.append(InboundEmail.kind == kind)
    if idea is not None:
        wanted.append(Idea.reference == idea)
    if message_id is not None:
        bare = message_id.strip().strip("<>")
        wanted.append(InboundEmail.message_id.in_((bare, f"<{bare}>")))
    if sha256 is not None:
        wanted.append(RawMail.sha256 == bytes.fromhex(sha256))
    if held is not None:
        wanted.append(InboundEmail.held.is_not(None) if held else InboundEmail.held.is_(None))
    if after is not None:
        wanted.append(tuple_(InboundEmail.received_at, InboundEmail.id) < tuple_(after.at, after.id))
    asked = _inbound().where(*wanted).order_by(InboundEmail.received_at.desc(), InboundEmail.id.desc()).limit(limit + 1)
    return [InboundRow(*row) for row in session.execute(asked)]


def inbound(session: Session, inbound_email_id: UUID) -> InboundRow:
    """One received mail.

    :raises NotFound: there is none with that id.
    """
    row = session.execute(_inbound().where(InboundEmail.id == inbound_email_id)).one_or_none()
    if row is None:
        raise NotFound("no such inbound email")
    return InboundRow(*row)


def _inbound() -> Select[InboundEmail, int, bytes, str, str]:
    return (
        select(InboundEmail, RawMail.size, RawMail.sha256, Sluice.slug, Idea.reference)
        .join(RawMail, RawMail.id == InboundEmail.raw_id)
        .join(Sluice, Sluice.id == InboundEmail.sluice_id)
        .outerjoin(Idea, Idea.id == InboundEmail.idea_id)
    )


def raw_mail(session: Session, inbound_email_id: UUID) -> bytes:
    """The bytes of a received mail as they came.

    :raises NotFound: there is none with that id, or its bytes were removed by a decision.
    """
    raw = session.scalar(
        select(RawMail.raw)
        .join(InboundEmail, InboundEmail.raw_id == RawMail.id)
        .where(InboundEmail.id == inbound_email_id, InboundEmail.removed_at.is_(None), RawMail.removed_at.is_(None))
    )
    if raw is None:
        raise NotFound("no such inbound email")
    return raw


def find_sluices(session: Session, *, limit: int, after: Position | None = None) -> list[SluiceRow]:
    """All sluices, oldest first; one more than ``limit`` where there are more."""
    asked = select(Sluice).order_by(Sluice.created_at, Sluice.id).limit(limit + 1)
    if after is not None:
        asked = asked.where(tuple_(Sluice.created_at, Sluice.id) > tuple_(after.at, after.id))
    return _with_people(session, session.scalars(asked).all())


def sluice_by_slug(session: Session, slug: str) -> SluiceRow:
    """The sluice with that slug.

    :raises NotFound: there is none.
    """
    found = session.scalar(select(Sluice).where(Sluice.slug == slug))
    if found is None:
        raise NotFound(f"sluice {slug}")
    return _with_people(session, [found])[0]


def _with_people(session: Session, sluices: Sequence[Sluice]) -> list[SluiceRow]:
    ids = [sluice.id for sluice in sluices]
    addresses = session.scalars(
        select(SluiceAddress)
        .where(SluiceAddress.sluice_id.in_(ids))
        .order_by(SluiceAddress.is_primary.desc(), SluiceAddress.address)
    ).all()
    contacts = session.scalars(
        select(Contact)
        .where(Contact.sluice_id.in_(ids), Contact.role == "contact", Contact.removed_at.is_(None))
        .order_by(Contact.created_at, Contact.id)
    ).all()
    return [
        SluiceRow(
            sluice,
            [one.address for one in addresses if one.sluice_id == sluice.id],
            [one for one in contacts if one.sluice_id == sluice.id],
        )
        for sluice in sluices
    ]
