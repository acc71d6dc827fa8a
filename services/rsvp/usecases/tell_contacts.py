"""Mails about a guest to the event's contacts: what came of a reply, and what no program decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy.orm import Session

from services.rsvp.store import events, sluices
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event, EventContact
from services.rsvp.usecases import letters
from shared.settings import Settings

LONGEST: Final = 5_000
"""Characters of a guest's words in a mail; all of them stand on the guest's page."""


def tell_contacts(
    session: Session,
    settings: Settings,
    event: Event,
    guest: Guest,
    *,
    about: str,
    why: str,
    sender: str,
    text: str = "",
    wanted: Mapping[str, Any],
    files: int = 0,
) -> None:
    """Ask for a mail to each contact who is told of replies.

    :param why: ``wrote``, ``proposed`` (a reply was understood, and waits for the guest), ``delegated``, ``counter`` or
        ``refused`` (their calendar answered, and it could not be taken).
    :param wanted: ``answer``, ``party_size``, ``diet``, ``delegated_to``, ``starts_at``: what is known of them.
    """
    facts = {
        "why": why,
        "sender": sender,
        "text": text[:LONGEST],
        "wanted": {"answer": None, "party_size": None, "diet": "", "delegated_to": "", "starts_at": None, **wanted},
        "files": files,
    }
    ask_for_each(session, settings, "guest-note", event, guest, told_of(session, event), about=about, facts=facts)


def told_of(session: Session, event: Event) -> list[EventContact]:
    """The contacts who want to hear of replies."""
    return [contact for contact in events.contacts_of(session, event) if contact.is_told]


def ask_for_each(
    session: Session,
    settings: Settings,
    kind: str,
    event: Event,
    guest: Guest,
    contacts: Iterable[EventContact],
    *,
    about: str,
    facts: Mapping[str, Any],
    is_bulk: bool = False,
) -> None:
    """Ask for a mail of that kind about a guest to each contact; who the guest is, and where they stand, is added."""
    sluice = sluices.find(session, event.sluice_slug)
    whom = {
        "guest": {"name": guest.name, "organisation": guest.organisation, "address": guest.address or ""},
        "guests_url": f"{settings.base_url}/kontakt/traffar/{event.slug}/gaster",
    }
    for contact in contacts:
        letters.ask(
            session,
            settings,
            kind,
            about=about,
            event=event,
            sluice=sluice,
            person={"name": contact.name, "address": contact.address, "language": contact.language},
            facts={**facts, **whom},
            is_bulk=is_bulk,
        )
