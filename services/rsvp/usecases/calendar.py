"""The calendar object that goes with a mail to a guest: an invitation with buttons, or its withdrawal."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from services.rsvp.domain import calendar_numbers
from services.rsvp.domain.calendar_names import uid_of
from services.rsvp.domain.states import EventState, GuestState, Source
from services.rsvp.ical.build import invitation
from services.rsvp.ical.model import Attendee, Method, PartStat, Person
from services.rsvp.store import events, sluices
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases.calendar_facts import meeting_of
from shared.mail import guest_addresses
from shared.settings import Settings

_PARTSTAT = {
    GuestState.INVITED: PartStat.NEEDS_ACTION,
    GuestState.COMING: PartStat.ACCEPTED,
    # They want to come, and it is not sure that they do: the time is kept, as "perhaps".
    GuestState.WAITING: PartStat.TENTATIVE,
    GuestState.OFFERED: PartStat.TENTATIVE,
    GuestState.MAYBE: PartStat.TENTATIVE,
    GuestState.DECLINED: PartStat.DECLINED,
}


def calendar_of(
    settings: Settings,
    session: Session,
    event: Event,
    guest: Guest,
    *,
    method: Literal["REQUEST", "CANCEL"],
    moment: datetime,
) -> dict[str, str] | None:
    """What ``CalendarFacts`` carries to one guest; keeps with the guest which number was sent.

    Buttons show what the guest has said: an invitation after a yes stands as accepted, and can be changed there.

    :returns: None where there is nothing to send: an event without a day, a guest without an address, a REQUEST for a
        cancelled event, or a CANCEL of what was never asked or is withdrawn already.
    """
    if guest.address is None or event.starts_at is None:
        return None
    last = guest.calendar_sequence
    if method == "REQUEST":
        if event.state == EventState.CANCELLED:
            return None
        sequence: int | None = calendar_numbers.of_request(event.sequence, last)
    else:
        sequence = calendar_numbers.of_cancel(event.sequence, last)
    if sequence is None:
        return None
    sluice = sluices.find(session, event.sluice_slug)
    meeting = meeting_of(
        settings,
        event,
        sluice,
        events.contacts_of(session, event),
        uid=uid_of(settings.signer, guest.id),
        sequence=sequence,
        stamp=moment,
        language=guest.language,
        organizer=guest_addresses.make(settings.signer, sluice.address, guest.id),
        # Whoever registers openly may have typed somebody else's address: their words do not stand in its calendar.
        attendee=Attendee(
            Person(guest.address, "" if guest.source == Source.OPEN else guest.name), _PARTSTAT[GuestState(guest.state)]
        ),
        has_seat=guest.state == GuestState.COMING,
    )
    assert meeting is not None
    guest.calendar_sequence = sequence
    return {"method": method, "content": invitation(meeting, Method(method))}
