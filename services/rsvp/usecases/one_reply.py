"""One reply on its way into an event that is held: what it may be, and what it does to seats. See ``record_reply``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.domain import seating
from services.rsvp.domain.answering import CLOSED_TO_GUESTS, why_closed
from services.rsvp.domain.reply_form import COMMENT_LIMIT, DIET_LIMIT, NAME_LIMIT
from services.rsvp.domain.seating import MOST_PARTY
from services.rsvp.domain.states import ActorKind, Answer, GuestState
from services.rsvp.store import newcomers, seats
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases.history import VERSION, due, step, tell
from services.rsvp.usecases.settling import end_offers, leave_seats, place_of, settle, takes_guests, waiting_place
from shared.bus import outbox
from shared.contracts.registry import GUEST_DUE
from shared.errors import Conflict, Rejected
from shared.words import clean, one_line

WITHOUT_SEATS = {Answer.NO: GuestState.DECLINED, Answer.MAYBE: GuestState.MAYBE}


@dataclass(frozen=True, slots=True)
class GivenReply:
    """What somebody answers, as it came; it is made fit to keep here."""

    answer: Answer
    party_size: int = 1
    party: Sequence[Mapping[str, str]] = ()
    """The others, each with ``name`` and ``diet``."""
    diet: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    """To the event's questions, as ``shared.questions.read_answers`` keeps them."""
    comment: str = ""
    wants_at_once: bool = True
    name: str | None = None
    """None keeps the name that is known."""

    @classmethod
    def as_before(cls, guest: Guest, answer: Answer) -> GivenReply:
        """That answer, and everything else as the guest has said it."""
        return cls(
            answer,
            party_size=guest.party_size,
            party=guest.party,
            diet=guest.diet,
            answers=guest.answers,
            comment=guest.comment,
            wants_at_once=guest.wants_at_once,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reply came to."""

    guest: Guest
    state: GuestState
    place: int | None
    """1 is first in the waiting list; None for whoever does not wait."""
    ahead: int
    """People in the parties that wait longer."""
    reason: str
    """Why they wait (``seating.Reason``), or empty."""
    changed: bool
    """False where they had said exactly this: nobody is told again."""


Keep = Callable[[Outcome], newcomers.Told]
"""Says what is kept of a reply, once it is known what it came to."""


@dataclass(slots=True)
class Reply:
    """One reply on its way into an event that is held."""

    session: Session
    event: Event
    guest: Guest
    given: GivenReply
    actor: str
    actor_kind: ActorKind
    moment: datetime
    by_contact: bool
    facts: Mapping[str, Any]
    keep: Keep | None = None
    is_new: bool = False
    counted: seats.Standing | None = None
    """All who wait, and the seats taken, where that was read on the way here."""
    standing: seats.Standing | None = None
    """Where it was read on the way, and they wait."""

    def record(self, version: int | None) -> Outcome:
        outcome = self._record(version)
        if self.keep is not None:
            newcomers.keep_told(self.session, self.event, self.guest, self.keep(outcome), self.moment)
        return outcome

    def _record(self, version: int | None) -> Outcome:
        guest, given = self.guest, self.given
        self._refuse_when_closed()
        kept = self._kept()
        before = {"answer": guest.answer, "state": guest.state, "party_size": guest.party_size}
        is_offer = guest.state == GuestState.OFFERED
        if not (is_offer and given.answer is Answer.YES) and self._says_nothing_new(kept):
            return self._outcome(changed=False)
        if version is not None and version != guest.version:
            raise Conflict("the reply has changed meanwhile")

        if is_offer and guest.offer_ends_at is not None and guest.offer_ends_at <= self.moment:
            end_offers(self.session, self.event, moment=self.moment)
            settle(self.session, self.event, moment=self.moment)
        frees, asks = 0, False
        if given.answer is Answer.YES:
            asks = not self._has_or_waits()
            frees = 0 if asks else self._keep_seats(kept["party_size"])
        elif guest.state in (GuestState.COMING, GuestState.OFFERED, GuestState.WAITING):
            # A party that waited may have kept seats from smaller ones behind it.
            frees = guest.party_size
            leave_seats(guest, WITHOUT_SEATS[given.answer])
        else:
            guest.state = WITHOUT_SEATS[given.answer].value
        for name, value in kept.items():
            setattr(guest, name, value)
        guest.replied_at = self.moment
        guest.version += 1
        if asks:
            self._ask_for_seats()
        outcome = self._told(before)
        if frees:
            settle(self.session, self.event, moment=self.moment)
            if outcome.state in (GuestState.WAITING, GuestState.OFFERED):
                return self._outcome(changed=True)
        return outcome

    def _refuse_when_closed(self) -> None:
        closed = "anonymised" if self.guest.anonymised_at is not None else why_closed(self.event, self.moment)
        if closed in CLOSED_TO_GUESTS and (self.by_contact or self._may_answer_offer()):
            return
        if closed is not None:
            raise Rejected("reply", closed)

    def _may_answer_offer(self) -> bool:
        """Seats kept for somebody are theirs to take or leave until the offer ends, whatever is closed meanwhile."""
        until = self.guest.offer_ends_at if self.guest.state == GuestState.OFFERED else None
        return until is not None and self.moment < until

    def _kept(self) -> dict[str, Any]:
        """The reply as columns of the guest."""
        given, guest = self.given, self.guest
        comes = given.answer is Answer.YES
        size = given.party_size if given.answer is not Answer.NO else 1
        if size < 1:
            raise Rejected("party_size", "too_small")
        holds = guest.party_size if GuestState(guest.state).holds_seats else 0
        capacity = self.event.capacity
        if size > MOST_PARTY or (comes and capacity is not None and size > max(capacity, holds)):
            raise Rejected("party_size", "too_large")
        others = [
            {"name": one_line(one.get("name", ""), NAME_LIMIT), "diet": one_line(one.get("diet", ""), DIET_LIMIT)}
            for one in given.party[: size - 1]
        ]
        kept: dict[str, Any] = {
            "answer": given.answer.value,
            "party_size": size,
            "party": [one for one in others if one["name"] or one["diet"]],
            "diet": one_line(given.diet, DIET_LIMIT) if given.answer is not Answer.NO else "",
            "answers": dict(given.answers),
            "comment": clean(given.comment[:COMMENT_LIMIT]).strip(),
            "wants_at_once": given.wants_at_once,
        }
        name = one_line(given.name, NAME_LIMIT) if given.name is not None else ""
        if name:
            kept["name"] = name
        return kept

    def _says_nothing_new(self, kept: Mapping[str, Any]) -> bool:
        return self.guest.answer is not None and all(getattr(self.guest, name) == kept[name] for name in kept)

    def _has_or_waits(self) -> bool:
        return self.guest.state in (GuestState.COMING, GuestState.OFFERED, GuestState.WAITING)

    def _keep_seats(self, size: int) -> int:
        """Have or wait for that many seats from now on; returns how many others may have now."""
        guest = self.guest
        by = size - guest.party_size
        if guest.state != GuestState.WAITING:
            if by > 0 and not self._may_grow(by):
                raise Rejected("party_size", "no_room")
            guest.state = GuestState.COMING.value
            guest.offer_ends_at = None
        return max(0, -by)

    def _may_grow(self, by: int) -> bool:
        session, event = self.session, self.event
        if event.capacity is None:
            return True
        return seating.may_grow(
            by,
            capacity=event.capacity,
            taken=seats.taken(session, event.id),
            somebody_waits=seats.somebody_waits(session, event.id),
        )

    def _ask_for_seats(self) -> None:
        """Draw the number, and sit or wait: whoever asks is last in the waiting list, and that moves up as ever."""
        session, event, guest = self.session, self.event, self.guest
        guest.arrival = event.arrivals + 1
        guest.passed = 0
        if not self.is_new:
            event.arrivals = guest.arrival
        if event.capacity is None:
            guest.state = GuestState.COMING.value
            return
        standing = self.counted or seats.standing(session, event.id, guest.arrival)
        free = seating.free_seats(event.capacity, standing.taken)
        if free is not None and guest.party_size > free:
            guest.state = GuestState.WAITING.value
            self.standing = standing
        elif standing.waiting == 0 or not takes_guests(event, self.moment):
            # Nobody waits; or it has begun, and whoever stands at the door has the free chair.
            guest.state = GuestState.COMING.value
        else:
            guest.state = GuestState.WAITING.value
            if self.is_new:
                event.arrivals = guest.arrival
                session.add(guest)
                self.is_new = False
            settle(session, event, moment=self.moment, newcomer=guest.id)

    def _told(self, before: Mapping[str, Any]) -> Outcome:
        """Write the step into the history; from it follow the mails."""
        outcome = self._outcome(changed=True)
        guest = self.guest
        is_same = before == {"answer": guest.answer, "state": guest.state, "party_size": guest.party_size}
        facts = {
            "answer": guest.answer,
            "state": guest.state,
            "party_size": guest.party_size,
            "place": outcome.place,
            "before": before,
            "via": self.actor_kind.value,
            **self.facts,
            VERSION: guest.version,
        }
        entry = step(
            guest,
            "edited" if is_same else "replied",
            actor=self.actor,
            actor_kind=self.actor_kind,
            moment=self.moment,
            facts=facts,
        )
        if self.is_new:
            kept = self.keep(outcome) if self.keep is not None else None
            self.keep = None
            message = outbox.parameters(GUEST_DUE, due(entry))
            newcomers.add(self.session, self.event, guest, entry, message, kept)
        else:
            self.session.add(entry)
            tell(self.session, entry)
        return outcome

    def _outcome(self, *, changed: bool) -> Outcome:
        if self.standing is not None:
            place = waiting_place(self.event, self.guest, self.standing)
        else:
            place = place_of(self.session, self.guest)
        return Outcome(self.guest, GuestState(self.guest.state), place.place, place.ahead, place.reason, changed)
