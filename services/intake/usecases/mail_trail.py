"""A stored mail's trail: how it came, what was decided and why, what it became, and what of that can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store import queries
from services.intake.store.queries import InboundRow
from services.intake.store.tables import Attachment, Idea, InboundEmail, Sluice, TimelineEntry
from services.intake.usecases import undo
from services.intake.usecases.access import own_sluices
from services.intake.usecases.announce import Announcer
from shared.errors import NotFound, Rejected
from shared.viewer import Viewer

MAX_REASON = 500
MAX_TEXT = 50_000


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything about one stored mail."""

    row: InboundRow
    sluice_name: str
    idea: Idea | None
    began: bool
    """It began its idea, and was not added to one."""
    duplicate_of: UUID | None
    files: list[Attachment]
    acts: tuple[str, ...]
    """What can be undone now: ``release``, ``restore``, ``detach``, ``split``."""

    @property
    def reading(self) -> dict[str, Any]:
        """What was kept of reading it; empty while it waits."""
        return self.row.mail.reading or {}

    @property
    def sender_check(self) -> dict[str, Any]:
        """What was found out about its sender."""
        kept: dict[str, Any] = self.reading.get("sender_check") or {}
        return kept


def trail(session: Session, viewer: Viewer, inbound_email_id: UUID) -> Trail:
    """The mail's trail.

    :raises NotFound: there is no such mail, for them.
    """
    row = _seen(session, viewer, inbound_email_id)
    mail = row.mail
    idea = session.get(Idea, mail.idea_id) if mail.idea_id else None
    entry = session.scalar(
        select(TimelineEntry).where(
            TimelineEntry.inbound_email_id == mail.id, TimelineEntry.event.in_(("received", "added"))
        )
    )
    files = session.scalars(select(Attachment).where(Attachment.inbound_email_id == mail.id).order_by(Attachment.name))
    began = entry is not None and entry.event == "received"
    return Trail(
        row=row,
        sluice_name=session.get_one(Sluice, mail.sluice_id).name,
        idea=idea,
        began=began,
        duplicate_of=mail.duplicate_of,
        files=list(files),
        acts=tuple(act for act in _acts(mail, idea, entry, began=began) if _may(session, viewer, row, act)),
    )


def raw(session: Session, viewer: Viewer, inbound_email_id: UUID) -> bytes:
    """The mail's bytes as they came.

    :raises NotFound: there is no such mail, for them.
    """
    return queries.raw_mail(session, _seen(session, viewer, inbound_email_id).mail.id)


def undone(
    session: Session,
    announcer: Announcer,
    viewer: Viewer,
    inbound_email_id: UUID,
    act: str,
    *,
    reason: str,
    title: str = "",
    text: str = "",
) -> Idea:
    """Undo a decision about the mail, for a reason.

    :raises NotFound: there is no such mail, for them, or no such act; or its idea was passed on.
    :raises Rejected: the reason is missing or too long, or a part split off has no title or text.
    :raises Conflict: there is nothing of the kind to undo.
    """
    row = _seen(session, viewer, inbound_email_id)
    if not _may(session, viewer, row, act):
        raise NotFound("not theirs to undo")
    mail = row.mail
    reason = reason.strip()
    if not reason:
        raise Rejected(f"{act}-reason", "reason_is_empty")
    if len(reason) > MAX_REASON:
        raise Rejected(f"{act}-reason", "reason_is_too_long")
    if len(text) > MAX_TEXT:
        raise Rejected("text", "text_is_too_long")
    match act:
        case "restore":
            return undo.restore(session, mail.id, actor=viewer.address, reason=reason)
        case "detach":
            return undo.detach(session, announcer, mail.id, actor=viewer.address, reason=reason)
        case "release":
            return undo.release(session, announcer, mail.id, actor=viewer.address, reason=reason)
        case "split":
            return undo.split(session, announcer, mail.id, title=title, text=text, actor=viewer.address, reason=reason)
        case _:
            raise NotFound(f"no act {act}")


def _seen(session: Session, viewer: Viewer, inbound_email_id: UUID) -> InboundRow:
    """The mail, for those who answer for the sluice that it came to, or for the idea that it belongs to now."""
    row = queries.inbound(session, inbound_email_id)
    if not (viewer.answers_for(row.sluice) or _answers_for_idea(session, viewer, row.mail)):
        raise NotFound("no such inbound email")
    return row


def _may(session: Session, viewer: Viewer, row: InboundRow, act: str) -> bool:
    """True where that is theirs to undo: the idea must be, and the mail's sluice too where it gets a new idea."""
    owns_mail = viewer.answers_for(row.sluice)
    owns_idea = _answers_for_idea(session, viewer, row.mail) if row.mail.idea_id else owns_mail
    return owns_idea and (owns_mail or act == "restore")


def _answers_for_idea(session: Session, viewer: Viewer, mail: InboundEmail) -> bool:
    asked = select(Idea.id).join(Sluice, Sluice.id == Idea.sluice_id).where(Idea.id == mail.idea_id)
    return session.scalar(asked.where(own_sluices(viewer))) is not None


def _acts(mail: InboundEmail, idea: Idea | None, entry: TimelineEntry | None, *, began: bool) -> tuple[str, ...]:
    if mail.read_at is None or mail.duplicate_of is not None:
        return ()
    if idea is None:
        return ("detach",)
    apart = entry.facts.get("set_apart") if entry is not None and entry.event == "added" else idea.set_apart
    offered = {
        "release": idea.held is not None,
        "restore": bool(apart) and entry is not None,
        "detach": not began,
        "split": True,
    }
    return tuple(name for name, offers in offered.items() if offers)
