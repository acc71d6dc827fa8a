"""Events as calendars subscribe to them: everything that everybody may know and that has a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.rsvp.domain.states import EventState
from services.rsvp.store.tables import Event, Sluice, Tour

KEPT = timedelta(days=400)
"""How long past events stay in a feed."""
MOST = 500
_PUBLIC = [state.value for state in EventState if state.is_public]


def of_all(session: Session, moment: datetime) -> Sequence[tuple[Event, Sluice]]:
    """Every public event with its municipality, by time."""
    return _found(session, moment)


def of_sluice(session: Session, slug: str, moment: datetime) -> Sequence[tuple[Event, Sluice]]:
    """One municipality's."""
    return _found(session, moment, Event.sluice_slug == slug)


def of_tour(session: Session, tour: Tour, moment: datetime) -> Sequence[tuple[Event, Sluice]]:
    """A tour's stops."""
    return _found(session, moment, Event.tour_id == tour.id)


def _found(session: Session, moment: datetime, *which: ColumnElement[bool]) -> Sequence[tuple[Event, Sluice]]:
    """A draft that was cancelled before anybody saw it is not told of."""
    rows = session.execute(
        select(Event, Sluice)
        .join(Sluice, Sluice.slug == Event.sluice_slug)
        .where(Event.state.in_(_PUBLIC), Event.published_at.is_not(None), Event.starts_at > moment - KEPT, *which)
        .order_by(Event.starts_at.desc(), Event.slug)
        .limit(MOST)
    )
    return [(event, sluice) for event, sluice in rows][::-1]
