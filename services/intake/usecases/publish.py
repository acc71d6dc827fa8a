"""Put an idea on the public board in words that a contact has decided on, change them, and take it down again.

The idea's own title and text stay as they came. What the board shows stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.intake.domain.masking import Marked
from services.intake.domain.personal_data import MarkKind
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.receive import TITLE_LIMIT, note
from services.intake.usecases.sayings import say, spoken
from shared.clock import now
from shared.errors import Rejected
from shared.logs import get
from shared.viewer import Viewer
from shared.web.own_links import without_tokens
from shared.words import clean, one_line

log = get(__name__)

MAX_TEXT = 50_000
"""Characters of a text on the board."""


@dataclass(frozen=True, slots=True)
class Publishable:
    """An idea as it may be published."""

    reference: str
    version: int
    slug: str
    sluice_name: str
    board: bool
    """Has the sluice a board at all?"""
    title: Marked
    text: Marked
    is_cut: bool
    """The original is longer than the board's limit: here is its beginning."""
    published_at: datetime | None
    public_title: str | None
    public_text: str | None
    hindered: str | None
    """Why it may not be published now: ``held``, ``merged``, or None."""
    words: dict[MarkKind, str]
    """What stands instead of what is hidden."""


def look(session: Session, viewer: Viewer, reference: str) -> Publishable:
    """The idea as it came, without our own signed links, and what the board shows of it.

    :raises NotFound: there is none, for them to act on.
    """
    own = own_idea(session, viewer, reference)
    sluice = session.get_one(Sluice, own.sluice_id)
    text = without_tokens(own.text)
    language = spoken(own.language)
    return Publishable(
        reference=own.reference,
        version=own.version,
        slug=sluice.slug,
        sluice_name=sluice.name,
        board=sluice.board,
        title=Marked.of(without_tokens(own.title)),
        text=Marked.of(text[:MAX_TEXT]),
        is_cut=len(text) > MAX_TEXT,
        published_at=own.published_at,
        public_title=own.public_title,
        public_text=own.public_text,
        hindered=_hindered(own),
        words={kind: say(f"hidden.{kind}", language) for kind in MarkKind},
    )


def publish(session: Session, viewer: Viewer, reference: str, *, version: int, title: str, text: str) -> Idea:
    """Put the idea on its sluice's board in these words, or change the words there.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: title or text is empty or too long, or the idea is held or merged.
    """
    idea = own_idea(session, viewer, reference, version=version)
    title, text = one_line(without_tokens(title), MAX_TEXT), clean(without_tokens(text)).strip()
    if (hindered := _hindered(idea)) is not None:
        raise Rejected("idea", hindered)
    for field, fault in faults(title, text).items():
        raise Rejected(field, fault)
    event = "published" if idea.published_at is None else "publication_changed"
    _change(
        session,
        viewer,
        idea,
        event,
        {"public_title": title, "public_text": text, "published_at": idea.published_at or now()},
    )
    return idea


def faults(title: str, text: str) -> dict[str, str]:
    """What is wrong with the words, by field: ``empty`` or ``too_long``."""
    found = {}
    for name, words, limit in (("title", title, TITLE_LIMIT), ("text", text, MAX_TEXT)):
        if not words.strip() or len(words) > limit:
            found[name] = "too_long" if words.strip() else "empty"
    return found


def unpublish(session: Session, viewer: Viewer, reference: str, *, version: int) -> Idea:
    """Take the idea from the board; its words there are kept for next time. Doing it twice changes nothing more.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    """
    idea = own_idea(session, viewer, reference, version=version)
    if idea.published_at is not None:
        _change(session, viewer, idea, "unpublished", {"published_at": None})
    return idea


def _hindered(idea: Idea) -> str | None:
    if idea.held is not None:
        return "held"
    return "merged" if idea.merged_into is not None else None


def _change(session: Session, viewer: Viewer, idea: Idea, event: str, after: dict[str, Any]) -> None:
    """Set the fields, count the version, and keep what undoes it."""
    before = {name: getattr(idea, name) for name in after}
    if before == after:
        return
    for name, value in after.items():
        setattr(idea, name, value)
    moment = now()
    idea.version += 1
    idea.updated_at = moment
    acts.record(session, viewer, event, idea, before)
    note(
        session,
        idea,
        event=event,
        at=moment,
        actor=acts.name_of(session, viewer, idea.sluice_id),
        actor_kind="contact",
        public=event != "publication_changed",
    )
    log.info("idea_publication", idea_id=str(idea.id), act=event)
