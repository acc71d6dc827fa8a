"""Take in an idea, or something added to one: the one way in for mail, form and API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage, SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.store import arrivals, files
from services.intake.store.references import next_reference
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.store.work_tables import IdeaSluice
from services.intake.usecases.announce import Announcer
from shared import logs
from shared.clock import STOCKHOLM
from shared.ids import new_id
from shared.words import clean, one_line
from shared.working_days import answer_by

log = logs.get(__name__)

TITLE_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdea:
    """An idea on its way in."""

    title: str
    text: str
    via: str
    received_at: datetime
    language: str
    kind: SubmitterKind | None = None
    submitter_name: str = ""
    submitter_address: str | None = None
    vouched: bool = False
    held: str | None = None
    no_confirmation: str | None = None
    set_apart: str = ""
    html: str = ""
    files: Sequence[ReceivedFile] = ()
    inbound_email_id: UUID | None = None
    original_message_id: str | None = None
    notes: Sequence[str] = ()
    idempotency_key: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    """To the sluice's own questions, as ``shared.questions`` gives them."""
    consent: str | None = None
    facts: dict[str, object] = field(default_factory=dict)


def open_idea(session: Session, announcer: Announcer, sluice: SluiceProfile, new: NewIdea) -> Idea:
    """Store an idea with its reference, files and first timeline entry, and announce it.

    All in the caller's transaction: there is no idea without its announcement.
    """
    local_day = new.received_at.astimezone(STOCKHOLM).date()
    idea = Idea(
        id=new_id(),
        sluice_id=sluice.id,
        reference=str(next_reference(session, sluice.id, sluice.code, new.received_at)),
        title=one_line(new.title, TITLE_LIMIT),
        text=clean(new.text),
        set_apart=clean(new.set_apart),
        html=clean(new.html),
        stage=Stage.RECEIVED.value,
        kind=new.kind.value if new.kind else None,
        via=new.via,
        language=new.language,
        submitter_name=one_line(new.submitter_name),
        submitter_address=one_line(new.submitter_address) if new.submitter_address else None,
        vouched=new.vouched,
        held=new.held,
        answer_by=datetime.combine(answer_by(local_day, sluice.answer_days), time(12), tzinfo=STOCKHOLM),
        created_at=new.received_at,
        updated_at=new.received_at,
        idempotency_key=new.idempotency_key,
        answers=dict(new.answers),
        consent=new.consent,
        version=1,
        supporters=0,
        registry_state=sluice.registry_default,
    )
    first = TimelineEntry(
        id=new_id(),
        idea_id=idea.id,
        event="received",
        at=new.received_at,
        actor=idea.submitter_name or idea.submitter_address or "",
        actor_kind="submitter",
        text="",
        facts={"via": new.via, **new.facts},
        public=True,
        inbound_email_id=new.inbound_email_id,
    )
    arrivals.keep(session, idea, first)
    files.keep(session, idea.id, new.inbound_email_id, new.files)
    announcer.received(
        session,
        idea,
        sluice,
        no_confirmation=new.no_confirmation,
        original_message_id=new.original_message_id,
        notes=new.notes,
        files=[file.name for file in new.files],
    )
    log.info("idea_received", idea_id=str(idea.id), via=new.via, held=bool(new.held))
    return idea


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Something added to an idea, by whoever holds its reply address or follow link."""

    text: str
    at: datetime
    author: str
    author_kind: str
    """submitter, contact or other."""
    set_apart: str = ""
    files: Sequence[ReceivedFile] = ()
    inbound_email_id: UUID | None = None
    facts: dict[str, object] = field(default_factory=dict)
    tells: bool = True
    """Do its contacts hear of it by mail?"""
    public: bool = True
    """May the submitter see it?"""


def add_to_idea(
    session: Session, announcer: Announcer, sluice: SluiceProfile, idea: Idea, addition: Addition
) -> TimelineEntry:
    """Add text and files to an idea, and tell its contacts unless the addition says otherwise."""
    files.keep(session, idea.id, addition.inbound_email_id, addition.files)
    names = [file.name for file in addition.files]
    entry = note(
        session,
        idea,
        event="added",
        at=addition.at,
        actor=one_line(addition.author),
        actor_kind=addition.author_kind,
        text=clean(addition.text),
        facts={"set_apart": clean(addition.set_apart), "files": names, **addition.facts},
        public=addition.public,
        inbound_email_id=addition.inbound_email_id,
    )
    idea.updated_at = addition.at
    if addition.author_kind == "submitter":
        idea.asked_at = None
    if addition.tells:
        announcer.added_to(session, idea, sluice, entry_id=entry.id, author=entry.actor, text=entry.text, files=names)
    log.info("idea_added_to", idea_id=str(idea.id), by=addition.author_kind)
    return entry


def note(
    session: Session,
    idea: Idea,
    *,
    event: str,
    at: datetime,
    actor: str,
    actor_kind: str,
    text: str = "",
    facts: dict[str, object] | None = None,
    public: bool = True,
    inbound_email_id: UUID | None = None,
) -> TimelineEntry:
    """Write one thing that happened into an idea's timeline."""
    entry = TimelineEntry(
        id=new_id(),
        idea_id=idea.id,
        at=at,
        event=event,
        actor=actor,
        actor_kind=actor_kind,
        text=text,
        facts=facts or {},
        public=public,
        inbound_email_id=inbound_email_id,
    )
    session.add(entry)
    return entry


def idea_with_reference(session: Session, sluice_id: UUID, reference: str) -> Idea | None:
    """The idea with that reference that the sluice has, had before it was passed on, or shares; or None."""
    idea = session.scalar(select(Idea).where(Idea.reference == reference))
    return idea if idea is not None and is_known_to(session, idea, sluice_id) else None


def is_known_to(session: Session, idea: Idea, sluice_id: UUID) -> bool:
    """True for the sluice that has the idea, and for those that had it or share it: mail about it comes there too."""
    return idea.sluice_id == sluice_id or session.get(IdeaSluice, (idea.id, sluice_id)) is not None
