"""Somebody whom we may not know registers for an open event, on its page or in a frame on another site.

Anybody can type anybody's address. So nobody learns here who is registered: the receipt says what a first reply from
that address has come to, whoever sent it. An address that we know keeps its answer, and its owner is mailed the link
by which it may be changed. What looks like a program's is kept and takes no seat, until the button behind the link in
the mail is pressed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.domain.answering import why_closed
from services.rsvp.domain.reply_form import NAME_LIMIT
from services.rsvp.domain.seating import MOST_PARTY, Waiting, move_up
from services.rsvp.domain.states import ActorKind, Answer, EventState, GuestState, Source
from services.rsvp.store import guests, public, seats, sluices
from services.rsvp.store.guest_tables import Guest, SentReply
from services.rsvp.store.hits import HITS
from services.rsvp.store.tables import Event
from services.rsvp.usecases import letters
from services.rsvp.usecases.history import note_guest
from services.rsvp.usecases.record_reply import GivenReply, Outcome, register
from services.rsvp.usecases.tell_guest import reply_facts
from shared.clock import STOCKHOLM
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.words import clean, one_line

ACTOR = "form"
HELD = "held"
"""The history's step for what waits for the button in the mail; its facts hold the ``answer`` and the ``reason``."""
USED_PROOF = "form-used-proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRegistration:
    """What was sent, with nothing wrong in it."""

    name: str
    address: str
    language: str
    given: GivenReply
    consent: str
    """The words agreed to."""
    suspicion: str | None = None
    """Why it may be a program's."""
    key: str | None = None
    """Names the form that was fetched; the same one sent twice is one registration."""
    proof: tuple[str, datetime] | None = None
    """A solved task, good for once, and when it expires."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a first reply from that address has come to."""

    state: str
    """``coming``, ``waiting``, ``declined`` or ``maybe``; ``mail`` where it counts once the mail is answered."""
    party_size: int
    place: int | None = None
    """1 is first in the waiting list."""
    ahead: int = 0
    """People in the parties that wait longer."""


def register_openly(
    session: Session, settings: Settings, slug: str, sent: SentRegistration, *, moment: datetime
) -> Receipt:
    """Take down the registration, once, and see to the mail that follows.

    :raises NotFound: everybody may see no such event.
    :raises Rejected: ``reply`` is ``closed`` where only those invited may answer, or as ``record_reply`` says it;
        ``party_size`` is ``too_large``.
    """
    event = seats.lock_event_by_slug(session, slug)
    if not EventState(event.state).is_public:
        raise NotFound(f"event {slug}")
    digest = _digest(sent)
    known_form = session.get(SentReply, (event.id, f"form:{sent.key}")) if sent.key else None
    if known_form is not None and known_form.sha256 == digest:
        return Receipt(**known_form.told)
    _refuse(event, sent.given, moment)
    suspicion = sent.suspicion
    if suspicion is None and sent.proof is not None and not HITS.spend(session, *sent.proof):
        suspicion = USED_PROOF
    guest = guests.by_address(session, event.id, canonical(sent.address))
    if guest is not None:
        receipt = _newcomer(session, event, sent.given, is_suspect=suspicion is not None)
        _mail_link(session, settings, event, guest, moment)
    elif suspicion is not None:
        guest = _hold(session, event, sent, suspicion, moment)
        receipt = Receipt("mail", sent.given.party_size)
        _mail_link(session, settings, event, guest, moment)
    else:
        outcome = register(
            session,
            event.id,
            name=sent.name,
            address=sent.address,
            language=sent.language,
            source=Source.OPEN,
            given=sent.given,
            actor=ACTOR,
            actor_kind=ActorKind.GUEST,
            moment=moment,
            facts={"consent": sent.consent},
            event=event,
        )
        guest, receipt = outcome.guest, _of(outcome)
    if sent.key and known_form is None:
        session.add(
            SentReply(
                event_id=event.id,
                key=f"form:{sent.key}",
                sha256=digest,
                guest_id=guest.id,
                told=asdict(receipt),
                at=moment,
            )
        )
    return receipt


def held_answer(session: Session, guest: Guest) -> str | None:
    """What somebody registered with that address and nobody has said yes to; None where nothing waits."""
    if guest.answer is not None:
        return None
    steps = [step for step in guests.history(session, guest.id) if step.what == HELD]
    return str(steps[-1].facts.get("answer")) if steps else None


def _refuse(event: Event, given: GivenReply, moment: datetime) -> None:
    """The same for an address that is known and one that is not."""
    if not event.is_open:
        raise Rejected("reply", "closed")
    if closed := why_closed(event, moment):
        raise Rejected("reply", closed)
    is_yes = given.answer is Answer.YES
    most = min(MOST_PARTY, event.capacity) if is_yes and event.capacity is not None else MOST_PARTY
    if given.answer is not Answer.NO and given.party_size > most:
        raise Rejected("party_size", "too_large")


def _newcomer(session: Session, event: Event, given: GivenReply, *, is_suspect: bool) -> Receipt:
    """What somebody whom we do not know would be told."""
    if is_suspect:
        return Receipt("mail", given.party_size)
    if given.answer is Answer.NO:
        return Receipt(GuestState.DECLINED.value, 1)
    if given.answer is Answer.MAYBE:
        return Receipt(GuestState.MAYBE.value, given.party_size)
    if _would_sit(session, event, given.party_size):
        return Receipt(GuestState.COMING.value, given.party_size)
    full = public.seats(session, event)
    return Receipt(GuestState.WAITING.value, given.party_size, full.waiting + 1, full.waiting_people)


def _would_sit(session: Session, event: Event, size: int) -> bool:
    """True where a party that asked now had seats: by the very rules, or the receipt would tell who is known."""
    newcomer = Waiting(new_id(), size)
    moves = move_up(
        chain(seats.queue(session, event.id), [newcomer]),
        capacity=event.capacity,
        taken=seats.taken(session, event.id),
        most_passed=event.most_passed,
    )
    return newcomer.id in moves.up


def _of(outcome: Outcome) -> Receipt:
    return Receipt(outcome.state.told, outcome.guest.party_size, outcome.place, outcome.ahead)


def _hold(session: Session, event: Event, sent: SentRegistration, suspicion: str, moment: datetime) -> Guest:
    """Keep what was sent, as somebody who has not answered: it takes no seat."""
    given = sent.given
    guest = Guest(
        id=new_id(),
        event_id=event.id,
        source=Source.OPEN.value,
        name=one_line(sent.name, NAME_LIMIT),
        address=sent.address,
        address_key=canonical(sent.address),
        language=sent.language,
        state=GuestState.INVITED.value,
        party_size=given.party_size,
        party=[dict(one) for one in given.party],
        diet=one_line(given.diet),
        answers=dict(given.answers),
        comment=clean(given.comment),
        wants_at_once=given.wants_at_once,
        version=1,
    )
    session.add(guest)
    session.flush()
    facts = {"answer": given.answer.value, "reason": suspicion, "consent": sent.consent}
    note_guest(session, guest, HELD, actor=ACTOR, actor_kind=ActorKind.GUEST, moment=moment, facts=facts, tells=False)
    return guest


def _mail_link(session: Session, settings: Settings, event: Event, guest: Guest, moment: datetime) -> None:
    """Mail the guest's own link to its owner, at most once in a day, with nothing of what was typed now."""
    today = moment.astimezone(STOCKHOLM).date()
    letters.ask(
        session,
        settings,
        "invitation" if guest.answer is None else "reply-received",
        about=f"link:{guest.id}:{today.isoformat()}",
        event=event,
        sluice=sluices.find(session, event.sluice_slug),
        guest=guest,
        facts={} if guest.answer is None else {"reply": reply_facts(session, guest), "is_echoed": False},
        is_to_stranger=True,
    )


def _digest(sent: SentRegistration) -> bytes:
    """The same for the same words: whoever goes back and corrects something sends another registration."""
    given: dict[str, Any] = asdict(sent.given) | {"name": sent.name, "address": canonical(sent.address)}
    return hashlib.sha256(json.dumps(given, sort_keys=True, default=str).encode()).digest()
