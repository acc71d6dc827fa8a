"""An event as search engines read it (schema.org Event, JSON-LD).

It stands in the page as a data block, which is no script: a browser neither runs it nor asks the page's policy for it
(HTML, "prepare the script element", where the type is looked at before the policy is).
"""

from __future__ import annotations

from typing import Any

from services.rsvp.domain.said import said
from services.rsvp.domain.states import EventState
from services.rsvp.store.public import Seats
from services.rsvp.store.tables import Event, Sluice
from shared import markdown
from shared.settings import Settings

_LONGEST = 500
"""Characters of the description."""


def event(settings: Settings, event: Event, sluice: Sluice, seats: Seats, language: str) -> dict[str, Any] | None:
    """The event as plain data; None where it has no day, which the vocabulary demands."""
    if event.starts_at is None or event.ends_at is None:
        return None
    is_off = event.state == EventState.CANCELLED
    found: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": said(event.title, language),
        "description": markdown.plain(said(event.text, language))[:_LONGEST],
        "url": f"{settings.base_url}/traffar/{event.slug}",
        "startDate": event.starts_at.isoformat(),
        "endDate": event.ends_at.isoformat(),
        "eventStatus": f"https://schema.org/Event{'Cancelled' if is_off else 'Scheduled'}",
        "eventAttendanceMode": f"https://schema.org/{_mode(event)}EventAttendanceMode",
        "inLanguage": list(event.languages),
        "isAccessibleForFree": True,
        "organizer": {"@type": "GovernmentOrganization", "name": sluice.name},
        "location": _location(settings, event),
    }
    if event.capacity is not None:
        found |= {"maximumAttendeeCapacity": event.capacity, "remainingAttendeeCapacity": seats.left}
    return found


def _mode(event: Event) -> str:
    if event.online_url:
        return "Mixed" if event.place else "Online"
    return "Offline"


def _location(settings: Settings, event: Event) -> dict[str, Any]:
    """The place; where it is online alone, our page: the link to the meeting is for those who come."""
    if event.place or event.address:
        return {"@type": "Place", "name": event.place or event.address, "address": event.address or event.place}
    return {"@type": "VirtualLocation", "url": f"{settings.base_url}/traffar/{event.slug}"}
