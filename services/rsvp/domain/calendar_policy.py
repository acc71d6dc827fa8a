"""What a calendar reply may do: the rules of decision 0020, without a database.

A mail carries no authority by itself. What speaks for a calendar reply is its UID, which only the guest was sent; what
speaks against it is a forged or foreign sender, another attendee, an older time, and having been here before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.rsvp.domain.calendar_numbers import event_sequence_of
from services.rsvp.domain.states import Answer
from shared.mail.addresses import canonical


class Act(StrEnum):
    """What is done with a calendar reply."""

    APPLY = "apply"
    PROPOSE = "propose"
    """It is in force when the guest, or a contact, presses a button."""
    NOTE = "note"
    """A person is told what a program cannot do."""
    REFRESH = "refresh"
    """The invitation is sent again."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is done, why (a code), and with which answer."""

    act: Act
    reason: str
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class CalendarAnswer:
    """What came. Its UID has been found to be the guest's."""

    method: str
    partstat: str | None
    attendee: str | None
    sender: str | None
    vouched: bool
    forged: bool
    is_at_own_address: bool
    """It came to the guest's own signed address."""
    is_at_others_address: bool
    """It came to another guest's."""
    sequence: int | None
    stamp: datetime | None


@dataclass(frozen=True, slots=True)
class Invited:
    """The guest whose invitation it answers, and the event, as far as it matters."""

    address_key: str | None
    """None after anonymising."""
    last_sequence: int | None
    """What was mailed last; None where no calendar ever was."""
    event_sequence: int
    applied_stamp: datetime | None
    """DTSTAMP of the last calendar reply that was applied."""
    answered_elsewhere_at: datetime | None
    """When they answered last, where that was not by calendar."""


ANSWERS: Final = {"ACCEPTED": Answer.YES, "TENTATIVE": Answer.MAYBE, "DECLINED": Answer.NO}


def judge(reply: CalendarAnswer, guest: Invited) -> Verdict:
    """Say what becomes of a calendar reply."""
    if (against := _speaks_against(reply, guest)) is not None:
        return Verdict(Act.REFUSE, against)
    is_trusted = _is_trusted(reply, guest)
    if reply.method == "REFRESH":
        return Verdict(Act.REFRESH, "refresh") if is_trusted else Verdict(Act.REFUSE, "sender")
    if reply.method == "COUNTER" or reply.partstat == "DELEGATED":
        reason = "counter" if reply.method == "COUNTER" else "delegated"
        return Verdict(Act.NOTE, reason) if is_trusted else Verdict(Act.REFUSE, "sender")
    answer = ANSWERS.get(reply.partstat or "")
    if answer is None:
        return Verdict(Act.REFUSE, "partstat")
    if event_sequence_of(reply.sequence or 0) < guest.event_sequence:
        return Verdict(Act.PROPOSE, "older-time", answer)
    if not is_trusted:
        return Verdict(Act.PROPOSE, "other-sender", answer)
    if reply.stamp is None and guest.applied_stamp is not None:
        return Verdict(Act.PROPOSE, "no-stamp", answer)
    if _is_overtaken(reply, guest):
        return Verdict(Act.PROPOSE, "older-than-reply", answer)
    return Verdict(Act.APPLY, "", answer)


def _speaks_against(reply: CalendarAnswer, guest: Invited) -> str | None:
    if reply.forged:
        return "forged"
    if reply.is_at_others_address:
        return "address"
    if guest.address_key is None:
        return "anonymised"
    if guest.last_sequence is None:
        return "never-invited"  # cyrus-imapd#2588: no invitation, no answer
    if reply.attendee is None:
        if not reply.is_at_own_address:
            return "attendee"
    elif canonical(reply.attendee) != guest.address_key:
        return "attendee"
    if reply.method not in ("REPLY", "COUNTER", "REFRESH"):
        return "method"
    if reply.stamp is not None and guest.applied_stamp is not None and reply.stamp <= guest.applied_stamp:
        return "replay"
    return None


def _is_trusted(reply: CalendarAnswer, guest: Invited) -> bool:
    """True where the sender is the guest, or somebody vouched for who has the guest's own address.

    The second is Google's form: who reads several addresses in one calendar answers from the one that they signed in
    with. The confirmation goes to the invited address, whoever answered.
    """
    if reply.sender is None:
        return False
    return canonical(reply.sender) == guest.address_key or (reply.vouched and reply.is_at_own_address)


def _is_overtaken(reply: CalendarAnswer, guest: Invited) -> bool:
    """True where they pressed the button before they said something else in another way."""
    elsewhere = guest.answered_elsewhere_at
    return reply.stamp is not None and elsewhere is not None and reply.stamp < elsewhere
