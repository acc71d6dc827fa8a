"""What a submitter says and does about an idea of their own, through the signed follow link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage, SubmitterKind
from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.store import sluices
from services.intake.store.nameless import take_names
from services.intake.store.public_tables import Follower
from services.intake.store.shown_addresses import is_shown
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.receive import Addition, add_to_idea, note
from services.intake.usecases.sayings import say
from shared import logs
from shared.clock import now
from shared.db import hold
from shared.errors import Conflict, NotFound, Rejected
from shared.mail.addresses import canonical, is_sendable
from shared.web import links
from shared.words import clean, one_line

log = logs.get(__name__)

MAX_ADDED = 20_000
"""Characters of one addition."""


def state_kind(session: Session, reference: str, kind: SubmitterKind) -> Idea:
    """Record who the submitter is: employee, citizen … Saying the same again changes nothing.

    :raises NotFound: there is no such idea.
    """
    idea = _locked(session, reference)
    if idea.kind != kind.value:
        idea.kind = kind.value
        idea.updated_at = now()
        _noted(session, idea, "kind_stated", {"kind": kind.value})
    return idea


def add_words(
    session: Session, announcer: Announcer, reference: str, text: str, files: Sequence[ReceivedFile], key: str
) -> Idea:
    """Add text or files to one's idea; its contacts hear of it. Sent twice under one ``key``, it is added once.

    :raises NotFound: there is no such idea.
    :raises Rejected: there is neither text nor file, or too much text.
    """
    words = clean(text).strip()
    if not words and not files:
        raise Rejected("text", "follow.fault.nothing")
    if len(words) > MAX_ADDED:
        raise Rejected("text", "follow.fault.too_long")
    idea = _locked(session, reference)
    if key and _was_added(session, idea, key):
        return idea
    add_to_idea(
        session,
        announcer,
        sluices.profile(session, idea.sluice_id),
        idea,
        Addition(
            text=words,
            at=now(),
            author=_author(idea),
            author_kind="submitter",
            files=files,
            facts={"key": key[:64], "by": "follow link"},
        ),
    )
    idea.version += 1
    return idea


def ask_new_address(session: Session, announcer: Announcer, reference: str, address: str) -> None:
    """Send a link to the address: whoever opens it makes it the idea's. Asked often, it is one mail a day.

    :raises NotFound: there is no such idea.
    :raises Rejected: nobody can be written to at that address.
    """
    wanted = address.strip()
    if not is_sendable(wanted):
        raise Rejected("email", "follow.fault.address")
    idea = _locked(session, reference)
    ask_for_mail(
        session,
        announcer.settings,
        "verify",
        about=f"{idea.id}:{now():%Y-%m-%d}",
        to=Recipient("", wanted, idea.language),
        sluice=sluices.profile(session, idea.sluice_id),
        facts={"what": "address", "verify_url": links.new_address_url(announcer.settings, reference, wanted)},
        idea=idea,
        is_to_stranger=not is_shown(session, canonical(wanted)),
    )


def change_address(session: Session, reference: str, address: str) -> Idea:
    """Make a confirmed address that of the idea's submitter. Doing it twice changes nothing more.

    :raises NotFound: there is no such idea.
    :raises Conflict: the submitter's details were erased.
    """
    idea = _locked(session, reference)
    if idea.erased_at is not None:
        raise Conflict("the submitter's details were erased")
    if canonical(idea.submitter_address or "") != canonical(address):
        before, idea.submitter_address = idea.submitter_address, one_line(address)
        # They hold both the idea's link and the mailbox.
        idea.vouched = True
        idea.updated_at = now()
        facts: dict[str, object] = {"wrong": before or "", "right": idea.submitter_address}
        _noted(session, idea, "address_changed", facts, public=False)
        log.info("address_changed", idea_id=str(idea.id))
    return idea


def withdraw(session: Session, announcer: Announcer, reference: str, why: str) -> Idea:
    """Take one's idea back: it is closed and leaves the board, and its contacts hear of it. Twice is once.

    :raises NotFound: there is no such idea.
    """
    idea = _locked(session, reference)
    if idea.stage == Stage.CLOSED:
        return idea
    before = idea.stage
    idea.stage, idea.close_reason = Stage.CLOSED.value, say("withdrawn", idea.language)
    idea.published_at = None
    words = clean(why).strip()[:MAX_ADDED]
    entry = _noted(session, idea, "withdrawn", {"from": before, "to": idea.stage}, text=words)
    _tell_contacts(session, announcer, idea, entry, "withdrawn_notice")
    log.info("idea_withdrawn", idea_id=str(idea.id))
    return idea


def erase(session: Session, announcer: Announcer, reference: str) -> Idea:
    """Take the submitter's name and address from the idea, its timeline and its messages. Twice is once.

    It cannot be undone. The idea itself stays, and so do mails as they came: those are public records, which only the
    municipality's own decision removes. Its contacts hear that it was asked for.

    :raises NotFound: there is no such idea.
    """
    idea = _locked(session, reference)
    if idea.erased_at is not None:
        return idea
    take_name_away(session, announcer, idea)
    return idea


def take_name_away(session: Session, announcer: Announcer | None, idea: Idea) -> None:
    """The same for an idea whose row is held; with no announcer nobody hears of it."""
    moment = now()
    _follow_no_more(session, idea, moment)
    take_names(session, [idea.id], moment)
    session.refresh(idea)
    # Answers on the board may name them, and without the name we can no longer tell where.
    idea.published_at = None
    entry = _noted(session, idea, "erased", {})
    if announcer is not None:
        _tell_contacts(session, announcer, idea, entry, "erased_notice")
    log.info("submitter_erased", idea_id=str(idea.id))


def _follow_no_more(session: Session, idea: Idea, moment: datetime) -> None:
    """Let no more mails come of the idea that this one became part of; the support stays counted, without a name."""
    mine = canonical(idea.submitter_address or "")
    session.execute(
        update(Follower)
        .where(Follower.idea_id == idea.merged_into, Follower.address == mine, Follower.why == "merged")
        .values(name="", ended_at=moment)
    )


def _locked(session: Session, reference: str) -> Idea:
    idea = session.scalar(select(Idea).where(Idea.reference == reference).with_for_update())
    if idea is None:
        raise NotFound("no such idea")
    return idea


def _was_added(session: Session, idea: Idea, key: str) -> bool:
    hold(session, f"addition {idea.id} {key[:64]}")
    asked = select(TimelineEntry.id).where(
        TimelineEntry.idea_id == idea.id, TimelineEntry.event == "added", TimelineEntry.facts["key"].astext == key[:64]
    )
    return session.scalar(asked) is not None


def _author(idea: Idea) -> str:
    return idea.submitter_name or idea.submitter_address or ""


def _noted(
    session: Session, idea: Idea, event: str, facts: dict[str, object], *, text: str = "", public: bool = True
) -> TimelineEntry:
    idea.updated_at = now()
    idea.version += 1
    return note(
        session,
        idea,
        event=event,
        at=idea.updated_at,
        actor=_author(idea),
        actor_kind="submitter",
        text=text,
        facts=facts,
        public=public,
    )


def _tell_contacts(session: Session, announcer: Announcer, idea: Idea, entry: TimelineEntry, key: str) -> None:
    sluice = sluices.profile(session, idea.sluice_id)
    words = "\n\n".join(filter(None, (say(key, sluice.language), entry.text)))
    announcer.added_to(session, idea, sluice, entry_id=entry.id, author=entry.actor, text=words, files=[])
