"""Apply what a calendar program answered to an invitation, where the rules of decision 0020 let it; record it always.

A guest who presses "Accept" in Outlook, Google or Apple Calendar has answered. Whatever came, and what became of it and
why, is kept in ``calendar_reply``; where the guest is known, also in their history. Nothing here answers the mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.rsvp.domain.calendar_names import guest_of_uid
from services.rsvp.domain.calendar_policy import ANSWERS, Act, CalendarAnswer, Invited, Verdict, judge
from services.rsvp.domain.states import ActorKind, Answer, GuestState
from services.rsvp.store import guests, seats, sluices
from services.rsvp.store.guest_tables import CalendarReply, Guest, GuestEntry
from services.rsvp.store.tables import Event
from services.rsvp.usecases import letters, proposals, tell_contacts
from services.rsvp.usecases.calendar import calendar_of
from services.rsvp.usecases.history import note_guest
from services.rsvp.usecases.proposals import Proposed
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from services.rsvp.usecases.tell_guest import reply_facts
from shared import logs
from shared.clock import Clock, now
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.words import one_line

log = logs.get(__name__)

_COLUMNS: Final = (
    *("inbound_email_id", "uid", "sequence", "attendee", "partstat", "sender", "vouched", "method", "stamp"),
    *("comment", "delegated_to"),
)
REFRESHED: Final = "calendar-refreshed"
"""The history's step for an invitation that a calendar asked for again."""


@dataclass(frozen=True, slots=True)
class ApplyCalendarReply:
    """Handles ``mail.calendar_reply.v1``. The same mail twice is once."""

    settings: Settings
    clock: Clock = now

    def __call__(self, session: Session, told: Mapping[str, Any]) -> None:
        """Decide about one calendar reply."""
        if session.get(CalendarReply, told["inbound_email_id"]) is not None:
            return
        row = CalendarReply(**{name: told[name] for name in _COLUMNS})
        session.add(row)
        guest_id = guest_of_uid(self.settings.signer, told["uid"] or "")
        try:
            if guest_id is None:
                raise NotFound("a UID that we did not make")
            event = seats.lock_event_of(session, guest_id)
            guest = guests.fresh(session, guest_id)
        except NotFound:
            row.outcome, row.reason = "unknown", "uid" if guest_id is None else "no-guest"
        else:
            row.guest_id = guest.id
            row.outcome, row.reason = _Reply(self.settings, session, told, event, guest, self.clock()).decide()
        log.info("calendar_reply", outcome=row.outcome, reason=row.reason, inbound_email_id=str(row.inbound_email_id))


@dataclass(frozen=True, slots=True)
class _Reply:
    """One reply to a known guest's invitation, with the event held."""

    settings: Settings
    session: Session
    told: Mapping[str, Any]
    event: Event
    guest: Guest
    moment: datetime

    def decide(self) -> tuple[str, str | None]:
        """Act, and say the outcome and its reason."""
        verdict = judge(self._answer(), self._invited())
        match verdict.act:
            case Act.APPLY:
                return self._apply(verdict)
            case Act.PROPOSE:
                return self._propose(verdict)
            case Act.NOTE:
                self._note(verdict.reason)
                return "refused", verdict.reason
            case Act.REFRESH:
                self._send_again()
                return "applied", verdict.reason
            case Act.REFUSE:
                self._history("calendar-refused", verdict.reason)
                return "refused", verdict.reason

    def _answer(self) -> CalendarAnswer:
        told = self.told
        return CalendarAnswer(
            method=told["method"],
            partstat=told["partstat"],
            attendee=told["attendee"],
            sender=told["sender"],
            vouched=told["vouched"],
            forged=told["forged"],
            is_at_own_address=told["guest_id"] == self.guest.id,
            is_at_others_address=told["guest_id"] not in (None, self.guest.id),
            sequence=told["sequence"],
            stamp=told["stamp"],
        )

    def _invited(self) -> Invited:
        guest = self.guest
        return Invited(
            address_key=guest.address_key if guest.anonymised_at is None else None,
            last_sequence=guest.calendar_sequence,
            event_sequence=self.event.sequence,
            applied_stamp=guest.calendar_told_at,
            answered_elsewhere_at=guest.replied_at if self._answered_elsewhere() else None,
        )

    def _answered_elsewhere(self) -> bool:
        last = self.session.scalar(
            select(GuestEntry.actor_kind)
            .where(GuestEntry.guest_id == self.guest.id, GuestEntry.what.in_(("replied", "edited")))
            .order_by(GuestEntry.at.desc(), GuestEntry.id.desc())
            .limit(1)
        )
        return last is not None and last != ActorKind.CALENDAR

    def _apply(self, verdict: Verdict) -> tuple[str, str | None]:
        guest = self.guest
        assert verdict.answer is not None
        known = GivenReply.as_before(guest, verdict.answer)
        given = replace(known, comment=self.told["comment"] or guest.comment)
        try:
            with self.session.begin_nested():
                outcome = record_reply(
                    self.session,
                    guest.id,
                    given,
                    actor=self._sender,
                    actor_kind=ActorKind.CALENDAR,
                    moment=self.moment,
                    facts={"via": "calendar", "inbound_email_id": str(self.told["inbound_email_id"])},
                )
        except Rejected as fault:
            self._note(proposals.told_as(fault.message_key))
            return "refused", fault.message_key.replace("_", "-")
        # A clock that is ahead must not make every later answer look old.
        guest.calendar_told_at = min(self.told["stamp"] or self.moment, self.moment)
        return "applied", None if outcome.changed else "same"

    def _propose(self, verdict: Verdict) -> tuple[str, str | None]:
        guest = self.guest
        assert verdict.answer is not None
        if self._is_known(verdict.answer):
            return "applied", "same"
        what = Proposed(
            via="calendar",
            inbound_email_id=self.told["inbound_email_id"],
            sender=self.told["sender"],
            text=self.told["comment"] or "",
            reason=verdict.reason,
            answer=verdict.answer,
            party_size=guest.party_size if verdict.answer is not Answer.NO else None,
        )
        proposal = proposals.propose(self.session, guest, what, moment=self.moment)
        proposals.tell(self.session, self.settings, self.event, guest, proposal, moment=self.moment)
        return "proposed", verdict.reason

    def _is_known(self, answer: Answer) -> bool:
        return self.guest.answer == answer and self.guest.state != GuestState.OFFERED

    def _note(self, why: str) -> None:
        """Tell the guest what to do instead, and the event's contacts what was wanted."""
        self._history("calendar-note", why)
        letters.ask(
            self.session,
            self.settings,
            "calendar-note",
            about=str(self.told["inbound_email_id"]),
            event=self.event,
            sluice=sluices.find(self.session, self.event.sluice_slug),
            guest=self.guest,
            facts={"why": why},
        )
        tell_contacts.tell_contacts(
            self.session,
            self.settings,
            self.event,
            self.guest,
            about=str(self.told["inbound_email_id"]),
            why=why if why in ("delegated", "counter") else "refused",
            sender=self._sender,
            text=self.told["comment"] or "",
            wanted=self._wanted(),
        )

    def _wanted(self) -> dict[str, Any]:
        """What the calendar asked for, plain."""
        start: datetime | None = self.told["proposed_start"]
        answer = ANSWERS.get(self.told["partstat"] or "")
        return {
            "answer": answer.value if answer else None,
            "delegated_to": one_line(self.told["delegated_to"] or ""),
            "starts_at": start.isoformat() if start else None,
        }

    def _send_again(self) -> None:
        """The invitation once more, for whoever lost it: once for each number that was mailed."""
        number = self.guest.calendar_sequence
        if self.guest.state in (GuestState.DECLINED, GuestState.INVITED) or self._was_refreshed(number):
            return
        calendar = calendar_of(
            self.settings, self.session, self.event, self.guest, method="REQUEST", moment=self.moment
        )
        if calendar is None:
            return
        note_guest(
            self.session,
            self.guest,
            REFRESHED,
            actor=self._sender,
            actor_kind=ActorKind.CALENDAR,
            moment=self.moment,
            facts={"sequence": number},
            tells=False,
        )
        letters.ask(
            self.session,
            self.settings,
            "reply-received",
            about=f"{self.guest.id}:refresh:{number}",
            event=self.event,
            sluice=sluices.find(self.session, self.event.sluice_slug),
            guest=self.guest,
            facts={"reply": reply_facts(self.session, self.guest)},
            calendar=calendar,
        )

    def _was_refreshed(self, number: int | None) -> bool:
        """True where it was sent again before: asked for twice, a mail has two numbers, and those after it wait."""
        sent = select(GuestEntry.id).where(
            GuestEntry.guest_id == self.guest.id,
            GuestEntry.what == REFRESHED,
            GuestEntry.facts["sequence"].as_integer() == number,
        )
        return self.session.scalar(sent.limit(1)) is not None

    def _history(self, what: str, reason: str) -> None:
        note_guest(
            self.session,
            self.guest,
            what,
            actor=self._sender,
            actor_kind=ActorKind.CALENDAR,
            moment=self.moment,
            facts={"why": reason, "partstat": self.told["partstat"], "method": self.told["method"]},
            tells=False,
        )

    @property
    def _sender(self) -> str:
        return one_line(self.told["sender"] or self.told["attendee"] or "?")
