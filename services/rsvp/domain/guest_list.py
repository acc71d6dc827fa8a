"""Whom a list names: people that can be invited, and what is wrong with the other rows, each by its number. Pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.rsvp.domain.list_text import MAX_ROWS, Cells, split_named
from shared.errors import Rejected
from shared.mail.addresses import MAX_ADDRESS, canonical, is_automatic, is_sendable
from shared.words import one_line

NAME_LIMIT: Final = 120
ORGANISATION_LIMIT: Final = 120
VALUE_LIMIT: Final = 120
"""Characters of a faulty row that are shown."""


class Column(StrEnum):
    """What a column holds."""

    ADDRESS = "address"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    ORGANISATION = "organisation"
    LANGUAGE = "language"


_SURE: Final = {
    Column.ADDRESS: "epost epostadress epostadresser mejl mejladress mail mailadress email emailaddress emailaddresses",
    Column.NAME: "namn fullstandigtnamn helanamnet deltagare gast inbjuden name fullname displayname guest attendee",
    Column.FIRST_NAME: "fornamn tilltalsnamn firstname givenname",
    Column.LAST_NAME: "efternamn lastname surname familyname",
    Column.ORGANISATION: (
        "organisation foretag forening arbetsplats arbetsgivare verksamhet forvaltning kommun enhet "
        "organization company workplace employer department municipality"
    ),
    Column.LANGUAGE: "sprak language lang",
}
_BY_WORD: Final = {word: column for column, words in _SURE.items() for word in words.split()}
_PERHAPS_ADDRESS: Final = frozenset({"adress", "address", "adresser", "addresses"})
"""A street, where another column says that it holds the mail addresses."""
_PLAIN: Final = str.maketrans("åäöéü", "aaoeu")
_LANGUAGES: Final = {
    "sv": "sv",
    "se": "sv",
    "svenska": "sv",
    "swedish": "sv",
    "en": "en",
    "eng": "en",
    "engelska": "en",
    "english": "en",
}


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody who can be invited."""

    row: int
    """In the list, from 1."""
    name: str
    address: str
    organisation: str
    language: str

    @property
    def plain(self) -> dict[str, Any]:
        """As a draft keeps it."""
        return {
            "row": self.row,
            "name": self.name,
            "address": self.address,
            "organisation": self.organisation,
            "language": self.language,
        }


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with one row: a code, and the words it is about."""

    row: int
    fault: str
    value: str

    @property
    def plain(self) -> dict[str, Any]:
        """As a draft keeps it."""
        return {"row": self.row, "fault": self.fault, "value": self.value}


@dataclass(frozen=True, slots=True)
class Judged:
    """A whole list."""

    people: Sequence[Invitee]
    faults: Sequence[RowFault]


def judge(rows: Iterable[Cells], *, listed: Container[str], language: str) -> Judged:
    """Who of a list can be invited.

    :param listed: those that are there already, as ``shared.mail.addresses.canonical`` spells them.
    :param language: of those for whom the list names none that we write in.
    :raises Rejected: ``file`` is ``too_many``: a row may name several.
    """
    people: list[Invitee] = []
    faults: list[RowFault] = []
    seen: dict[str, int] = {}
    columns: Mapping[Column, int] | None = None
    is_first = True
    for number, cells in enumerate(rows, start=1):
        if not any(cell.strip() for cell in cells):
            continue
        if is_first:
            is_first, columns = False, header(cells)
            if columns is not None:
                continue
        if len(people) + len(faults) > MAX_ROWS:
            raise Rejected("file", "too_many")
        for person in _people(number, cells, columns, language):
            fault = fault_of(person.address)
            key = "" if fault else canonical(person.address)
            if not fault and key in seen:
                fault = "doubled"
            elif not fault and key in listed:
                fault = "listed"
            if fault:
                value = person.address or " ".join(cell.strip() for cell in cells if cell.strip())
                faults.append(RowFault(number, fault, one_line(value, VALUE_LIMIT)))
            else:
                seen[key] = number
                people.append(person)
    return Judged(people, faults)


def header(cells: Cells) -> Mapping[Column, int] | None:
    """Which column holds what, where the row is a head in Swedish or English; None where it is a person."""
    if any("@" in cell for cell in cells):
        return None
    words = [re.sub(r"[^a-z]", "", cell.lower().translate(_PLAIN)) for cell in cells]
    found: dict[Column, int] = {}
    for number, word in enumerate(words):
        if word in _BY_WORD:
            found.setdefault(_BY_WORD[word], number)
    if Column.ADDRESS not in found:
        address = next((number for number, word in enumerate(words) if word in _PERHAPS_ADDRESS), None)
        if address is None:
            return None
        found[Column.ADDRESS] = address
    return found


def fault_of(address: str) -> str:
    """What is wrong with an address, as a code; empty where it can be written to."""
    local, at, domain = address.rpartition("@")
    if not address:
        return "missing"
    if is_sendable(address):
        return "automatic" if is_automatic(address) else ""
    if not at:
        return "no-at"
    if "@" in local:
        return "two-at"
    if not local:
        return "nothing-before-at"
    if not domain:
        return "nothing-after-at"
    if len(address) > MAX_ADDRESS:
        return "too-long"
    if any(sign.isspace() for sign in address):
        return "blank"
    if "," in domain:
        return "comma"
    if "." not in domain.strip("."):
        return "no-dot"
    return "wrong-form"


def language_of(word: str, otherwise: str) -> str:
    """The language that a cell names, or ``otherwise``."""
    return _LANGUAGES.get(word.strip().lower(), otherwise)


def _people(row: int, cells: Cells, columns: Mapping[Column, int] | None, language: str) -> Iterable[Invitee]:
    """Those whom one row names: one, or several where it was copied from a mail's address field."""
    if columns is not None:
        yield _by_columns(row, cells, columns, language)
        return
    with_address = [cell for cell in cells if "@" in cell]
    if len(with_address) > 1:
        for cell in with_address:
            yield _person(row, "", cell, "", language)
        return
    address = with_address[0] if with_address else (cells[0] if len(cells) == 1 else "")
    rest = [cell.strip() for cell in cells if cell is not address]
    if rest and rest[-1].lower() in _LANGUAGES:
        language = language_of(rest.pop(), language)
    named = split_named(address)[0]
    name, organisation = [*([named] if named else []), *(words for words in rest if words), "", ""][:2]
    yield _person(row, name, address, organisation, language)


def _by_columns(row: int, cells: Cells, columns: Mapping[Column, int], language: str) -> Invitee:
    def cell(column: Column) -> str:
        number = columns.get(column, len(cells))
        return cells[number].strip() if number < len(cells) else ""

    name = cell(Column.NAME) or f"{cell(Column.FIRST_NAME)} {cell(Column.LAST_NAME)}"
    return _person(
        row, name, cell(Column.ADDRESS), cell(Column.ORGANISATION), language_of(cell(Column.LANGUAGE), language)
    )


def _person(row: int, name: str, address: str, organisation: str, language: str) -> Invitee:
    named, bare = split_named(address)
    return Invitee(
        row=row,
        name=one_line(name or named, NAME_LIMIT),
        address=bare.removeprefix("mailto:").strip(" ;,\u200b\ufeff\u00a0"),
        organisation=one_line(organisation, ORGANISATION_LIMIT),
        language=language,
    )
