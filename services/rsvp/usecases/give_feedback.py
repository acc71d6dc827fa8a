"""Say what one thought of an event: once for each guest, and to be changed until names are forgotten."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.domain.opinion import RATINGS, TEXT_LIMIT
from services.rsvp.domain.states import EventState
from services.rsvp.store import events, guests
from services.rsvp.store.day_tables import Feedback
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from shared.errors import NotFound, Rejected
from shared.words import clean


def asked(session: Session, guest_id: UUID) -> tuple[Guest, Event, Feedback | None]:
    """Whose opinion it is, of what, and what they said before.

    :raises NotFound: there is no such guest (any more).
    """
    guest = guests.by_id(session, guest_id)
    if guest.anonymised_at is not None:
        raise NotFound("the guest is nobody any more")
    return guest, events.by_id(session, guest.event_id), session.get(Feedback, guest_id)


def why_closed(event: Event, moment: datetime) -> str | None:
    """Why nobody can say anything of it: ``cancelled`` or ``early``; None where they can."""
    if event.state == EventState.CANCELLED:
        return "cancelled"
    return "early" if event.starts_at is None or event.starts_at > moment else None


def give_feedback(session: Session, guest_id: UUID, *, rating: int | None, text: str, moment: datetime) -> None:
    """Keep a guest's opinion; it takes the place of what they said before.

    :raises NotFound: there is no such guest (any more).
    :raises Rejected: ``rating`` is ``missing``, ``text`` is ``too_long``, or ``event`` is ``cancelled`` or ``early``.
    """
    guest, event, _ = asked(session, guest_id)
    if (fault := why_closed(event, moment)) is not None:
        raise Rejected("event", fault)
    if rating not in RATINGS:
        raise Rejected("rating", "missing")
    text = clean(text).strip()
    if len(text) > TEXT_LIMIT:
        raise Rejected("text", "too_long")
    said = {"rating": rating, "text": text, "at": moment}
    statement = insert(Feedback).values(guest_id=guest.id, event_id=event.id, **said)
    session.execute(statement.on_conflict_do_update(index_elements=[Feedback.guest_id], set_=said))
