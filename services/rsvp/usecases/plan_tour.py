"""Make a tour from one plan, and change it: the plan never changes a stop by itself; it offers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.domain.event_form import new_values
from services.rsvp.domain.local_time import read_time, zone_of
from services.rsvp.domain.plan import (
    Difference,
    changed_by_hand,
    differences,
    half_day,
    reply_by,
    stop_values,
)
from services.rsvp.domain.route import ordered
from services.rsvp.domain.said import said
from services.rsvp.domain.slugs import free_slug, slug_of
from services.rsvp.domain.states import EventState
from services.rsvp.store import events, sluices
from services.rsvp.store.tables import Event, EventContact, Tour
from services.rsvp.usecases.access import own_tour
from services.rsvp.usecases.announce_event import announce_event
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.plan_event import Edit, apply, contacts_as_data, new_event
from services.rsvp.usecases.publish_event import may_be_discarded
from shared.clock import STOCKHOLM
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.viewer import Viewer

PLAN = ("values", "starts", "ends", "reply_days", "contacts_mode", "contacts", "proposals")


@dataclass(frozen=True, slots=True)
class StopChange:
    """A stop, and what would change in it."""

    event: Event
    differences: Sequence[Difference]
    by_hand: Sequence[str]
    """Fields that were changed at the stop itself."""


def create_tour(
    session: Session,
    viewer: Viewer,
    owner: str,
    plan: Mapping[str, Any],
    stops: Sequence[tuple[str, date | None]],
    *,
    moment: datetime,
) -> Tour:
    """Make a tour and a draft for each stop.

    :param owner: the slug of the municipality whose tour it is.
    :param plan: as ``plan.read_plan`` gives it.
    :param stops: slugs of municipalities, each with its day where that is known.
    :raises NotFound: the viewer does not answer for the owner, or nobody has told of a municipality.
    :raises Rejected: clocks skip the plan's time on one of the days.
    """
    if not viewer.answers_for(owner):
        raise NotFound(f"sluice {owner}")
    sluices.find(session, owner)
    title = plan["values"]["title"]
    language = plan["values"]["languages"][0]
    slug = free_slug(slug_of(said(title, language)), lambda wanted: events.is_slug_taken(session, wanted))
    tour = Tour(
        id=new_id(),
        slug=slug,
        sluice_slug=owner,
        title=title,
        text=plan["values"]["text"],
        languages=plan["values"]["languages"],
        plan={name: plan[name] for name in PLAN} | {"applied": {}},
        created_at=moment,
        updated_at=moment,
        created_by=viewer.address,
    )
    session.add(tour)
    session.flush()
    note_change(session, "tour.created", actor=viewer.address, moment=moment, tour_id=tour.id)
    dated = ordered([((sluice, day), _noon(day)) for sluice, day in stops])
    for position, (sluice, day) in enumerate(dated):
        _add_stop(session, tour, sluice, day, position, actor=viewer.address, moment=moment)
    return tour


def edit_plan(
    session: Session, viewer: Viewer, slug: str, plan: Mapping[str, Any], *, version: int, moment: datetime
) -> Tour:
    """Change a tour's plan; no stop changes by it.

    :raises NotFound: there is no such tour, for them.
    :raises Conflict: somebody else has changed it since.
    """
    tour = own_tour(session, viewer, slug, version=version)
    before = {**{name: tour.plan.get(name) for name in PLAN if name != "values"}, **tour.plan["values"]}
    after = {**{name: plan[name] for name in PLAN if name != "values"}, **plan["values"]}
    changed = [name for name, value in after.items() if before.get(name) != value]
    if not changed:
        return tour
    for name in changed:
        note_change(
            session,
            f"tour.{name}",
            actor=viewer.address,
            moment=moment,
            tour_id=tour.id,
            before=before.get(name),
            after=after[name],
        )
    tour.title, tour.text = plan["values"]["title"], plan["values"]["text"]
    tour.languages = plan["values"]["languages"]
    _keep(tour, moment, **{name: plan[name] for name in PLAN})
    return tour


def look_at_changes(session: Session, tour: Tour) -> list[StopChange]:
    """Every stop in order with what the plan would change in it."""
    stops = events.of_tour(session, tour)
    contacts = events.contacts_of_many(session, [stop.id for stop in stops])
    return [_compare(session, tour, stop, contacts[stop.id]) for stop in stops if stop.state != EventState.CANCELLED]


def apply_plan(
    session: Session,
    viewer: Viewer,
    slug: str,
    stops: Sequence[str],
    *,
    tells: bool,
    version: int,
    moment: datetime,
) -> list[Edit]:
    """Give the chosen stops what the plan says.

    :param stops: their slugs.
    :param tells: where the time of a published stop changes, its guests get a mail.
    :raises NotFound: there is no such tour, for them.
    :raises Conflict: somebody else has changed it since.
    """
    tour = own_tour(session, viewer, slug, version=version)
    applied = dict(tour.plan["applied"])
    edits = []
    for stop in sorted(events.of_tour(session, tour), key=lambda each: each.id):
        if stop.slug not in stops or stop.state == EventState.CANCELLED:
            continue
        event = events.locked(session, stop.id)
        change = _compare(session, tour, event, events.contacts_of(session, event))
        planned = _planned(session, tour, event)
        values = {each.field: each.planned for each in change.differences if each.field != "clock"}
        if any(each.field == "clock" for each in change.differences):
            values |= _times(tour, event)
        edits.append(apply(session, event, values, actor=viewer.address, moment=moment, tells=tells))
        applied[str(event.id)] = planned
    _keep(tour, moment, applied=applied)
    return edits


def add_stop(
    session: Session, viewer: Viewer, slug: str, sluice: str, day: date | None, *, version: int, moment: datetime
) -> Event:
    """Add a draft at the end of a tour.

    :raises NotFound: there is no such tour, for them, or no such municipality.
    :raises Conflict: somebody else has changed the tour since.
    :raises Rejected: clocks skip the plan's time on that day.
    """
    tour = own_tour(session, viewer, slug, version=version)
    position = len(events.of_tour(session, tour))
    event = _add_stop(session, tour, sluice, day, position, actor=viewer.address, moment=moment)
    note_change(session, "tour.stop_added", actor=viewer.address, moment=moment, tour_id=tour.id, after=event.slug)
    return event


def remove_stop(session: Session, viewer: Viewer, slug: str, stop: str, *, version: int, moment: datetime) -> bool:
    """Take a stop out of a tour; True where it was thrown away, False where it goes on as an event of its own.

    :raises NotFound: there is no such tour, for them, or no such stop.
    :raises Conflict: somebody else has changed the tour since.
    """
    tour = own_tour(session, viewer, slug, version=version)
    stops = events.of_tour(session, tour)
    found = next((each for each in stops if each.slug == stop), None)
    if found is None:
        raise NotFound(f"stop {stop}")
    event = events.locked(session, found.id)
    note_change(session, "tour.stop_removed", actor=viewer.address, moment=moment, tour_id=tour.id, before=stop)
    for position, each in enumerate(each for each in stops if each.id != event.id):
        each.position = position
    applied = {name: value for name, value in tour.plan["applied"].items() if name != str(event.id)}
    _keep(tour, moment, applied=applied)
    if may_be_discarded(session, event):
        session.delete(event)
        return True
    event.tour_id = None
    event.position = 0
    event.version += 1
    note_change(session, "event.left_tour", actor=viewer.address, moment=moment, event_id=event.id, before=tour.slug)
    session.flush()
    if EventState(event.state).is_public:
        announce_event(session, event, moment)
    return False


def order_stops(
    session: Session, viewer: Viewer, slug: str, order: Sequence[str] | None, *, version: int, moment: datetime
) -> None:
    """Put a tour's stops in the order of those slugs; None puts them by day. Those not named come last.

    :raises NotFound: there is no such tour, for them.
    :raises Conflict: somebody else has changed the tour since.
    """
    tour = own_tour(session, viewer, slug, version=version)
    stops = events.of_tour(session, tour)
    if order is None:
        wanted = ordered([(stop, stop.starts_at) for stop in stops])
    else:
        places = {stop: place for place, stop in enumerate(order)}
        wanted = sorted(stops, key=lambda stop: places.get(stop.slug, len(places)))
    before = [stop.slug for stop in stops]
    after = [stop.slug for stop in wanted]
    if before == after:
        return
    for position, stop in enumerate(wanted):
        stop.position = position
    note_change(session, "tour.order", actor=viewer.address, moment=moment, tour_id=tour.id, before=before, after=after)
    _keep(tour, moment)


def _add_stop(
    session: Session, tour: Tour, slug: str, day: date | None, position: int, *, actor: str, moment: datetime
) -> Event:
    sluice = sluices.find(session, slug)
    plan = tour.plan
    zone = plan["values"]["zone"]
    planned = stop_values(plan, sluice.name, sluice.contacts)
    values: dict[str, Any] = {**new_values(planned["languages"], zone), **planned}
    if day is not None:
        times = half_day(day, plan["starts"], plan["ends"], zone)
        if times is None:
            raise Rejected(f"stop-{slug}-day", "no_such_hour")
        values |= {"starts_at": times[0], "ends_at": times[1]}
        values["reply_by"] = reply_by(times[0], plan["reply_days"], zone)
    name = free_slug(f"{tour.slug}-{slug}", lambda wanted: events.is_slug_taken(session, wanted))
    event = new_event(session, name, slug, values, actor=actor, moment=moment)
    event.tour_id, event.position = tour.id, position
    session.flush()
    given = _planned(session, tour, event)
    _keep(tour, moment, applied={**tour.plan["applied"], str(event.id): given})
    return event


def _planned(session: Session, tour: Tour, event: Event) -> dict[str, Any]:
    """What the plan says of a stop as it is: with the time of day only where it has a day."""
    sluice = sluices.find(session, event.sluice_slug)
    planned = stop_values(tour.plan, sluice.name, sluice.contacts)
    if event.starts_at is not None and event.ends_at is not None:
        planned["clock"] = [tour.plan["starts"], tour.plan["ends"]]
    return planned


def _compare(session: Session, tour: Tour, event: Event, contacts: Sequence[EventContact]) -> StopChange:
    planned = _planned(session, tour, event)
    present = {name: getattr(event, name) for name in planned if name not in ("contacts", "clock")}
    present["contacts"] = contacts_as_data(contacts)
    if "clock" in planned:
        present["clock"] = _clock(event)
    applied = {name: given for name, given in tour.plan["applied"].get(str(event.id), {}).items() if name in present}
    return StopChange(event, differences(planned, present, applied), changed_by_hand(present, applied))


def _clock(event: Event) -> list[str]:
    zone = zone_of(event.zone) or STOCKHOLM
    return [f"{moment.astimezone(zone):%H:%M}" for moment in (event.starts_at, event.ends_at) if moment is not None]


def _times(tour: Tour, event: Event) -> dict[str, Any]:
    """The plan's time of day on the stop's own day; nothing where clocks skip it."""
    zone = zone_of(event.zone) or STOCKHOLM
    if event.starts_at is None or read_time(tour.plan["starts"]) is None:
        return {}
    times = half_day(event.starts_at.astimezone(zone).date(), tour.plan["starts"], tour.plan["ends"], event.zone)
    return {} if times is None else {"starts_at": times[0], "ends_at": times[1]}


def _noon(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, 12, tzinfo=STOCKHOLM)


def _keep(tour: Tour, moment: datetime, **parts: Any) -> None:
    """Change parts of the plan's data; SQLAlchemy sees a new object only."""
    tour.plan = {**tour.plan, **parts}
    tour.version += 1
    tour.updated_at = moment
