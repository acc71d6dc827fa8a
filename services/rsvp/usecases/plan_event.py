"""Make and change an event: every change stands in its history, and what guests must hear of is told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from services.rsvp.domain.event_form import COLUMNS
from services.rsvp.domain.said import said
from services.rsvp.domain.slugs import free_slug, slug_of
from services.rsvp.domain.states import EventState
from services.rsvp.store import events, sluices
from services.rsvp.store.tables import Event, EventContact
from services.rsvp.usecases.access import own_event
from services.rsvp.usecases.announce_event import announce_event
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.mail_many import start_mailing
from services.rsvp.usecases.pictures import PictureChange, change_picture
from services.rsvp.usecases.seats import set_capacity, settle
from shared.errors import NotFound, Rejected
from shared.ids import new_id, new_secret_id
from shared.mail.addresses import canonical
from shared.viewer import Viewer

MATERIAL = ("starts_at", "ends_at", "place", "address", "online_url")
"""What a guest must hear of, and what raises SEQUENCE (RFC 5546 §2.1.4)."""
_MOVES_UP = ("starts_at", "most_passed")
"""Besides the number of seats: what may let somebody on the waiting list in."""
_CONTACT = ("name", "address", "phone", "language", "is_told")


@dataclass(frozen=True, slots=True)
class Edit:
    """What a change came to."""

    event: Event
    is_changed: bool
    has_moved: bool = False
    """Time, place or link is another, and guests may have been told it: SEQUENCE rose."""
    tells: bool = False
    """The guests get a mail."""
    warnings: Sequence[str] = field(default_factory=tuple)
    """Codes: ``below-given`` (fewer seats than are given), ``past`` (it starts in the past)."""


def create_event(
    session: Session,
    viewer: Viewer,
    sluice_slug: str,
    values: Mapping[str, Any],
    *,
    moment: datetime,
    picture: PictureChange | None = None,
) -> Event:
    """Make a draft of what ``event_form.read_event`` gave.

    :raises NotFound: the viewer does not answer for that municipality, or nobody has told of it.
    :raises Rejected: the picture cannot be kept.
    """
    if not viewer.answers_for(sluice_slug):
        raise NotFound(f"sluice {sluice_slug}")
    sluices.find(session, sluice_slug)
    slug = free_slug(
        slug_of(said(values["title"], values["languages"][0])), lambda wanted: events.is_slug_taken(session, wanted)
    )
    event = new_event(session, slug, sluice_slug, values, actor=viewer.address, moment=moment)
    if picture is not None:
        change_picture(session, event, picture, actor=viewer.address, moment=moment)
    return event


def new_event(
    session: Session, slug: str, sluice_slug: str, values: Mapping[str, Any], *, actor: str, moment: datetime
) -> Event:
    """Add an event's row and its contacts; a name that two asked for at once is told by the database."""
    event = Event(
        id=new_id(),
        slug=slug,
        sluice_slug=sluice_slug,
        state=EventState.DRAFT.value,
        themes=[],
        workshop_code=new_secret_id()[:12],
        created_at=moment,
        updated_at=moment,
        created_by=actor,
        **{name: values[name] for name in COLUMNS},
    )
    session.add(event)
    session.flush()
    _set_contacts(session, event, values["contacts"])
    note_change(session, "event.created", actor=actor, moment=moment, event_id=event.id)
    return event


def edit_event(
    session: Session,
    viewer: Viewer,
    slug: str,
    values: Mapping[str, Any],
    *,
    version: int,
    tells: bool,
    moment: datetime,
    picture: PictureChange | None = None,
) -> Edit:
    """Change an event to what ``event_form.read_event`` gave.

    :param tells: where time, place or link change and it is published: do guests get a mail?
    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since.
    :raises Rejected: the picture cannot be kept; or a published event would lose its day (``starts_day``: ``no_day``),
        where it is (``place``: ``no_place``) or whom to ask (``c0-name``: ``no_contact``).
    """
    event = own_event(session, viewer, slug, version=version)
    if EventState(event.state).is_public:
        _stays_whole(event, values)
    is_new_picture = picture is not None and change_picture(
        session, event, picture, actor=viewer.address, moment=moment
    )
    return apply(
        session,
        event,
        values,
        actor=viewer.address,
        moment=moment,
        tells=tells,
        is_changed=is_new_picture,
    )


def _stays_whole(event: Event, values: Mapping[str, Any]) -> None:
    """Let nobody take from an event what everybody has read of it, and what it could not be published without."""
    if values.get("starts_at", event.starts_at) is None:
        raise Rejected("starts_day", "no_day")
    if not any(values.get(name, getattr(event, name)) for name in ("place", "address", "online_url")):
        raise Rejected("place", "no_place")
    if not values.get("contacts", True):
        raise Rejected("c0-name", "no_contact")


def apply(
    session: Session,
    event: Event,
    values: Mapping[str, Any],
    *,
    actor: str,
    moment: datetime,
    tells: bool,
    is_changed: bool = False,
) -> Edit:
    """Give an event, whose row the caller holds, those of its columns and ``contacts`` that ``values`` names."""
    before = {name: getattr(event, name) for name in COLUMNS if name in values}
    changed = {name: was for name, was in before.items() if was != values[name]}
    warnings: list[str] = []
    for name, was in changed.items():
        if name != "capacity":
            setattr(event, name, values[name])
            _note(session, event, name, was, values[name], actor, moment)
    # Last: who moves up is decided by all that has changed.
    if "capacity" in changed:
        warnings += set_capacity(session, event, values["capacity"], actor=actor, moment=moment)
    elif any(name in changed for name in _MOVES_UP):
        settle(session, event, moment=moment, actor=actor)
    if "contacts" in values:
        was_contacts = contacts_as_data(events.contacts_of(session, event))
        if was_contacts != [_contact(each) for each in values["contacts"]]:
            _set_contacts(session, event, values["contacts"])
            _note(session, event, "contacts", was_contacts, values["contacts"], actor, moment)
            is_changed = True
    if not changed and not is_changed:
        return Edit(event, is_changed=False)
    event.version += 1
    event.updated_at = moment
    is_published = event.state == EventState.PUBLISHED
    has_moved = is_published and any(name in changed for name in MATERIAL)
    if has_moved:
        moved(
            session, event, {name: changed.get(name, getattr(event, name)) for name in MATERIAL}, actor, moment, tells
        )
    session.flush()
    if EventState(event.state).is_public:
        announce_event(session, event, moment)
    if "starts_at" in changed and event.starts_at is not None and event.starts_at < moment:
        warnings.append("past")
    return Edit(event, is_changed=True, has_moved=has_moved, tells=has_moved and tells, warnings=tuple(warnings))


def moved(session: Session, event: Event, before: Mapping[str, Any], actor: str, moment: datetime, tells: bool) -> None:
    """Let SEQUENCE rise and, where it is wanted, tell those who have or wait for a seat, or are invited."""
    event.sequence += 1
    session.flush()
    if tells:
        facts = {"before": {name: plain(value) for name, value in before.items()}}
        start_mailing(session, event, "changed", key=str(event.sequence), actor=actor, moment=moment, facts=facts)


def values_of(event: Event) -> dict[str, Any]:
    """The event's columns as ``event_form`` has them."""
    return {name: getattr(event, name) for name in COLUMNS}


def contacts_as_data(contacts: Sequence[EventContact]) -> list[dict[str, Any]]:
    """Contacts as ``contact_list`` has them."""
    return [{name: getattr(contact, name) for name in _CONTACT} for contact in contacts]


def plain(value: Any) -> Any:
    """A column's value as messages and histories keep it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _contact(contact: Mapping[str, Any]) -> dict[str, Any]:
    return {name: contact[name] for name in _CONTACT}


def _note(session: Session, event: Event, name: str, was: Any, now_is: Any, actor: str, moment: datetime) -> None:
    note_change(
        session,
        f"event.{name}",
        actor=actor,
        moment=moment,
        event_id=event.id,
        before=plain(was),
        after=plain(now_is),
    )


def _set_contacts(session: Session, event: Event, contacts: Sequence[Mapping[str, Any]]) -> None:
    """Who is there already keeps their row."""
    present = {canonical(each.address): each for each in events.contacts_of(session, event)}
    kept = set()
    for position, contact in enumerate(contacts):
        row = present.get(canonical(contact["address"]))
        if row is None:
            row = EventContact(id=new_id(), event_id=event.id)
            session.add(row)
        kept.add(row.id)
        row.position = position
        for name, value in _contact(contact).items():
            setattr(row, name, value)
    gone = [each.id for each in present.values() if each.id not in kept]
    session.flush()
    if gone:
        session.execute(delete(EventContact).where(EventContact.id.in_(gone)))
