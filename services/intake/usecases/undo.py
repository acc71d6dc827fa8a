"""Undo what was decided about a mail: a contact knows better than a rule, and nothing was thrown away."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.store import sluices
from services.intake.store.tables import Attachment, Idea, InboundEmail, TimelineEntry
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import NewIdea, note, open_idea
from services.intake.usecases.sayings import say
from shared.clock import now
from shared.errors import Conflict, NotFound, Rejected
from shared.words import clean, one_line


def restore(session: Session, inbound_email_id: UUID, *, actor: str, reason: str) -> Idea:
    """Put back what was set apart (quoted text, signature) into the idea's or the addition's own text.

    Doing it twice changes nothing more.

    :raises NotFound: there is no such mail.
    :raises Conflict: the mail belongs to no idea.
    """
    mail = _mail(session, inbound_email_id)
    idea = _idea_of(session, mail)
    entry = session.scalar(
        select(TimelineEntry).where(
            TimelineEntry.inbound_email_id == mail.id,
            TimelineEntry.event.in_(("received", "added")),
        )
    )
    if entry is not None and entry.event == "added":
        apart = str(entry.facts.get("set_apart", ""))
        if apart:
            entry.text = f"{entry.text}\n\n{apart}".strip()
            entry.facts = {**entry.facts, "set_apart": ""}
    else:
        apart = idea.set_apart
        if apart:
            idea.text = f"{idea.text}\n\n{apart}".strip()
            idea.set_apart = ""
    if apart:
        _undone(session, mail, idea, "restored", actor, reason)
    return idea


def detach(session: Session, announcer: Announcer, inbound_email_id: UUID, *, actor: str, reason: str) -> Idea:
    """Make a mail an idea of its own: out of the idea it was added to, or where it was no idea at all.

    Its files go with it. Doing it twice gives the same idea.

    :raises NotFound: there is no such mail.
    :raises Conflict: the mail began the idea that it belongs to, or was never read.
    """
    mail = _mail(session, inbound_email_id)
    if mail.read_at is None:
        raise Conflict("the mail has not been read yet")
    if mail.duplicate_of is not None:
        raise Conflict("the mail is the same as one that is here already")
    former = session.get(Idea, mail.idea_id) if mail.idea_id else None
    if former is not None and _began(session, mail, former):
        if former.via == "email" and _was_detached(mail):
            return former
        raise Conflict("the mail began this idea")
    sluice = sluices.profile(session, mail.sluice_id)
    reading = mail.reading or {}
    address = _address(mail)
    vouched = bool(mail.vouched)
    idea = open_idea(
        session,
        announcer,
        sluice,
        NewIdea(
            title=reading.get("subject") or say("untitled", sluice.language),
            text=reading.get("text") or "",
            via="email",
            received_at=mail.received_at,
            language=reading.get("language") or sluice.language,
            kind=sluice.kind_of(address, vouched=vouched),
            submitter_name="",
            submitter_address=address,
            vouched=vouched,
            no_confirmation="it was set apart from another idea by a contact",
            set_apart="\n\n".join(filter(None, (reading.get("quoted"), reading.get("signature")))),
            inbound_email_id=mail.id,
            original_message_id=mail.message_id,
            facts={"detached_from": former.reference} if former else {},
        ),
    )
    for file in session.scalars(select(Attachment).where(Attachment.inbound_email_id == mail.id)):
        file.idea_id = idea.id
    mail.idea_id = idea.id
    mail.held = None
    _because(mail, f"detached by {actor}: {reason}")
    if former is not None:
        _note(session, mail, former, "detached", actor, reason, {"to": idea.reference})
    return idea


def split(
    session: Session,
    announcer: Announcer,
    inbound_email_id: UUID,
    *,
    title: str,
    text: str,
    actor: str,
    reason: str,
) -> Idea:
    """Make a second idea out of part of a mail that holds two; the first keeps its whole text.

    The same title and text split off twice give one idea.

    :raises NotFound: there is no such mail.
    :raises Rejected: title or text is empty.
    :raises Conflict: the mail belongs to no idea.
    """
    mail = _mail(session, inbound_email_id)
    first = _idea_of(session, mail)
    if not title.strip():
        raise Rejected("title", "title_is_empty")
    if not text.strip():
        raise Rejected("text", "text_is_empty")
    key = f"split:{mail.id}:{_hash_of(title, text)}"
    known = session.scalar(select(Idea).where(Idea.idempotency_key == key))
    if known is not None:
        return known
    sluice = sluices.profile(session, mail.sluice_id)
    second = open_idea(
        session,
        announcer,
        sluice,
        NewIdea(
            title=title,
            text=text,
            via="email",
            received_at=mail.received_at,
            language=first.language,
            kind=SubmitterKind(first.kind) if first.kind else None,
            submitter_name=first.submitter_name,
            submitter_address=first.submitter_address,
            vouched=first.vouched,
            original_message_id=mail.message_id,
            idempotency_key=key,
            facts={"split_from": first.reference},
        ),
    )
    _undone(session, mail, first, "split", actor, reason, {"to": second.reference})
    return second


def release(session: Session, announcer: Announcer, inbound_email_id: UUID, *, actor: str, reason: str) -> Idea:
    """Let go of a held mail: its idea counts from now on, and its sender is confirmed.

    Doing it twice changes nothing more.

    :raises NotFound: there is no such mail.
    :raises Conflict: the mail belongs to no idea.
    """
    mail = _mail(session, inbound_email_id)
    idea = _idea_of(session, mail)
    if idea.held is None:
        return idea
    idea.held = None
    mail.held = None
    _undone(session, mail, idea, "released", actor, reason)
    announcer.received(
        session,
        idea,
        sluices.profile(session, mail.sluice_id),
        no_confirmation=None,
        original_message_id=mail.message_id,
        to_contacts=False,
    )
    return idea


def _hash_of(*texts: str) -> str:
    """A short digest of some texts, for an idempotency key."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


def _mail(session: Session, inbound_email_id: UUID) -> InboundEmail:
    mail = session.get(InboundEmail, inbound_email_id, with_for_update=True)
    if mail is None:
        raise NotFound("no such inbound email")
    return mail


def _idea_of(session: Session, mail: InboundEmail) -> Idea:
    if mail.idea_id is None:
        raise Conflict("the mail belongs to no idea")
    return session.get_one(Idea, mail.idea_id, with_for_update=True)


def _began(session: Session, mail: InboundEmail, idea: Idea) -> bool:
    return (
        session.scalar(
            select(TimelineEntry.id).where(
                TimelineEntry.idea_id == idea.id,
                TimelineEntry.event == "received",
                TimelineEntry.inbound_email_id == mail.id,
            )
        )
        is not None
    )


def _was_detached(mail: InboundEmail) -> bool:
    return any(reason.startswith("detached by ") for reason in mail.reasons)


def _address(mail: InboundEmail) -> str | None:
    shown = (mail.reading or {}).get("sender") or mail.envelope_from
    return shown.rpartition("<")[2].rstrip(">") or None


def _undone(
    session: Session,
    mail: InboundEmail,
    idea: Idea,
    event: str,
    actor: str,
    reason: str,
    facts: dict[str, object] | None = None,
) -> None:
    _because(mail, f"{event} by {actor}: {reason}")
    _note(session, mail, idea, event, actor, reason, facts or {})


def _because(mail: InboundEmail, reason: str) -> None:
    mail.reasons = [*mail.reasons, one_line(reason, 500)]


def _note(
    session: Session,
    mail: InboundEmail,
    idea: Idea,
    event: str,
    actor: str,
    reason: str,
    facts: dict[str, object],
) -> None:
    note(
        session,
        idea,
        event=event,
        at=now(),
        actor=one_line(actor),
        actor_kind="contact",
        text=clean(reason),
        facts=facts,
        public=False,
        inbound_email_id=mail.id,
    )
    idea.version += 1
    idea.updated_at = now()
