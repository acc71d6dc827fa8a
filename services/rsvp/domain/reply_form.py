"""What a guest may fill in to answer, on the page, in the frame or by their own link: its limits and its faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.rsvp.domain.seating import MOST_PARTY
from services.rsvp.domain.states import Answer
from shared.mail.typed_address import address_fault
from shared.words import one_line

NAME_LIMIT = 120
DIET_LIMIT = 300
COMMENT_LIMIT = 2_000
MOST_NAMED = 9
"""The others of a party that have a row of their own; a larger party names the rest in its comment."""
AT_ONCE, ASK_FIRST = "at-once", "ask-first"
"""What somebody on the waiting list wants when seats are free."""


@dataclass(frozen=True, slots=True)
class Companion:
    """One of the others in a party."""

    name: str = ""
    diet: str = ""

    def __bool__(self) -> bool:
        """True where something is said of them."""
        return bool(self.name.strip() or self.diet.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledReply:
    """The form as somebody filled it in, with LF line ends."""

    answer: str = ""
    name: str = ""
    email: str = ""
    party_size: str = "1"
    party: tuple[Companion, ...] = ()
    diet: str = ""
    comment: str = ""
    wants: str = AT_ONCE
    consent: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    """To the event's own questions, by field name."""

    @property
    def size(self) -> int | None:
        """How many they are; None where that is no number that a party may have."""
        given = self.party_size.strip() or "1"
        if not (given.isascii() and given.isdecimal() and len(given) < 4):
            return None
        return int(given) if 1 <= int(given) <= MOST_PARTY else None

    @property
    def comes(self) -> bool:
        """True where the party matters: they come, or may."""
        return self.answer in (Answer.YES.value, Answer.MAYBE.value)

    @property
    def companions(self) -> tuple[Companion, ...]:
        """The others that something is said of."""
        return tuple(one for one in self.party if one)


def faults(form: FilledReply, *, is_open: bool) -> dict[str, str]:
    """What is wrong, by field, in the form's order; empty where nothing is.

    :param is_open: somebody whom we do not know fills it in: they say who they are, and agree.
    """
    found: dict[str, str | None] = {"answer": None if form.answer in list(Answer) else "missing"}
    found["name"] = _name_fault(form.name, required=is_open)
    if is_open:
        found["email"] = address_fault(form.email)
    if form.comes:
        found |= _party_faults(form)
        found["wants"] = None if form.wants in (AT_ONCE, ASK_FIRST) else "unknown"
    found["comment"] = "too_long" if len(form.comment) > COMMENT_LIMIT else None
    if is_open:
        found["consent"] = None if form.consent else "missing"
    return {name: fault for name, fault in found.items() if fault is not None}


def _name_fault(name: str, *, required: bool) -> str | None:
    if not one_line(name):
        return "missing" if required else None
    return "too_long" if len(name.strip()) > NAME_LIMIT else None


def _party_faults(form: FilledReply) -> dict[str, str | None]:
    size = form.size
    others = form.companions
    if size is None:
        party = "unknown"
    elif len(others) > size - 1:
        party = "names"
    else:
        party = None
    too_long = any(len(one.name) > NAME_LIMIT or len(one.diet) > DIET_LIMIT for one in others)
    return {
        "party_size": party,
        "party": "too_long" if too_long else None,
        "diet": "too_long" if len(form.diet) > DIET_LIMIT else None,
    }
