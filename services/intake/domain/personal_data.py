"""What in a text points at a person: marked before an idea is published, so that a contact can decide.

A mark proposes; it changes nothing. The original stays as it came, and ``masked`` gives a new text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.intake.domain import contact_details, person_names, personal_numbers


class MarkKind(StrEnum):
    """What a mark points at."""

    EMAIL = "email"
    PERSONAL_NUMBER = "personal_number"
    PHONE = "phone"
    BANK_ACCOUNT = "bank_account"
    PROFILE = "profile"
    ADDRESS = "address"
    PERSON_NAME = "person_name"


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of a text that points at a person."""

    start: int
    end: int
    """The first character after it."""
    kind: MarkKind
    certain: bool
    """False where it only may be one: a wrong check figure, a street that may be any place, a name in no list."""


_FINDERS = (
    (MarkKind.EMAIL, contact_details.emails),
    (MarkKind.BANK_ACCOUNT, contact_details.ibans),
    (MarkKind.PERSONAL_NUMBER, personal_numbers.find),
    (MarkKind.PHONE, contact_details.telephones),
    (MarkKind.BANK_ACCOUNT, contact_details.accounts),
    (MarkKind.PROFILE, contact_details.profiles),
    (MarkKind.ADDRESS, contact_details.addresses),
    (MarkKind.PERSON_NAME, person_names.find),
)
"""Where two would overlap, the earlier kind wins: an address in an email address is none."""


def find(text: str) -> tuple[Mark, ...]:
    """Everything in the text that points at a person, in its order, nothing twice. Takes time as the text is long."""
    composed, places = _composed(text)
    taken = bytearray(len(composed))
    marks: list[Mark] = []
    for kind, finder in _FINDERS:
        for start, end, certain in finder(composed):
            if taken.find(1, start, end) >= 0:
                continue
            taken[start:end] = b"\1" * (end - start)
            first, last = (places[start], places[end]) if places else (start, end)
            marks.append(Mark(first, last, kind, certain))
    return tuple(sorted(marks, key=lambda mark: mark.start))


def masked(text: str, marks: Sequence[Mark], chosen: Collection[int], words: Mapping[MarkKind, str]) -> str:
    """The text with each chosen mark replaced by its kind's word; every other character stays.

    Args:
        text: the text that the marks were found in.
        marks: what ``find`` gave.
        chosen: the numbers of those to mask, counted from 0.
        words: what stands instead, by kind: "[personnummer]".
    """
    pieces: list[str] = []
    position = 0
    for number, mark in enumerate(marks):
        if number in chosen:
            pieces += (text[position : mark.start], words[mark.kind])
            position = mark.end
    return "".join((*pieces, text[position:]))


def _composed(text: str) -> tuple[str, list[int] | None]:
    """The text with each letter and its accents as one sign, and where each sign stood; None where nothing changed.

    Some computers write å as two signs, which no list of names has.
    """
    if unicodedata.is_normalized("NFC", text):
        return text, None
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at < len(text) and unicodedata.combining(text[at]):
            continue
        piece = unicodedata.normalize("NFC", text[start:at])
        pieces.append(piece)
        places += [start] * len(piece)
        start = at
    return "".join(pieces), [*places, len(text)]
