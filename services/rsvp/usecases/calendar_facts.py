"""An event as calendars know it, made from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.rsvp.domain.said import said
from services.rsvp.domain.states import EventState
from services.rsvp.ical.model import Attendee, Meeting, Person
from services.rsvp.store.tables import Event, EventContact, Sluice
from shared import markdown
from shared.settings import Settings


def meeting_of(
    settings: Settings,
    event: Event,
    sluice: Sluice,
    contacts: Sequence[EventContact],
    *,
    uid: str,
    sequence: int,
    stamp: datetime,
    language: str,
    organizer: str | None = None,
    attendee: Attendee | None = None,
    has_seat: bool = False,
) -> Meeting | None:
    """The event, or None where it has no time yet.

    It carries the public page's address and not the guest's own link: calendars are shared with colleagues.

    :param has_seat: it is for somebody who comes: they alone are told the link to the meeting itself.
    :param organizer: the address that answers go to; the municipality's own where nobody is asked.
    """
    if event.starts_at is None:
        return None
    url = f"{settings.base_url}/traffar/{event.slug}"
    online_url = event.online_url if has_seat else ""
    blocks = (
        markdown.plain(said(event.text, language)),
        online_url,
        url,
        "\n".join(", ".join(part for part in (one.name, one.phone, one.address) if part) for one in contacts),
    )
    return Meeting(
        uid=uid,
        sequence=sequence,
        stamp=stamp,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        zone=event.zone,
        title=said(event.title, language),
        organizer=Person(organizer or sluice.address, sluice.name),
        text="\n\n".join(block for block in blocks if block),
        place=where(event) or online_url,
        url=url,
        attendee=attendee,
        is_cancelled=event.state == EventState.CANCELLED,
        updated_at=event.updated_at,
    )


def where(event: Event) -> str:
    """The place and its address, as far as they are known."""
    return ", ".join(part for part in (event.place, event.address) if part)
