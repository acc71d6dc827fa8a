"""Events and tours as they are looked up, and who answers for an event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.rsvp.domain.states import EventState
from services.rsvp.store.tables import Change, Event, EventContact, HostQuestion, Picture, Tour
from shared.db import hold
from shared.errors import NotFound

CHANGES = 50
"""Steps of a history on one page."""


def by_slug(session: Session, slug: str) -> Event:
    """An event by its slug, in whatever state.

    :raises NotFound: there is none.
    """
    found = session.scalar(select(Event).where(Event.slug == slug))
    if found is None:
        raise NotFound(f"event {slug}")
    return found


def by_id(session: Session, event_id: UUID) -> Event:
    """An event.

    :raises NotFound: there is none.
    """
    found = session.get(Event, event_id)
    if found is None:
        raise NotFound(f"event {event_id}")
    return found


def locked(session: Session, event_id: UUID) -> Event:
    """An event whose row nobody else changes meanwhile: for use cases that act without a person signed in.

    :raises NotFound: there is none.
    """
    found = session.scalar(
        select(Event).where(Event.id == event_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(f"event {event_id}")
    return found


def coming(session: Session, moment: datetime, sluice: str | None = None) -> Sequence[Event]:
    """Published events that have not ended, the next first; of one municipality, or of all."""
    wanted = select(Event).where(Event.state == EventState.PUBLISHED.value, Event.ends_at > moment)
    if sluice is not None:
        wanted = wanted.where(Event.sluice_slug == sluice)
    return session.scalars(wanted.order_by(Event.starts_at, Event.slug)).all()


def of_tour(session: Session, tour: Tour | UUID) -> Sequence[Event]:
    """A tour's stops in their order."""
    identity = tour if isinstance(tour, UUID) else tour.id
    return session.scalars(select(Event).where(Event.tour_id == identity).order_by(Event.position, Event.slug)).all()


def tour_by_slug(session: Session, slug: str) -> Tour:
    """A tour by its slug.

    :raises NotFound: there is none.
    """
    found = session.scalar(select(Tour).where(Tour.slug == slug))
    if found is None:
        raise NotFound(f"tour {slug}")
    return found


def tour_slugs(session: Session, tours: Iterable[UUID]) -> dict[UUID, str]:
    """The slugs of tours, by id."""
    rows = session.execute(select(Tour.id, Tour.slug).where(Tour.id.in_(list(tours))))
    return {row.id: row.slug for row in rows}


def stops_of_many(session: Session, tours: Iterable[UUID]) -> dict[UUID, list[Event]]:
    """The stops of several tours in their order, by the tour's id."""
    found: dict[UUID, list[Event]] = {identity: [] for identity in tours}
    wanted = select(Event).where(Event.tour_id.in_(found)).order_by(Event.position, Event.slug)
    for event in session.scalars(wanted):
        if event.tour_id is not None:
            found[event.tour_id].append(event)
    return found


def tour_of(session: Session, event: Event) -> Tour | None:
    """The tour that an event is a stop of."""
    return None if event.tour_id is None else session.get(Tour, event.tour_id)


def contacts_of(session: Session, event: Event) -> list[EventContact]:
    """Whom guests may ask, in the order in which they are shown."""
    wanted = select(EventContact).where(EventContact.event_id == event.id)
    return list(session.scalars(wanted.order_by(EventContact.position, EventContact.id)))


def contacts_of_many(session: Session, events: Iterable[UUID]) -> dict[UUID, list[EventContact]]:
    """The same for several events, by the event's id."""
    found: dict[UUID, list[EventContact]] = {identity: [] for identity in events}
    wanted = select(EventContact).where(EventContact.event_id.in_(found))
    for contact in session.scalars(wanted.order_by(EventContact.position, EventContact.id)):
        found[contact.event_id].append(contact)
    return found


def picture_of(session: Session, event: Event) -> Picture | None:
    """The event's picture."""
    return None if event.picture_id is None else session.get(Picture, event.picture_id)


def question_of(session: Session, event_id: UUID) -> HostQuestion | None:
    """The last question that was put to the event's host, whatever became of it."""
    return session.scalar(
        select(HostQuestion)
        .where(HostQuestion.event_id == event_id)
        .order_by(HostQuestion.asked_at.desc(), HostQuestion.id.desc())
        .limit(1)
    )


def questions_of(session: Session, events: Iterable[UUID]) -> dict[UUID, HostQuestion]:
    """The last question to the host of each of several events that ever had one, by the event's id."""
    wanted = (
        select(HostQuestion)
        .where(HostQuestion.event_id.in_(list(events)))
        .order_by(HostQuestion.asked_at, HostQuestion.id)
    )
    return {question.event_id: question for question in session.scalars(wanted)}


def changes(
    session: Session, *, event_id: UUID | None = None, tour_id: UUID | None = None, before: UUID | None = None
) -> Sequence[Change]:
    """What was changed in an event or a tour, the newest first, ``CHANGES`` at a time.

    :param before: the last step that was seen: those older than it.
    """
    wanted = select(Change).where(Change.event_id == event_id if event_id else Change.tour_id == tour_id)
    if before is not None:
        wanted = wanted.where(Change.id < before)
    return session.scalars(wanted.order_by(Change.id.desc()).limit(CHANGES)).all()


def is_slug_taken(session: Session, slug: str) -> bool:
    """True where an event or a tour has that slug: they share the public addresses.

    Until the transaction ends nobody else is answered, so that of two with the same title each gets a slug of its own.
    """
    hold(session, "rsvp slugs")
    found = select(func.count()).select_from(Event).where(Event.slug == slug).scalar_subquery()
    tours = select(func.count()).select_from(Tour).where(Tour.slug == slug).scalar_subquery()
    return bool(session.scalar(select(found + tours)))
