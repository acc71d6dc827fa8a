"""The idea workshop: ideas that those present write down, from their telephones to the wall and into the sluice.

An idea is kept here and told to intake (``idea.caught.v1``) in one transaction; its number in the sluice comes back.
One that looks like a program's waits for a person: kept, but neither on the wall nor sent on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.domain.caught import (
    MAX_THEMES,
    NAME_LIMIT,
    TEXT_LIMIT,
    THEME_LIMIT,
    CaughtLine,
    ThemeGroup,
    by_theme,
    themes_in,
    title_of,
)
from services.rsvp.domain.said import said
from services.rsvp.domain.states import EventState
from services.rsvp.store import sluices
from services.rsvp.store.day_tables import CaughtIdea
from services.rsvp.store.hits import HITS
from services.rsvp.store.tables import Event
from services.rsvp.usecases.history import note_change
from shared import logs
from shared.bus import outbox
from shared.contracts.registry import IDEA_CAUGHT
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import is_sendable
from shared.words import clean, one_line

log = logs.get(__name__)

USED_PROOF = "form-used-proof"


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody in the room sent."""

    text: str
    language: str
    theme: str = ""
    name: str = ""
    address: str = ""
    key: str | None = None
    """Names the form that was fetched: the same words from it are one idea, however often they are sent."""
    suspicion: str | None = None
    proof: tuple[str, datetime] | None = None
    """A solved task, good for one idea, and when it expires."""


def open_to_catch(session: Session, slug: str, code: str) -> Event:
    """The event whose workshop has that code, open or closed.

    :raises NotFound: there is none, or it is no longer on.
    """
    event = session.scalar(select(Event).where(Event.slug == slug, Event.workshop_code == code))
    if event is None or event.state not in (EventState.PUBLISHED.value, EventState.HELD.value):
        raise NotFound(f"workshop of {slug}")
    return event


def faults(written: Written) -> dict[str, str]:
    """What is wrong with it, by field; nothing where it can be taken."""
    found = {}
    if not clean(written.text).strip():
        found["text"] = "missing"
    elif len(written.text) > TEXT_LIMIT:
        found["text"] = "too_long"
    if written.address.strip() and not is_sendable(written.address.strip()):
        found["address"] = "wrong"
    return found


def catch_idea(session: Session, event: Event, written: Written, *, moment: datetime) -> CaughtIdea:
    """Keep an idea from the room, and send it on unless a person must look first.

    :raises Rejected: a field is wrong (see ``faults``), or ``workshop`` is ``closed``.
    """
    if not event.workshop_open:
        raise Rejected("workshop", "closed")
    for field, fault in faults(written).items():
        raise Rejected(field, fault)
    held = written.suspicion
    text = clean(written.text).strip()
    key = _key(event, written, text)
    known = session.scalar(select(CaughtIdea).where(CaughtIdea.key == key))
    if known is not None:
        return known
    if held is None and written.proof is not None and not HITS.spend(session, *written.proof):
        held = USED_PROOF
    made: CaughtIdea | None = session.scalar(
        insert(CaughtIdea)
        .values(
            id=new_id(),
            event_id=event.id,
            key=key,
            title=title_of(text),
            text=text,
            theme=written.theme if written.theme in event.themes else "",
            name=one_line(written.name, NAME_LIMIT),
            address=written.address.strip() or None,
            language=written.language,
            held=held,
            at=moment,
        )
        .on_conflict_do_nothing()
        .returning(CaughtIdea)
    )
    if made is None:  # the same form, sent a moment ago in another transaction
        return session.scalars(select(CaughtIdea).where(CaughtIdea.key == key)).one()
    if held is None:
        _send_on(session, event, made)
    log.info("idea_caught", caught_id=str(made.id), held=held or "")
    return made


def keep_reference(session: Session, told: Mapping[str, Any]) -> None:
    """Handle ``idea.caught_kept.v1``: the idea has its number in the sluice, and who wrote it is known there alone."""
    session.execute(
        update(CaughtIdea)
        .where(CaughtIdea.id == told["caught_id"])
        .values(reference=told["reference"], name="", address=None)
    )


def set_open(session: Session, event: Event, *, is_open: bool, actor: str, moment: datetime) -> None:
    """Open or close the workshop.

    :param event: held by the caller (``access.own_event``).
    :raises Rejected: the event is not published: nobody could come to its page.
    """
    if is_open and event.state not in (EventState.PUBLISHED.value, EventState.HELD.value):
        raise Rejected("workshop", "unpublished")
    if event.workshop_open == is_open:
        return
    event.workshop_open = is_open
    what = "workshop.opened" if is_open else "workshop.closed"
    note_change(session, what, actor=actor, moment=moment, event_id=event.id)


def set_themes(session: Session, event: Event, text: str, *, actor: str, moment: datetime) -> None:
    """Set the themes, one a line. Ideas of a theme that goes stand among those without one.

    :raises Rejected: there are too many, or one is too long.
    """
    themes = themes_in(text)
    if len(themes) > MAX_THEMES:
        raise Rejected("themes", "too_many")
    if any(len(theme) > THEME_LIMIT for theme in themes):
        raise Rejected("themes", "too_long")
    if themes == event.themes:
        return
    before, event.themes = event.themes, themes
    note_change(session, "workshop.themes", actor=actor, moment=moment, event_id=event.id, before=before, after=themes)


def arrange(session: Session, event: Event, caught_id: UUID, *, theme: str | None, hidden: bool | None) -> None:
    """Put an idea under another theme, or take it off the wall and back.

    :raises NotFound: there is none such at that event.
    """
    idea = _own(session, event, caught_id)
    if theme is not None:
        idea.theme = theme if theme in event.themes else ""
    if hidden is not None:
        idea.is_hidden = hidden


def release(session: Session, event: Event, caught_id: UUID) -> None:
    """Let an idea that waited for a person onto the wall and on to the sluice. Twice changes nothing more.

    :raises NotFound: there is none such at that event.
    """
    idea = _own(session, event, caught_id, locked=True)
    if idea.held is not None:
        idea.held = None
        _send_on(session, event, idea)


def discard(session: Session, event: Event, caught_id: UUID) -> None:
    """Throw away what a person has seen to be junk.

    :raises NotFound: there is none such at that event.
    :raises Conflict: it has been sent on meanwhile: there it is to be dealt with.
    """
    idea = _own(session, event, caught_id, locked=True)
    if idea.held is None:
        raise Conflict("the idea has been released meanwhile")
    session.delete(idea)


def caught(session: Session, event: Event) -> Sequence[CaughtIdea]:
    """Everything that was caught at an event, the newest first."""
    return session.scalars(
        select(CaughtIdea).where(CaughtIdea.event_id == event.id).order_by(CaughtIdea.at.desc(), CaughtIdea.id.desc())
    ).all()


def on_the_wall(session: Session, event: Event) -> list[ThemeGroup]:
    """What the wall shows, by theme, the newest first in each."""
    return by_theme(_lines(caught(session, event)), event.themes, with_empty=True)


def caught_for_summary(session: Session, event: Event) -> list[ThemeGroup]:
    """The ideas that a summary begins with, by theme, in the order in which they were caught."""
    return by_theme(reversed(_lines(caught(session, event))), event.themes)


def _lines(ideas: Sequence[CaughtIdea]) -> list[CaughtLine]:
    return [
        CaughtLine(str(idea.id), idea.title, idea.text, idea.theme, idea.reference)
        for idea in ideas
        if not idea.is_hidden and idea.held is None
    ]


def _own(session: Session, event: Event, caught_id: UUID, *, locked: bool = False) -> CaughtIdea:
    wanted = select(CaughtIdea).where(CaughtIdea.id == caught_id, CaughtIdea.event_id == event.id)
    idea = session.scalar(wanted.with_for_update() if locked else wanted)
    if idea is None:
        raise NotFound("caught idea")
    return idea


def _send_on(session: Session, event: Event, idea: CaughtIdea) -> None:
    language = sluices.find(session, event.sluice_slug).language
    outbox.put(
        session,
        IDEA_CAUGHT,
        {
            "caught_id": idea.id,
            "sluice": event.sluice_slug,
            "event": event.slug,
            "event_title": said(event.title, language),
            "title": idea.title,
            "text": idea.text,
            "theme": idea.theme,
            "name": idea.name,
            "address": idea.address,
            "language": idea.language,
            "at": idea.at,
        },
    )


def _key(event: Event, written: Written, text: str) -> str:
    """Somebody who goes back and writes something else has written another idea."""
    words = hashlib.sha256(f"{written.theme}\0{text}".encode()).hexdigest()[:32]
    return f"{event.id}:{written.key}:{words}" if written.key else f"{event.id}:{new_id()}"
