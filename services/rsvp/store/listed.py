"""Lists of events and tours in pages, newest first, as the API gives them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from services.rsvp.store.tables import Event, Tour
from shared.web.paging import Position


def find_events(
    session: Session,
    *,
    after: Position | None,
    limit: int,
    sluice: str | None = None,
    tour: str | None = None,
    state: str | None = None,
) -> Sequence[Event]:
    """Events after that position, one more than ``limit`` where there is a next page."""
    wanted = select(Event).order_by(Event.created_at.desc(), Event.id.desc()).limit(limit + 1)
    if sluice is not None:
        wanted = wanted.where(Event.sluice_slug == sluice)
    if tour is not None:
        wanted = wanted.join(Tour, Tour.id == Event.tour_id).where(Tour.slug == tour)
    if state is not None:
        wanted = wanted.where(Event.state == state)
    if after is not None:
        wanted = wanted.where(tuple_(Event.created_at, Event.id) < (after.at, after.id))
    return session.scalars(wanted).all()


def find_tours(session: Session, *, after: Position | None, limit: int) -> Sequence[Tour]:
    """Tours after that position, one more than ``limit`` where there is a next page."""
    wanted = select(Tour).order_by(Tour.created_at.desc(), Tour.id.desc()).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(tuple_(Tour.created_at, Tour.id) < (after.at, after.id))
    return session.scalars(wanted).all()
