"""Sluices, tours, events and guests as rows, for tests of what is built upon them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event, EventContact, Sluice, Tour
from shared.clock import now
from shared.ids import new_id, new_secret_id
from shared.mail.addresses import canonical


def a_sluice(session: Session, slug: str = "krokom", **changes: Any) -> Sluice:
    """A municipality as intake told of it; the one that is there already where there is one."""
    found = session.get(Sluice, slug)
    if found is None:
        contact = {"name": "Kim Kontakt", "address": f"kontakt@{slug}.example", "language": "sv"}
        told = {"name": slug.capitalize(), "address": f"ide@{slug}.example", "language": "sv", "accent": ""}
        found = Sluice(
            **{"slug": slug, "origins": [], "contacts": [contact], "told_at": datetime(2020, 1, 1, tzinfo=UTC)}
            | told
            | changes
        )
        session.add(found)
        session.flush()
    return found


def a_tour(session: Session, **changes: Any) -> Tour:
    """A tour without stops."""
    values: dict[str, Any] = {
        "id": new_id(),
        "slug": f"turne-{new_secret_id()[:8]}",
        "sluice_slug": "krokom",
        "title": {"sv": "Kalasturné", "en": "Party tour"},
        "text": {"sv": "Vi kommer till dig.", "en": "We come to you."},
        "languages": ["sv", "en"],
        "plan": {},
        "created_by": "anna",
    }
    tour = Tour(**values | changes)
    a_sluice(session, tour.sluice_slug)
    session.add(tour)
    session.flush()
    return tour


def an_event(session: Session, *, contacts: int = 1, **changes: Any) -> Event:
    """A published half-day a week from now, with 20 seats; ``changes`` are columns."""
    starts_at = (now() + timedelta(days=7)).replace(minute=0, second=0, microsecond=0)
    values: dict[str, Any] = {
        "id": new_id(),
        "slug": f"traff-{new_secret_id()[:8]}",
        "sluice_slug": "krokom",
        "state": "published",
        "title": {"sv": "Kreativa byråkrater", "en": "Creative bureaucrats"},
        "text": {"sv": "En halvdag om idéer.", "en": "A half-day about ideas."},
        "programme": {"sv": "09.00 Fika", "en": "09:00 Coffee"},
        "languages": ["sv", "en"],
        "place": "Kulturhuset",
        "address": "Storgatan 1, Krokom",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=4),
        "capacity": 20,
        "reply_by": starts_at - timedelta(days=2),
        "is_open": True,
        "questions": [],
        "fika": {"sv": "Kaffe och bulle", "en": "Coffee and a bun"},
        "workshop_code": new_secret_id()[:10],
        "themes": [],
        "published_at": now(),
        "created_by": "anna",
    }
    event = Event(**values | changes)
    a_sluice(session, event.sluice_slug)
    session.add(event)
    session.flush()
    for number in range(contacts):
        session.add(
            EventContact(
                id=new_id(),
                event_id=event.id,
                position=number,
                name="Kim Kontakt" if number == 0 else f"Kontakt {number + 1}",
                address=f"kim{number or ''}@{event.sluice_slug}.example",
                phone="070-123 45 67",
                language="sv",
            )
        )
    session.flush()
    return event


def a_guest(session: Session, event: Event, **changes: Any) -> Guest:
    """Somebody invited who has not answered; ``changes`` are columns."""
    identity = new_id()
    values: dict[str, Any] = {
        "id": identity,
        "event_id": event.id,
        "source": "invitation",
        "name": "Gunilla Gäst",
        "address": f"gast-{identity.hex[-12:]}@example.org",
        "language": "sv",
        "state": "invited",
        "party": [],
        "answers": {},
        "invited_at": now(),
    }
    guest = Guest(**values | changes)
    if guest.address and guest.address_key is None:
        guest.address_key = canonical(guest.address)
    session.add(guest)
    session.flush()
    return guest
