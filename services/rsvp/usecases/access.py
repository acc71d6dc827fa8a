"""Who may see and change which event: the one place where that is decided.

Every use case that takes an event or tour by its slug for somebody signed in asks here. What a person may not see does
not exist for them (404, never 403).
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event, Tour
from shared.errors import Conflict, NotFound
from shared.viewer import Viewer


def own_events(viewer: Viewer) -> ColumnElement[bool]:
    """True for events that the viewer may see and change: their municipalities', and stops of their tours."""
    if viewer.is_administrator:
        return true()
    mine = sorted(viewer.sluices)
    return Event.sluice_slug.in_(mine) | Event.tour_id.in_(select(Tour.id).where(Tour.sluice_slug.in_(mine)))


def own_tours(viewer: Viewer) -> ColumnElement[bool]:
    """True for tours that the viewer may change."""
    return true() if viewer.is_administrator else Tour.sluice_slug.in_(sorted(viewer.sluices))


def seen_event(session: Session, viewer: Viewer, slug: str) -> Event:
    """The event of that slug, to look at.

    :raises NotFound: there is none, for them.
    """
    event = session.scalar(select(Event).where(Event.slug == slug, own_events(viewer)))
    if event is None:
        raise NotFound(f"event {slug}")
    return event


def own_event(session: Session, viewer: Viewer, slug: str, *, version: int | None = None) -> Event:
    """The event of that slug, locked: nobody changes it, its seats or its list meanwhile.

    :param version: what the viewer looked at, where it matters; None acts on whatever is there.
    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since.
    """
    event = session.scalar(
        select(Event)
        .where(Event.slug == slug, own_events(viewer))
        .with_for_update(of=Event)
        .execution_options(populate_existing=True)
    )
    if event is None:
        raise NotFound(f"event {slug}")
    if version is not None and event.version != version:
        raise Conflict("somebody else has changed the event meanwhile")
    return event


def own_tour(session: Session, viewer: Viewer, slug: str, *, version: int | None = None) -> Tour:
    """The tour of that slug, locked.

    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since.
    """
    tour = session.scalar(
        select(Tour)
        .where(Tour.slug == slug, own_tours(viewer))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if tour is None:
        raise NotFound(f"tour {slug}")
    if version is not None and tour.version != version:
        raise Conflict("somebody else has changed the tour meanwhile")
    return tour


def own_guest(session: Session, event: Event, guest_id: object) -> Guest:
    """A guest of that event, which the viewer has been let into.

    :raises NotFound: there is none such.
    """
    guest = session.scalar(select(Guest).where(Guest.id == guest_id, Guest.event_id == event.id))
    if guest is None:
        raise NotFound("guest")
    return guest
