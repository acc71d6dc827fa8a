"""Replies that wait for somebody's yes: understood from a plain mail, or from a calendar that nobody vouches for.

One is open for each guest; a newer one outdates it, and so does any reply that the guest gives meanwhile. Nothing is
put in force silently: the guest presses the button on the page that their mail links to, or a contact at their desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.rsvp.domain.answering import why_closed
from services.rsvp.domain.states import ActorKind, Answer
from services.rsvp.store import events, guests, seats, sluices
from services.rsvp.store.guest_tables import Guest, Proposal
from services.rsvp.store.tables import Event
from services.rsvp.usecases import letters
from services.rsvp.usecases.history import note_guest
from services.rsvp.usecases.record_reply import GivenReply, Outcome, record_reply
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.settings import Settings
from shared.web import links
from shared.words import clean, one_line

OPEN, TAKEN, DROPPED, OUTDATED = "open", "taken", "dropped", "outdated"
LONGEST = 20_000
"""Characters of the text that are kept with it."""
_TOLD = ("late", "frozen", "cancelled", "held")
"""Reasons for which the mail has words of their own."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A proposal as its page shows it."""

    proposal: Proposal
    guest: Guest
    event: Event
    state: str
    """As it is now: an open one that the guest has overtaken is outdated."""
    closed: str | None
    """Why guests cannot answer any more, as a code."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What somebody seems to answer, and where that comes from."""

    via: str
    """``mail`` or ``calendar``."""
    inbound_email_id: UUID
    sender: str | None
    text: str
    reason: str
    answer: Answer | None = None
    party_size: int | None = None
    diet: str = ""


def propose(session: Session, guest: Guest, what: Proposed, *, moment: datetime) -> Proposal:
    """Keep a proposal; those of the guest that were open are outdated by it. Nobody is told here."""
    _outdate(session, guest.id, moment)
    proposal = Proposal(
        id=new_id(),
        guest_id=guest.id,
        via=what.via,
        inbound_email_id=what.inbound_email_id,
        sender=one_line(what.sender or ""),
        text=clean(what.text[:LONGEST]),
        answer=what.answer.value if what.answer else None,
        party_size=what.party_size,
        diet=one_line(what.diet),
        reason=what.reason,
        at=moment,
        state=OPEN,
    )
    session.add(proposal)
    session.flush()
    note_guest(
        session,
        guest,
        "proposed",
        actor=proposal.sender or "?",
        actor_kind=ActorKind.CALENDAR if what.via == "calendar" else ActorKind.MAIL,
        moment=moment,
        facts={
            "proposal_id": str(proposal.id),
            "answer": proposal.answer,
            "party_size": proposal.party_size,
            "reason": proposal.reason,
        },
        tells=False,
    )
    return proposal


def tell(
    session: Session, settings: Settings, event: Event, guest: Guest, proposal: Proposal, *, moment: datetime
) -> None:
    """Ask the guest, at the invited address, whether a proposal is right; nobody is asked when replies are closed."""
    closed = why_closed(event, moment)
    kind = "reply-proposed" if closed is None else "calendar-note"
    understood = {"answer": proposal.answer, "party_size": proposal.party_size, "diet": proposal.diet}
    facts: dict[str, Any] = (
        {"proposal": understood, "proposal_url": links.proposal_url(settings, proposal.id)}
        if closed is None
        else {"why": told_as(closed)}
    )
    letters.ask(
        session,
        settings,
        kind,
        about=str(proposal.id),
        event=event,
        sluice=sluices.find(session, event.sluice_slug),
        guest=guest,
        facts=facts,
    )


def told_as(closed: str) -> str:
    """Why a reply cannot be taken, as the mail to the guest says it."""
    return closed if closed in _TOLD else "refused"


def open_proposals(session: Session, event: Event) -> Sequence[tuple[Proposal, Guest]]:
    """An event's proposals that wait for a yes, with their guests, the oldest first."""
    found = session.execute(
        select(Proposal, Guest)
        .join(Guest, Guest.id == Proposal.guest_id)
        .where(Guest.event_id == event.id, Proposal.state == OPEN, Guest.anonymised_at.is_(None))
        .where(Guest.replied_at.is_(None) | (Guest.replied_at <= Proposal.at))
        .order_by(Proposal.at, Proposal.id)
    )
    return [(proposal, guest) for proposal, guest in found]


def look(session: Session, proposal_id: UUID, moment: datetime) -> Seen:
    """A proposal as it is now.

    :raises NotFound: there is none, or its guest is nobody any more.
    """
    proposal = session.get(Proposal, proposal_id)
    if proposal is None:
        raise NotFound("proposal")
    guest = guests.by_id(session, proposal.guest_id)
    if guest.anonymised_at is not None:
        raise NotFound("the guest is nobody any more")
    event = events.by_id(session, guest.event_id)
    return Seen(proposal, guest, event, state_of(proposal, guest), why_closed(event, moment))


def state_of(proposal: Proposal, guest: Guest) -> str:
    """``open``, ``taken``, ``dropped`` or ``outdated``."""
    is_overtaken = guest.replied_at is not None and guest.replied_at > proposal.at
    return OUTDATED if proposal.state == OPEN and is_overtaken else proposal.state


def take(
    session: Session,
    proposal_id: UUID,
    *,
    actor: str,
    actor_kind: ActorKind,
    moment: datetime,
    party_size: int | None = None,
    diet: str | None = None,
    event: Event | None = None,
) -> Outcome:
    """Put a proposed reply in force. What the proposal does not say stays as it was known.

    :param party_size: instead of what was understood; so is ``diet``.
    :param event: where a contact acts: the event that they were let into, and the only one whose proposals they reach.
        They may do it after the deadline, too.
    :raises NotFound: there is none such, for them.
    :raises Conflict: it is taken, dropped or outdated.
    :raises Rejected: as ``record_reply``; ``answer`` is ``missing`` where no answer was understood.
    """
    proposal, guest = _held(session, proposal_id, event)
    if proposal.answer is None:
        raise Rejected("answer", "missing")
    given = replace(
        GivenReply.as_before(guest, Answer(proposal.answer)),
        party_size=party_size or proposal.party_size or guest.party_size,
        # A diet that was told before stays, unless the mail names one: what is asked for last counts.
        diet=diet if diet is not None else proposal.diet or guest.diet,
    )
    outcome = record_reply(
        session,
        guest.id,
        given,
        actor=actor,
        actor_kind=actor_kind,
        moment=moment,
        by_contact=actor_kind is ActorKind.CONTACT,
        facts={"via": proposal.via, "proposal_id": str(proposal.id)},
    )
    _decide(proposal, TAKEN, actor, moment)
    return outcome


def drop(
    session: Session,
    proposal_id: UUID,
    *,
    actor: str,
    actor_kind: ActorKind,
    moment: datetime,
    event: Event | None = None,
) -> None:
    """Say that a proposal is wrong: nothing changes but that it is closed.

    :raises NotFound: there is none such, for them.
    :raises Conflict: it is taken, dropped or outdated.
    """
    proposal, guest = _held(session, proposal_id, event)
    _decide(proposal, DROPPED, actor, moment)
    note_guest(
        session,
        guest,
        "proposal-dropped",
        actor=actor,
        actor_kind=actor_kind,
        moment=moment,
        facts={"proposal_id": str(proposal.id)},
        tells=False,
    )


def _held(session: Session, proposal_id: UUID, event: Event | None) -> tuple[Proposal, Guest]:
    """The proposal and its guest, with the event held: of two who press at once, one is second."""
    guest_id = session.scalar(select(Proposal.guest_id).where(Proposal.id == proposal_id))
    if guest_id is None:
        raise NotFound("proposal")
    held = seats.lock_event_of(session, guest_id)
    if event is not None and held.id != event.id:
        raise NotFound("proposal")
    guest = guests.fresh(session, guest_id)
    proposal = session.get_one(Proposal, proposal_id, populate_existing=True)
    if state_of(proposal, guest) != OPEN:
        raise Conflict(f"the proposal is {state_of(proposal, guest)}")
    return proposal, guest


def _decide(proposal: Proposal, state: str, actor: str, moment: datetime) -> None:
    proposal.state, proposal.decided_at, proposal.decided_by = state, moment, actor


def _outdate(session: Session, guest_id: UUID, moment: datetime) -> None:
    session.execute(
        update(Proposal)
        .where(Proposal.guest_id == guest_id, Proposal.state == OPEN)
        .values(state=OUTDATED, decided_at=moment)
    )
