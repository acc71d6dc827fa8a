"""Tell other services of an event as everybody may know it now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.rsvp.domain.states import EventState
from services.rsvp.store import events
from services.rsvp.store.tables import Event
from shared.bus import outbox
from shared.contracts.registry import EVENT_CHANGED


def announce_event(session: Session, event: Event, moment: datetime) -> None:
    """Put ``event.changed.v1``; the caller holds the event's row.

    What is not public is told as a draft without words.
    """
    is_public = EventState(event.state).is_public
    tour = events.tour_of(session, event)
    outbox.put(
        session,
        EVENT_CHANGED,
        {
            "id": event.id,
            "slug": event.slug,
            "sluice": event.sluice_slug,
            "tour": tour.slug if tour is not None else None,
            "state": event.state if is_public else EventState.DRAFT.value,
            "title": event.title if is_public else {},
            "place": event.place if is_public else "",
            "starts_at": event.starts_at if is_public else None,
            "ends_at": event.ends_at if is_public else None,
            "version": event.version,
            "at": moment,
        },
    )
