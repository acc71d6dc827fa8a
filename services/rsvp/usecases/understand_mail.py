"""Understand what somebody wrote to a guest's address: a reply is proposed, a question reaches the event's contacts.

Never silently, and never to a stranger: what is proposed is told to the invited address alone, and only where the mail
is the guest's as far as anybody can see. A program's mail is recorded and nothing else, and so is what goes in circles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.rsvp.domain.answer_words import Understood, understand
from services.rsvp.domain.states import ActorKind
from services.rsvp.store import guests, seats
from services.rsvp.store.guest_tables import Guest, GuestEntry, Proposal
from services.rsvp.store.tables import Event
from services.rsvp.usecases import proposals
from services.rsvp.usecases.history import note_guest
from services.rsvp.usecases.proposals import Proposed
from services.rsvp.usecases.tell_contacts import tell_contacts
from shared import logs
from shared.clock import Clock, now
from shared.errors import NotFound
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.words import clean, one_line

log = logs.get(__name__)

WROTE: Final = "wrote"
MOST_A_DAY: Final = 5
"""Mails of one guest that are acted on in a day: an autoresponder that does not say what it is ends there."""


@dataclass(frozen=True, slots=True)
class UnderstandMail:
    """Handles ``event.answer_received.v1``. The same mail twice is once."""

    settings: Settings
    clock: Clock = now

    def __call__(self, session: Session, told: Mapping[str, Any]) -> None:
        """Keep the mail in the guest's history; propose what it answers; tell who must know."""
        try:
            event = seats.lock_event_of(session, told["guest_id"])
            guest = guests.fresh(session, told["guest_id"])
        except NotFound:
            log.info("answer_of_nobody", inbound_email_id=str(told["inbound_email_id"]))
            return
        if guest.anonymised_at is not None or _is_here(session, guest, told):
            return
        moment = self.clock()
        why_not = _why_not(session, guest, told, moment)
        self._keep(session, guest, told, moment, why_not)
        if why_not is None:
            self._act(session, event, guest, told, moment)
        log.info("answer_read", inbound_email_id=str(told["inbound_email_id"]), left_alone=why_not)

    def _keep(
        self, session: Session, guest: Guest, told: Mapping[str, Any], moment: datetime, why_not: str | None
    ) -> None:
        note_guest(
            session,
            guest,
            WROTE,
            actor=one_line(told["sender"] or "?"),
            actor_kind=ActorKind.MAIL,
            moment=moment,
            facts={
                "inbound_email_id": str(told["inbound_email_id"]),
                "subject": one_line(told["subject"]),
                "text": clean(told["text"][: proposals.LONGEST]),
                "files": told["files"],
                "vouched": told["vouched"],
                **({"why": why_not} if why_not else {}),
            },
            tells=False,
        )

    def _act(self, session: Session, event: Event, guest: Guest, told: Mapping[str, Any], moment: datetime) -> None:
        found = understand(told["text"], told["subject"])
        is_theirs = told["vouched"] or _is_invited(guest, told["sender"])
        proposal = proposals.propose(session, guest, _proposed(found, told, is_theirs), moment=moment)
        if is_theirs and found.answer is not None:
            proposals.tell(session, self.settings, event, guest, proposal, moment=moment)
        tell_contacts(
            session,
            self.settings,
            event,
            guest,
            about=str(told["inbound_email_id"]),
            why="proposed" if is_theirs and found.answer is not None else "wrote",
            sender=one_line(told["sender"] or "?"),
            text=clean(told["text"]),
            wanted={
                "answer": found.answer.value if found.answer else None,
                "party_size": found.party_size,
                "diet": found.diet,
            },
            files=told["files"],
        )


def _proposed(found: Understood, told: Mapping[str, Any], is_theirs: bool) -> Proposed:
    reason = "not-understood" if found.answer is None else "mail" if is_theirs else "other-sender"
    return Proposed(
        via="mail",
        inbound_email_id=told["inbound_email_id"],
        sender=told["sender"],
        text=told["text"].strip() or told["subject"],
        reason=reason,
        answer=found.answer,
        party_size=found.party_size,
        diet=found.diet,
    )


def _is_invited(guest: Guest, sender: str | None) -> bool:
    return sender is not None and canonical(sender) == guest.address_key


def _is_here(session: Session, guest: Guest, told: Mapping[str, Any]) -> bool:
    """True where this mail has been kept."""
    return bool(
        session.scalar(
            select(func.count())
            .select_from(GuestEntry)
            .where(
                GuestEntry.guest_id == guest.id,
                GuestEntry.what == WROTE,
                GuestEntry.facts["inbound_email_id"].astext == str(told["inbound_email_id"]),
            )
        )
    )


def _why_not(session: Session, guest: Guest, told: Mapping[str, Any], moment: datetime) -> str | None:
    """Why the mail is only recorded, as a code; None where it is acted on."""
    if told["is_automatic"]:
        return "automatic"
    if told["is_suspect"]:
        return "suspect"
    if not told["text"].strip() and not told["files"] and understand("", told["subject"]).answer is None:
        return "empty"
    lately = session.scalars(
        select(Proposal.text).where(
            Proposal.guest_id == guest.id, Proposal.via == "mail", Proposal.at > moment - timedelta(days=1)
        )
    ).all()
    if len(lately) >= MOST_A_DAY:
        return "too-many"
    # Word for word what came before: a program that answers our question whether it is right.
    return "again" if clean(told["text"][: proposals.LONGEST]).strip() in lately else None
