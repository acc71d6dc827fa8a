"""Find, and take away, every mention of one person in a service's tables.

It walks over all text columns that the tables have, so that a column added later is searched without anybody thinking
of it. An address is a mention wherever it stands. A name is one only in a row that belongs to the person, or that says
the address too: others bear it as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    any_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY as POSTGRES_ARRAY
from sqlalchemy.orm import Session

from shared.contracts.people import PIECE
from shared.mail.addresses import canonical

ERASED = "…"
"""Stands where a name or an address stood."""
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+\w|\+[1-9]\d{7,14}")
_NO_PART = re.compile(r"[^\w.+-]")
SHORTEST_NAME = 5
"""Signs. What is shorter, or one word alone, is taken away only where it is a whole value: it may be a common word."""
_CODE = re.compile(r"[a-z0-9_.:/-]+|[A-Z0-9_.:/-]+")
"""What our own codes look like: stages, languages, references. Somebody may be called so."""


@dataclass(frozen=True)
class Person:
    """Whom it is about."""

    address: str
    """In any spelling."""
    names: frozenset[str] = frozenset()
    mobile: str = ""
    """As E.164, where it is known."""

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The address (and number) in lower case, with either form of its domain, also as it stands in a URL."""
        local, _, domain = canonical(self.address).rpartition("@")
        if not local:
            # Known by the number alone.
            return tuple(filter(None, [self.mobile]))
        domains = {domain}
        if "xn--" in domain:
            with suppress(UnicodeError):  # it has no other form
                domains.add(domain.encode("ascii").decode("idna"))
        plain = [f"{local}@{each}" for each in sorted(domains)]
        urls = [quote(each, safe="").lower() for each in plain]
        return tuple(dict.fromkeys([*plain, *urls, *filter(None, [self.mobile])]))

    def is_address(self, written: str | None) -> bool:
        """True for the person's address, however it is written."""
        return bool(written and self.address) and canonical(written or "") == canonical(self.address)

    @cached_property
    def _addresses(self) -> re.Pattern[str]:
        known = "|".join(re.escape(each) for each in self.spellings)
        return re.compile(rf"(?<![\w.+-])(?<!\w')(?:{known})(?![^\W_]|[.-][^\W_])", re.IGNORECASE)

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        whole = [name.split() for name in self.names if len(name) >= SHORTEST_NAME and len(name.split()) > 1]
        if not whole:
            return None
        known = "|".join(r"\s+".join(map(re.escape, words)) for words in sorted(whole, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{known})(?!\w)", re.IGNORECASE)

    def is_mentioned(self, value: object) -> bool:
        """True where a value holds the address; names do not count."""
        return any(self._addresses.search(each) for each in _strings(value))

    def without(self, value: Any, *, named: bool, where: str = "") -> Any:
        """The value with the address replaced by ``ERASED``, and with ``named`` the names too.

        :param where: name of the column or key; a code is taken for a name only where names stand.
        """
        if isinstance(value, str):
            if named and self._is_name(value.strip(), where):
                return ERASED
            told = self._addresses.sub(ERASED, value)
            return self._names.sub(ERASED, told) if named and self._names else told
        if isinstance(value, dict):
            return {
                self.without(key, named=False): self.without(each, named=named, where=key)
                for key, each in value.items()
            }
        return [self.without(each, named=named, where=where) for each in value] if isinstance(value, list) else value

    def _is_name(self, value: str, where: str) -> bool:
        if not value or value not in self.names:
            return False
        return _CODE.fullmatch(value) is None or where == "actor" or where.endswith("name")

    def only(self, value: Any) -> Any:
        """Of a list that holds many people, what mentions this one; everything else as it is."""
        if isinstance(value, list):
            return [self.only(each) for each in value if self.is_mentioned(each)]
        return {key: self.only(each) for key, each in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True)
class Own:
    """What makes a row the person's own, though it may not say their address."""

    ids: Mapping[str, Collection[Any]] = field(default_factory=dict)
    """Name of a column → values: ``{"idea_id": […]}`` is the rows of ideas, and the row of ``idea`` itself."""
    signs: Collection[str] = ()
    """Ids that stand somewhere within a row, such as a guest's among the facts of a mail."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A row that is about the person."""

    table: Table
    row: Mapping[str, Any]
    is_own: bool


def find(
    session: Session, metadata: MetaData, person: Person, own: Own, *, but: Collection[str] = ()
) -> Iterator[Mention]:
    """Every row that is the person's or mentions them; tables named in ``but`` are left out."""
    patiently(session)
    for table in metadata.sorted_tables:
        columns = [column for column in table.columns if _is_text(column)]
        if table.name in but or not columns:
            continue
        mine = list(_own(table, own))
        says = [
            func.strpos(_lowered(column), each) > 0 for column in columns for each in (*person.spellings, *own.signs)
        ]
        for found in session.execute(select(*_shown(table)).where(or_(*mine, *says))).mappings().all():
            values = dict(found)
            is_own = _belongs(table, values, own)
            if is_own or any(person.is_mentioned(values[column.name]) for column in columns):
                yield Mention(table, values, is_own)


def rows_about(
    session: Session, metadata: MetaData, person: Person, own: Own, *, but: Collection[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Name of a table → its rows about the person, as plain data without bytes. Lists of many people are narrowed."""
    found: dict[str, list[dict[str, Any]]] = {}
    for mention in find(session, metadata, person, own, but=but):
        row = {name: value if mention.is_own else person.only(value) for name, value in mention.row.items()}
        found.setdefault(mention.table.name, []).append(row)
    return found


def take_away(
    session: Session, metadata: MetaData, person: Person, own: Own, *, but: Collection[str] = ()
) -> dict[str, int]:
    """Replace every mention by ``ERASED``; name of a table → how many rows changed. Doing it again changes nothing."""
    counts: dict[str, int] = {}
    for mention in find(session, metadata, person, own, but=but):
        table, row = mention.table, mention.row
        changed: dict[str, Any] = {}
        for column in table.columns:
            before = row.get(column.name)
            if before is None or not _is_text(column):
                continue
            # A row that says the address means the person where it says the name.
            after = person.without(before, named=True, where=column.name)
            if after != before:
                # Two people who are erased must not become one key.
                changed[column.name] = f"{ERASED}{uuid4().hex}" if _is_key(column) else after
        if changed:
            identity = [column == row[column.name] for column in table.primary_key]
            session.execute(update(table).where(*identity).values(changed))
            counts[table.name] = counts.get(table.name, 0) + 1
    return counts


def spelled(session: Session, column: Any, person: Person) -> list[str]:
    """The spellings of the person's address that a column holds."""
    kept = session.scalars(select(column).where(column.is_not(None)).distinct())
    return [each for each in kept if person.is_address(each)]


def is_theirs(session: Session, column: Any, person: Person) -> ColumnElement[bool]:
    """A condition: the column holds the person's address, in one of the spellings that are there."""
    condition: ColumnElement[bool] = column.in_(spelled(session, column, person))
    return condition


def in_pieces(held: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows as JSON text that messages can bear: ``piece``, ``pieces`` and ``content`` of each message, at least one."""
    whole = json.dumps(held, ensure_ascii=False, default=_plain)
    pieces = [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]
    for number, content in enumerate(pieces):
        yield {"piece": number, "pieces": len(pieces), "content": content}


def addresses(session: Session, metadata: MetaData) -> set[str]:
    """Every mail address and telephone number (E.164) that stands anywhere in a text column of these tables."""
    patiently(session)
    found: set[str] = set()
    for table in metadata.sorted_tables:
        for column in filter(_is_text, table.columns):
            written = cast(column, Text)
            for value in session.scalars(
                select(written).where(or_(func.strpos(written, "@") > 0, written.like("%+%")))
            ):
                for each in _ADDRESS.findall(value):
                    # As ``Person`` reads it: what stands before a sign that ends an address may be no part of it.
                    local, at, domain = each.rpartition("@")
                    found.update(local[start:] + at + domain.rstrip("_") for start in _starts(local))
    return found


def _starts(local: str) -> Iterator[int]:
    yield 0
    yield from (sign.end() for sign in _NO_PART.finditer(local) if sign.end() < len(local))


def patiently(session: Session) -> None:
    """Let this transaction's statements take ten minutes: they look through whole tables."""
    session.execute(text("SET LOCAL statement_timeout = '10min'"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _strings(key)
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _is_text(column: Column[Any]) -> bool:
    return isinstance(column.type, (String, JSON, ARRAY, POSTGRES_ARRAY)) and column.computed is None


def _shown(table: Table) -> Iterable[Column[Any]]:
    return [column for column in table.columns if column.computed is None and not isinstance(column.type, LargeBinary)]


def _lowered(column: Column[Any]) -> ColumnElement[str]:
    return func.lower(cast(column, Text))


def _own_columns(table: Table, own: Own) -> Iterator[tuple[Column[Any], Collection[Any]]]:
    for name, values in own.ids.items():
        if not values:
            continue
        if name in table.columns:
            yield table.columns[name], values
        if name == f"{table.name}_id" and "id" in table.columns:
            yield table.columns["id"], values


def _own(table: Table, own: Own) -> Iterator[ColumnElement[bool]]:
    for column, values in _own_columns(table, own):
        yield column == any_(literal(list(values), POSTGRES_ARRAY(column.type)))


def _belongs(table: Table, values: Mapping[str, Any], own: Own) -> bool:
    if any(values[column.name] in wanted for column, wanted in _own_columns(table, own)):
        return True
    return bool(own.signs) and any(
        sign in each for value in values.values() for each in _strings(value) for sign in own.signs
    )


def _is_key(column: Column[Any]) -> bool:
    if column.primary_key or column.unique:
        return True
    keys = (each for each in column.table.constraints if isinstance(each, UniqueConstraint))
    return any(column.name in each.columns for each in keys)


def _plain(value: object) -> object:
    """What JSON cannot say by itself, as text."""
    if isinstance(value, UUID):
        return str(value)
    said = getattr(value, "isoformat", None)
    return said() if said else str(value)
