"""What rules of retention reach, and its removal. Every row is looked at again, locked, before it goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from services.intake.domain.registry import RegistryState
from services.intake.domain.retention import ENDED, Rule
from services.intake.store.nameless import take_names
from services.intake.store.public_tables import Follower
from services.intake.store.retention_tables import Removed
from services.intake.store.tables import (
    AnswerDraft,
    Attachment,
    Blob,
    Idea,
    InboundEmail,
    MailIdentity,
    RawMail,
    TimelineEntry,
)


@dataclass(frozen=True, slots=True)
class Gone:
    """Ideas that a portion removed or made nameless, by reference: for whoever else holds something of them."""

    count: int
    references: Sequence[str] = ()


def due(rule: Rule, sluice_id: UUID, before: datetime) -> Select[Any, datetime, str]:
    """Id, since when, and reference or Message-ID of what the rule reaches, the oldest first.

    :param before: what ended, or came, at this moment or earlier. An idea has ended when nothing more has happened.
    """
    match rule:
        case Rule.IDEAS:
            wanted = _of_ideas(Idea.id, sluice_id, before, (ENDED[0],)).where(*_stands_alone())
        case Rule.IMPLEMENTED:
            wanted = _of_ideas(Idea.id, sluice_id, before, (ENDED[1],)).where(*_stands_alone())
        case Rule.NAMES:
            has_name = or_(Idea.submitter_name != "", Idea.submitter_address.is_not(None))
            wanted = _of_ideas(Idea.id, sluice_id, before).where(has_name)
        case Rule.MAILS:
            wanted = (
                _of_ideas(InboundEmail.id, sluice_id, before)
                .join(InboundEmail, InboundEmail.idea_id == Idea.id)
                .where(InboundEmail.removed_at.is_(None))
            )
        case Rule.STRAYS:
            return (
                select(InboundEmail.id, InboundEmail.received_at, func.coalesce(InboundEmail.message_id, ""))
                .where(
                    InboundEmail.sluice_id == sluice_id,
                    InboundEmail.idea_id.is_(None),
                    InboundEmail.removed_at.is_(None),
                    # What waits to be read may yet become an idea.
                    InboundEmail.read_at.is_not(None),
                    InboundEmail.received_at <= before,
                )
                .order_by(InboundEmail.received_at, InboundEmail.id)
            )
        case Rule.FILES:
            wanted = _of_ideas(Attachment.id, sluice_id, before).join(Attachment, Attachment.idea_id == Idea.id)
        case Rule.DRAFTS:
            wanted = _of_ideas(AnswerDraft.id, sluice_id, before).join(AnswerDraft, AnswerDraft.idea_id == Idea.id)
        case Rule.FOLLOWERS:
            wanted = _of_ideas(Follower.id, sluice_id, before).join(Follower, Follower.idea_id == Idea.id)
    return wanted


def remove(
    session: Session,
    rule: Rule,
    sluice_id: UUID,
    before: datetime,
    ids: Sequence[Any],
    *,
    moment: datetime,
    decision: str,
    job_id: UUID,
) -> Gone:
    """Remove those of ``ids`` that the rule still reaches and that nobody is at; what is left out comes next time."""
    table = _TABLES[rule]
    still = due(rule, sluice_id, before).where(table.id.in_(ids))
    # The idea too: somebody may be about to keep it, or to take it up again.
    held = [table] if rule is Rule.STRAYS or table is Idea else [table, Idea]
    found: Sequence[Any] = session.scalars(still.with_for_update(skip_locked=True, of=held)).all()
    if not found:
        return Gone(0)
    match rule:
        case Rule.IDEAS | Rule.IMPLEMENTED:
            return Gone(len(found), remove_ideas(session, found, moment=moment, decision=decision, job_id=job_id))
        case Rule.NAMES:
            take_names(session, found, moment)
            references = session.scalars(select(Idea.reference).where(Idea.id.in_(found))).all()
            return Gone(len(found), references)
        case Rule.MAILS | Rule.STRAYS:
            empty_mails(session, found, moment)
        case Rule.FILES:
            remove_files(session, Attachment.id.in_(found))
        case Rule.DRAFTS | Rule.FOLLOWERS:
            session.execute(delete(table).where(table.id.in_(found)))
    return Gone(len(found))


def key_of(rule: Rule) -> Any:
    """The column of ids that ``due`` gives."""
    return _TABLES[rule].id


def _of_ideas(
    key: Any, sluice_id: UUID, before: datetime, stages: Collection[str] = ENDED
) -> Select[Any, datetime, str]:
    later = exists().where(TimelineEntry.idea_id == Idea.id, TimelineEntry.at > before)
    return (
        select(key, Idea.updated_at, Idea.reference)
        .select_from(Idea)
        .where(
            Idea.sluice_id == sluice_id,
            # Written out, so that the partial index on ended ideas serves.
            Idea.stage.in_([literal(str(stage), literal_execute=True) for stage in stages]),
            Idea.updated_at <= before,
            ~later,
            may_go(),
        )
        .order_by(Idea.updated_at, Idea.id)
    )


def may_go() -> ColumnElement[bool]:
    """Nobody keeps it, and the register lets it go: as ``domain.registry.may_be_removed`` has it."""
    return and_(
        Idea.kept.is_(None),
        Idea.registry_state != RegistryState.TO_REGISTER.value,
        or_(Idea.registry_state != RegistryState.REGISTERED.value, Idea.archived_at.is_not(None)),
    )


def _stands_alone() -> tuple[ColumnElement[bool], ...]:
    """On no board, part of nothing that goes on, and with no part that is still here."""
    whole, part = aliased(Idea), aliased(Idea)
    goes_on = exists().where(whole.id == Idea.merged_into, whole.stage.not_in([stage.value for stage in ENDED]))
    return Idea.published_at.is_(None), ~goes_on, ~exists().where(part.merged_into == Idea.id)


def remove_ideas(
    session: Session, ids: Sequence[UUID], *, moment: datetime, decision: str, job_id: UUID
) -> Sequence[str]:
    """Remove these ideas whole, whose rows are held, and leave that there were such; their references."""
    whole = session.execute(select(Idea.id, Idea.reference, Idea.sluice_id).where(Idea.id.in_(ids))).all()
    own = select(InboundEmail.id).where(InboundEmail.idea_id.in_(ids))
    mails = session.scalars(
        select(InboundEmail.id).where(or_(InboundEmail.idea_id.in_(ids), InboundEmail.duplicate_of.in_(own)))
    ).all()
    empty_mails(session, mails, moment)
    session.execute(update(InboundEmail).where(InboundEmail.idea_id.in_(ids)).values(idea_id=None))
    remove_files(session, Attachment.idea_id.in_(ids))
    session.execute(_FORGET_ACTS, {"ids": [str(one) for one in ids]})
    session.execute(delete(Idea).where(Idea.id.in_(ids)))
    session.execute(
        insert(Removed),
        [
            {
                "idea_id": row.id,
                "reference": row.reference,
                "sluice_id": row.sluice_id,
                "at": moment,
                "decision": decision,
                "job_id": job_id,
            }
            for row in whole
        ],
    )
    return [row.reference for row in whole]


_FORGET_ACTS = text("""
    UPDATE intake.act
       SET changes = (SELECT coalesce(jsonb_agg(change), '[]') FROM jsonb_array_elements(changes) AS change
                       WHERE change ->> 'idea' <> ALL (:ids))
     WHERE EXISTS (SELECT FROM jsonb_array_elements(changes) AS change WHERE change ->> 'idea' = ANY (:ids))
""")
"""What an act would undo on these ideas: it holds fields as they were."""


def empty_mails(session: Session, ids: Collection[UUID], moment: datetime) -> None:
    """Keep that they came, when, to which address, by which protocol, and their hash; nothing of what they said."""
    if not ids:
        return
    session.execute(
        update(InboundEmail)
        .where(InboundEmail.id.in_(ids))
        .values(envelope_from="", peer_ip="", helo="", message_id=None, reasons=[], reading=None, removed_at=moment)
    )
    session.execute(delete(MailIdentity).where(MailIdentity.inbound_email_id.in_(ids)))
    # One mail to several sluices is stored once: its bytes go with the last that allows it. Locked first, so that two
    # sluices' runs at once see each other.
    raws = select(InboundEmail.raw_id).where(InboundEmail.id.in_(ids))
    locked = session.scalars(
        select(RawMail.id).where(RawMail.id.in_(raws)).order_by(RawMail.id).with_for_update()
    ).all()
    needed = exists().where(InboundEmail.raw_id == RawMail.id, InboundEmail.removed_at.is_(None))
    session.execute(update(RawMail).where(RawMail.id.in_(locked), ~needed).values(raw=b"", removed_at=moment))


def remove_files(session: Session, which: ColumnElement[bool]) -> None:
    """Bytes that several files share go with the last of them."""
    hashes = set(session.scalars(delete(Attachment).where(which).returning(Attachment.sha256)).all())
    if not hashes:
        return
    locked = session.scalars(
        select(Blob.sha256).where(Blob.sha256.in_(hashes)).order_by(Blob.sha256).with_for_update()
    ).all()
    used = exists().where(Attachment.sha256 == Blob.sha256)
    session.execute(delete(Blob).where(Blob.sha256.in_(locked), ~used))


_TABLES: dict[Rule, Any] = {
    Rule.IDEAS: Idea,
    Rule.IMPLEMENTED: Idea,
    Rule.NAMES: Idea,
    Rule.MAILS: InboundEmail,
    Rule.STRAYS: InboundEmail,
    Rule.FILES: Attachment,
    Rule.DRAFTS: AnswerDraft,
    Rule.FOLLOWERS: Follower,
}
