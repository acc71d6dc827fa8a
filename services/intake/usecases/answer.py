"""A contact answers an idea: by mail as a draft, made official by the contact's own confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage, after_answer
from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store import sluices
from services.intake.store.tables import AnswerDraft, Contact, Idea, InboundEmail
from services.intake.usecases import official
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import note
from shared.clock import now
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.words import clean


@dataclass(frozen=True, slots=True)
class DraftView:
    """A drafted answer as its contact sees it before confirming."""

    id: UUID
    reference: str
    title: str
    idea_text: str
    sluice_name: str
    sluice_slug: str
    contact_id: UUID
    contact_name: str
    recipient: str | None
    text: str
    confirmed: bool


def draft(
    session: Session,
    announcer: Announcer,
    sluice: SluiceProfile,
    idea: Idea,
    contact: ContactPerson,
    mail: InboundEmail,
    *,
    text: str,
    message_id: str | None,
) -> AnswerDraft:
    """Keep what a contact wrote by mail, and ask that contact, at the address we know, to confirm it.

    The mail itself proves nothing about who wrote it, so the link goes to the contact and not to its sender.
    """
    mail.idea_id = idea.id
    drafted = AnswerDraft(
        id=new_id(),
        idea_id=idea.id,
        contact_id=contact.id,
        inbound_email_id=mail.id,
        text=clean(text),
        created_at=mail.received_at,
    )
    session.add(drafted)
    session.flush()
    note(
        session,
        idea,
        event="answer_drafted",
        at=mail.received_at,
        actor=contact.name,
        actor_kind="contact",
        text=drafted.text,
        public=False,
        inbound_email_id=mail.id,
    )
    announcer.answer_drafted(session, idea, sluice, contact, drafted, message_id)
    return drafted


def view_draft(session: Session, draft_id: UUID) -> DraftView:
    """The drafted answer with what its contact needs to see.

    :raises NotFound: there is no such draft, or whoever wrote it is no contact any more.
    """
    drafted, idea, contact = _load(session, draft_id)
    sluice = sluices.profile(session, idea.sluice_id)
    return DraftView(
        id=drafted.id,
        reference=idea.reference,
        title=idea.title,
        idea_text=idea.text,
        sluice_name=sluice.name,
        sluice_slug=sluice.slug,
        contact_id=contact.id,
        contact_name=contact.name,
        recipient=idea.submitter_address,
        text=drafted.text,
        confirmed=drafted.confirmed_at is not None,
    )


def confirm(session: Session, announcer: Announcer, draft_id: UUID, text: str) -> bool:
    """Make a drafted answer official, with the text as the contact left it; the submitter hears it.

    Returns False where it was confirmed before: pressing twice answers once.

    :raises NotFound: there is no such draft, or whoever wrote it is no contact any more.
    :raises Rejected: the text is empty.
    :raises Conflict: the idea is no longer theirs to answer.
    """
    drafted, idea, contact = _load(session, draft_id)
    if drafted.confirmed_at is not None:
        return False
    words = clean(text).strip()
    if not words:
        raise Rejected("text", "answer_is_empty")
    if idea.sluice_id != contact.sluice_id or idea.merged_into is not None:
        raise Conflict("the idea has been passed on or merged since")
    drafted.confirmed_at = now()
    drafted.text = words
    to = after_answer(Stage(idea.stage))
    official.give(session, announcer, idea, to=to, text=words, signed_by=contact.name, close_reason=idea.close_reason)
    return True


def _load(session: Session, draft_id: UUID) -> tuple[AnswerDraft, Idea, Contact]:
    row = session.execute(
        select(AnswerDraft, Idea, Contact)
        .join(Idea, Idea.id == AnswerDraft.idea_id)
        .join(Contact, Contact.id == AnswerDraft.contact_id)
        .where(AnswerDraft.id == draft_id, Contact.removed_at.is_(None))
        .with_for_update(of=(AnswerDraft, Idea))
    ).one_or_none()
    if row is None:
        raise NotFound("no such draft")
    return row[0], row[1], row[2]
