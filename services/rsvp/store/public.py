"""What everybody may see of events and tours: never a guest, only how many seats are taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from services.rsvp.domain.states import EventState, GuestState
from services.rsvp.store.day_tables import Summary
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event, Sluice, Tour, Words
from shared.errors import NotFound

MOST_PAST = 60
"""Past events on the page of all."""
_PUBLIC = [state.value for state in EventState if state.is_public]


@dataclass(frozen=True, slots=True)
class Seats:
    """How full an event is."""

    capacity: int | None
    taken: int = 0
    """People who come, or whose seats are kept for them."""
    waiting: int = 0
    """Replies on the waiting list."""
    waiting_people: int = 0

    @property
    def left(self) -> int | None:
        """Seats that nobody has; None where there is room for all."""
        return None if self.capacity is None else max(0, self.capacity - self.taken)

    @property
    def is_full(self) -> bool:
        """True where whoever answers now waits."""
        return self.left is not None and (self.left == 0 or self.waiting > 0)


@dataclass(frozen=True, slots=True)
class Card:
    """An event in a list."""

    event: Event
    sluice: Sluice
    tour: Tour | None
    seats: Seats
    has_summary: bool


def event_by_slug(session: Session, slug: str) -> Event:
    """An event that everybody may see.

    :raises NotFound: there is none, or it is a draft: nobody learns which.
    """
    found = session.scalar(select(Event).where(Event.slug == slug, Event.state.in_(_PUBLIC)))
    if found is None:
        raise NotFound(f"event {slug}")
    return found


def tour_by_slug(session: Session, slug: str) -> Tour:
    """A tour with a stop that everybody may see.

    :raises NotFound: there is none.
    """
    seen = select(Event.id).where(Event.tour_id == Tour.id, Event.state.in_(_PUBLIC)).exists()
    found = session.scalar(select(Tour).where(Tour.slug == slug, seen))
    if found is None:
        raise NotFound(f"tour {slug}")
    return found


def coming(session: Session, moment: datetime, *, sluice: str | None = None) -> list[Card]:
    """What has not ended, the next first; cancelled ones too, so that nobody travels in vain."""
    shown = Event.state.in_([EventState.PUBLISHED.value, EventState.CANCELLED.value])
    wanted = select(Event).where(shown, Event.ends_at > moment)
    return _cards(session, _of(session, wanted.order_by(Event.starts_at, Event.slug), sluice))


def past(session: Session, moment: datetime, *, sluice: str | None = None) -> list[Card]:
    """What has taken place, the newest first."""
    held = or_(
        Event.state == EventState.HELD.value,
        and_(Event.state == EventState.PUBLISHED.value, Event.ends_at <= moment),
    )
    wanted = select(Event).where(held).order_by(Event.starts_at.desc(), Event.slug).limit(MOST_PAST)
    return _cards(session, _of(session, wanted, sluice))


def stops(session: Session, tour: Tour) -> list[Card]:
    """A tour's stops that everybody may see, in their order."""
    wanted = select(Event).where(Event.tour_id == tour.id, Event.state.in_(_PUBLIC))
    return _cards(session, session.scalars(wanted.order_by(Event.position, Event.slug)).all())


def hosts(session: Session) -> Sequence[Sluice]:
    """Municipalities that have or had an event that everybody may see, by name."""
    has = select(Event.id).where(Event.sluice_slug == Sluice.slug, Event.state.in_(_PUBLIC)).exists()
    return session.scalars(select(Sluice).where(has).order_by(Sluice.name)).all()


def seats(session: Session, event: Event) -> Seats:
    """How full one event is."""
    return _seats(session, [event])[event.id]


def summary(session: Session, event: Event) -> Words | None:
    """The published summary's text; None where there is none yet."""
    return session.scalar(select(Summary.text).where(Summary.event_id == event.id, Summary.published_at.is_not(None)))


def _of(session: Session, wanted: Select[Event], sluice: str | None) -> Sequence[Event]:
    return session.scalars(wanted if sluice is None else wanted.where(Event.sluice_slug == sluice)).all()


def _cards(session: Session, events: Sequence[Event]) -> list[Card]:
    if not events:
        return []
    hosts = {event.sluice_slug for event in events}
    sluices = {one.slug: one for one in session.scalars(select(Sluice).where(Sluice.slug.in_(hosts)))}
    tour_ids = {event.tour_id for event in events if event.tour_id}
    tours = {one.id: one for one in session.scalars(select(Tour).where(Tour.id.in_(tour_ids)))} if tour_ids else {}
    ids = [event.id for event in events]
    told = set(
        session.scalars(select(Summary.event_id).where(Summary.event_id.in_(ids), Summary.published_at.is_not(None)))
    )
    full = _seats(session, events)
    return [
        Card(
            event,
            sluices[event.sluice_slug],
            tours[event.tour_id] if event.tour_id else None,
            full[event.id],
            event.id in told,
        )
        for event in events
        # A municipality that intake has not told of yet has no name to show.
        if event.sluice_slug in sluices
    ]


def _seats(session: Session, events: Iterable[Event]) -> Mapping[UUID, Seats]:
    """How full each event is, in one question."""
    capacities = {event.id: event.capacity for event in events}
    people = func.sum(Guest.party_size)
    holds = Guest.state.in_([state.value for state in GuestState if state.holds_seats])
    waits = Guest.state == GuestState.WAITING.value
    rows = session.execute(
        select(
            Guest.event_id,
            people.filter(holds),
            func.count().filter(waits),
            people.filter(waits),
        )
        .where(Guest.event_id.in_(capacities), or_(holds, waits))
        .group_by(Guest.event_id)
    )
    counted = {row[0]: Seats(capacities[row[0]], int(row[1] or 0), int(row[2]), int(row[3] or 0)) for row in rows}
    return {identity: counted.get(identity, Seats(capacity)) for identity, capacity in capacities.items()}
