"""An event's guests on their way into a file: some at a time, each time scoped to what the viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.rsvp.store import guest_desk
from services.rsvp.store.guest_tables import Guest
from services.rsvp.usecases.access import seen_event
from services.rsvp.usecases.history import note_change
from shared.questions import load
from shared.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is written into a file."""

    title: dict[str, str]
    questions: Sequence[tuple[str, str]]
    """Id and wording: one column each, also for those that are asked no more and were answered."""


def begin(session: Session, viewer: Viewer, slug: str, *, form: str, language: str, moment: datetime) -> Wanted:
    """Note in the event's history that somebody took its guests out, and say which columns there are.

    :raises NotFound: there is no such event, for them.
    """
    event = seen_event(session, viewer, slug)
    columns = {question.id: question.label_in(language) for question in load(event.questions)}
    for identity, wording in guest_desk.answer_columns(session, event.id):
        columns.setdefault(identity, wording)
    note_change(session, "event.guests_exported", actor=viewer.address, moment=moment, event_id=event.id, after=form)
    return Wanted(event.title, list(columns.items()))


def portion(session: Session, viewer: Viewer, slug: str, after: UUID | None) -> Sequence[Guest]:
    """The next guests; empty at the end.

    :raises NotFound: there is no such event, for them (any more).
    """
    return guest_desk.every(session, seen_event(session, viewer, slug).id, after)
