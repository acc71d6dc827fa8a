"""From a step in a guest's history to the mails that follow: to the guest, and to the event's contacts.

Whoever answers waits for none of it: the step is committed, and a worker comes here. What the mail says is how things
are when it is written, so of steps that follow each other at once only the last is told to the guest; a mail that says
"you wait" after the one that says "you come" helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import exists, func, select, tuple_
from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind, EventState, GuestState, Source
from services.rsvp.store import events, seats, sluices
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Event, Sluice
from services.rsvp.usecases import letters, tell_contacts
from services.rsvp.usecases.calendar import calendar_of
from services.rsvp.usecases.history import VERSION, note_guest
from services.rsvp.usecases.settling import place_of
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import Clock, now
from shared.contracts.registry import REPLY_RECEIVED
from shared.settings import Settings

REPLIED: Final = "replied"
EDITED: Final = "edited"
SEATED: Final = "seated"
OFFERED: Final = "offered"
OFFER_ENDED: Final = "offer-ended"
_TOLD: Final = (REPLIED, EDITED, SEATED, OFFERED, OFFER_ENDED)
"""The steps after which the guest gets a mail."""
_REPLIES: Final = (REPLIED, EDITED)

Method = Literal["REQUEST", "CANCEL"]


def reply_facts(session: Session, guest: Guest) -> dict[str, Any]:
    """A guest's reply as the letters tell it: see ``letters.FACTS``."""
    place = place_of(session, guest)
    return {
        "state": guest.state,
        "answer": guest.answer,
        "party_size": guest.party_size,
        "place": place.place,
        "why": place.reason or None,
        "wants_at_once": guest.wants_at_once,
        "party": [{"name": each.get("name", ""), "diet": each.get("diet", "")} for each in guest.party],
        "diet": guest.diet,
        "comment": guest.comment,
    }


@dataclass(frozen=True, slots=True)
class TellGuest:
    """Handles ``guest.due.v1``. Told twice, it asks for the same mails, which are then one each."""

    settings: Settings
    clock: Clock = now

    def __call__(self, session: Session, told: Mapping[str, Any]) -> None:
        """Ask for what follows from one step; nothing where the guest has been removed meanwhile."""
        entry = session.get(GuestEntry, told["entry_id"])
        # Held while its calendar is numbered: two steps of one guest must not count from the same number.
        guest = session.get(Guest, told["guest_id"], with_for_update={"key_share": True})
        if entry is None or guest is None or guest.anonymised_at is not None or entry.what not in _TOLD:
            return
        event = events.by_id(session, guest.event_id)
        sluice = sluices.find(session, event.sluice_slug)
        if entry.what in _REPLIES:
            self._tell_programs(session, event, guest, entry)
            guest.unreached = None if entry.actor_kind != ActorKind.CONTACT else guest.unreached
        if not _is_overtaken(session, entry):
            if not _is_over(event, guest):
                self._tell_guest(session, event, sluice, guest, entry)
            if entry.what in _REPLIES and entry.actor_kind != ActorKind.CONTACT:
                self._tell_contacts(session, event, guest, entry)

    def _tell_guest(self, session: Session, event: Event, sluice: Sluice, guest: Guest, entry: GuestEntry) -> None:
        kind, facts = _letter(session, guest, entry)
        method = _calendar(guest, entry)
        letters.ask(
            session,
            self.settings,
            kind,
            about=str(entry.id),
            event=event,
            sluice=sluice,
            guest=guest,
            facts=facts,
            calendar=calendar_of(self.settings, session, event, guest, method=method, moment=self.clock())
            if method is not None
            else None,
            is_to_stranger=_is_typed(guest, entry),
        )

    def _tell_contacts(self, session: Session, event: Event, guest: Guest, entry: GuestEntry) -> None:
        contacts = tell_contacts.told_of(session, event)
        if not contacts:
            return  # and nothing is counted for nobody
        counted = seats.counts(session, event.id)
        facts = {
            "reply": reply_facts(session, guest),
            "before": (entry.facts.get("before") or {}).get("state"),
            "counts": {
                "people": counted.coming_people,
                "capacity": event.capacity,
                "waiting": counted.waiting_people,
            },
        }
        about = str(entry.id)
        tell_contacts.ask_for_each(
            session, self.settings, "reply-notice", event, guest, contacts, about=about, facts=facts, is_bulk=True
        )

    def _tell_programs(self, session: Session, event: Event, guest: Guest, entry: GuestEntry) -> None:
        outbox.put(
            session,
            REPLY_RECEIVED,
            {
                "entry_id": entry.id,
                "guest_id": guest.id,
                "event_id": event.id,
                "event": event.slug,
                "sluice": event.sluice_slug,
                "answer": entry.facts.get("answer") or guest.answer,
                "state": GuestState(entry.facts.get("state") or guest.state).told,
                "party_size": entry.facts.get("party_size") or guest.party_size,
                "at": entry.at,
            },
            priority=Priority.BULK,
        )


def _letter(session: Session, guest: Guest, entry: GuestEntry) -> tuple[str, dict[str, Any]]:
    """Which letter a step leads to, as things are now."""
    if guest.state == GuestState.OFFERED and guest.offer_ends_at is not None:
        return "seat-offered", {"until": guest.offer_ends_at.isoformat(), "party_size": guest.party_size}
    if entry.what == SEATED and guest.state == GuestState.COMING:
        return "seat-given", {"why": entry.facts.get("why", ""), "party_size": guest.party_size}
    if entry.what == OFFER_ENDED:
        return "seat-lost", {"why": OFFER_ENDED, "state": guest.state, "place": place_of(session, guest).place}
    return "reply-received", {"reply": reply_facts(session, guest), "is_echoed": not _is_typed(guest, entry)}


def _calendar(guest: Guest, entry: GuestEntry) -> Method | None:
    """What goes into the guest's calendar with the letter.

    Whoever comes or may come has it there, whoever declines has it withdrawn if it was; a waiting list is no
    appointment, but what stands there already follows. A calendar that has answered by itself knows what it said:
    a REQUEST would only ask it again (RFC 5546 §3.2.2.1), unless there was no seat for its yes.
    """
    is_there = guest.calendar_sequence is not None
    by_itself = entry.what in _REPLIES and entry.actor_kind == ActorKind.CALENDAR
    match GuestState(guest.state):
        case GuestState.DECLINED:
            return "CANCEL" if is_there and not by_itself else None
        case GuestState.COMING | GuestState.MAYBE:
            return None if by_itself else "REQUEST"
        case GuestState.WAITING | GuestState.OFFERED:
            return "REQUEST" if is_there else None
        case GuestState.INVITED:
            return None


def _is_typed(guest: Guest, entry: GuestEntry) -> bool:
    """True where somebody has just typed the address into a public form: it may be somebody else's.

    From the link in the first mail on it is their own, and a reply through it may be repeated to them.
    """
    return guest.source == Source.OPEN and entry.what == REPLIED and "consent" in entry.facts


def _is_over(event: Event, guest: Guest) -> bool:
    """True where the step is told too late: who heard that it is cancelled must not hear that they come.

    Whoever said no to it is told, since their calendar may still hold it.
    """
    return event.state in (EventState.CANCELLED, EventState.HELD) and guest.state != GuestState.DECLINED


def _is_overtaken(session: Session, entry: GuestEntry) -> bool:
    """True where a later step is told instead: later by the guest's version, since clocks are set back at times."""
    number = func.coalesce(GuestEntry.facts[VERSION].as_integer(), 0)
    later = exists().where(
        GuestEntry.guest_id == entry.guest_id,
        GuestEntry.what.in_(_TOLD),
        tuple_(number, GuestEntry.id) > (entry.facts.get(VERSION, 0), entry.id),
    )
    return session.scalar(select(later)) is True


def keep_unreached(session: Session, told: Mapping[str, Any]) -> None:
    """Handle ``guest.unreached.v1``: the guest list shows that a mail did not arrive, and why."""
    guest = session.get(Guest, told["guest_id"])
    if guest is None or guest.address is None or guest.anonymised_at is not None:
        return
    known = select(GuestEntry.id).where(
        GuestEntry.guest_id == guest.id,
        GuestEntry.what == "unreached",
        GuestEntry.facts["notification"].astext == str(told["notification_id"]),
    )
    if session.scalar(known) is not None:
        return
    guest.unreached = told["reason"]
    note_guest(
        session,
        guest,
        "unreached",
        actor="",
        actor_kind=ActorKind.SYSTEM,
        moment=told["at"],
        facts={
            "notification": str(told["notification_id"]),
            "kind": told["kind"],
            "recipient": told["recipient"],
            "reason": told["reason"],
            "line": told["line"],
        },
        tells=False,
    )
