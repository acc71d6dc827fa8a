"""Address books: people whom a municipality invites again and again. Each belongs to one municipality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.domain.guest_list import NAME_LIMIT, ORGANISATION_LIMIT, fault_of
from services.rsvp.store import sluices
from services.rsvp.store.guest_tables import AddressBook, BookEntry
from services.rsvp.store.name_order import in_swedish_order
from services.rsvp.store.tables import Sluice
from shared.contracts.facts import LANGUAGES
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.viewer import Viewer
from shared.words import one_line

PAGE: Final = 100
BATCH: Final = 2_000
"""People put into a book in one statement."""


@dataclass(frozen=True, slots=True)
class Book:
    """A book as it is listed."""

    book: AddressBook
    sluice: str
    """The municipality's name."""
    people: int


@dataclass(frozen=True, slots=True)
class Entries:
    """Some people of a book, and the last of them where there are more."""

    people: Sequence[BookEntry]
    next: UUID | None


def books(session: Session, viewer: Viewer) -> Sequence[Book]:
    """The books of the viewer's municipalities, by municipality and name."""
    people = select(func.count()).where(BookEntry.book_id == AddressBook.id).scalar_subquery()
    wanted = select(AddressBook, Sluice.name, people).join(Sluice, Sluice.slug == AddressBook.sluice_slug)
    if not viewer.is_administrator:
        wanted = wanted.where(AddressBook.sluice_slug.in_(sorted(viewer.sluices)))
    rows = session.execute(wanted.order_by(Sluice.name, func.lower(AddressBook.name), AddressBook.id))
    return [Book(*row) for row in rows]


def municipalities(session: Session, viewer: Viewer) -> Sequence[Sluice]:
    """Those in which the viewer may make a book."""
    return [sluice for sluice in sluices.list_all(session) if viewer.answers_for(sluice.slug)]


def own_book(session: Session, viewer: Viewer, book_id: UUID, *, locks: bool = False) -> AddressBook:
    """A book of the viewer's.

    :raises NotFound: there is none, for them.
    """
    wanted = select(AddressBook).where(AddressBook.id == book_id)
    book = session.scalar(wanted.with_for_update() if locks else wanted)
    if book is None or not viewer.answers_for(book.sluice_slug):
        raise NotFound("address book")
    return book


def make_book(session: Session, viewer: Viewer, sluice: str, name: str) -> AddressBook:
    """A new, empty book.

    :raises Rejected: ``name`` is ``missing`` or ``taken``; ``sluice`` is ``unknown``.
    """
    if sluice not in [each.slug for each in municipalities(session, viewer)]:
        raise Rejected("sluice", "unknown")
    name = _free_name(session, sluice, name, None)
    book = AddressBook(id=new_id(), sluice_slug=sluice, name=name, created_by=viewer.address)
    session.add(book)
    return book


def rename_book(session: Session, viewer: Viewer, book_id: UUID, name: str) -> None:
    """Give a book another name.

    :raises NotFound: there is none, for them.
    :raises Rejected: ``name`` is ``missing`` or ``taken``.
    """
    book = own_book(session, viewer, book_id, locks=True)
    book.name = _free_name(session, book.sluice_slug, name, book.id)


def remove_book(session: Session, viewer: Viewer, book_id: UUID) -> str:
    """Throw a book and everybody in it away; its name. Who was invited from it stays invited.

    :raises NotFound: there is none, for them.
    """
    book = own_book(session, viewer, book_id, locks=True)
    session.delete(book)
    return book.name


def entries(session: Session, book: AddressBook, *, words: str = "", after: UUID | None = None) -> Entries:
    """People of a book, by name; ``words`` narrow it down.

    :param after: the last who was seen.
    """
    order = in_swedish_order(BookEntry.name)
    wanted = select(BookEntry).where(BookEntry.book_id == book.id)
    if words := words.strip()[:100]:
        wanted = wanted.where(
            or_(
                *(
                    column.icontains(words, autoescape=True)
                    for column in (BookEntry.name, BookEntry.address, BookEntry.organisation)
                )
            )
        )
    if after is not None:
        last = session.execute(select(order, BookEntry.id).where(BookEntry.id == after)).first()
        if last is not None:
            wanted = wanted.where(or_(order > last[0], (order == last[0]) & (BookEntry.id > last[1])))
    found = session.scalars(wanted.order_by(order, BookEntry.id).limit(PAGE + 1)).all()
    return Entries(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None)


def count_entries(session: Session, book: AddressBook) -> int:
    """How many people a book has."""
    return session.scalar(select(func.count()).where(BookEntry.book_id == book.id)) or 0


def keys_of(session: Session, book: AddressBook) -> frozenset[str]:
    """The addresses in a book, in their canonical spelling."""
    return frozenset(session.scalars(select(BookEntry.address_key).where(BookEntry.book_id == book.id)))


def put_into_book(session: Session, book: AddressBook, people: Iterable[Mapping[str, Any]]) -> int:
    """Add those whose addresses are not in it; how many they were."""
    rows = [
        {
            "id": new_id(),
            "book_id": book.id,
            "name": person["name"],
            "organisation": person["organisation"],
            "address": person["address"],
            "address_key": canonical(person["address"]),
            "language": person["language"],
        }
        for person in people
    ]
    added = 0
    for start in range(0, len(rows), BATCH):
        statement = insert(BookEntry).values(rows[start : start + BATCH]).on_conflict_do_nothing()
        added += len(session.scalars(statement.returning(BookEntry.id)).all())
    return added


def own_entry(session: Session, book: AddressBook, entry_id: UUID) -> BookEntry:
    """Somebody in a book that the viewer has been let into.

    :raises NotFound: there is nobody such.
    """
    found = session.scalar(select(BookEntry).where(BookEntry.id == entry_id, BookEntry.book_id == book.id))
    if found is None:
        raise NotFound("book entry")
    return found


def keep_entry(
    session: Session, viewer: Viewer, book_id: UUID, entry_id: UUID | None, fields: Mapping[str, str]
) -> BookEntry:
    """Add somebody to a book, or change them.

    :raises NotFound: no such book or person, for them.
    :raises Rejected: ``address`` has a fault (``guest_list.fault_of``) or is ``listed``; ``language`` is ``unknown``.
    """
    book = own_book(session, viewer, book_id, locks=True)
    entry = own_entry(session, book, entry_id) if entry_id else BookEntry(id=new_id(), book_id=book.id)
    person = read_person(fields)
    key = canonical(person["address"])
    taken = select(BookEntry.id).where(
        BookEntry.book_id == book.id, BookEntry.address_key == key, BookEntry.id != entry.id
    )
    if session.scalar(taken) is not None:
        raise Rejected("address", "listed")
    entry.name, entry.organisation = person["name"], person["organisation"]
    entry.address, entry.address_key, entry.language = person["address"], key, person["language"]
    session.add(entry)
    return entry


def remove_entry(session: Session, viewer: Viewer, book_id: UUID, entry_id: UUID) -> None:
    """Take somebody out of a book. Twice is once.

    :raises NotFound: there is no such book, for them.
    """
    book = own_book(session, viewer, book_id, locks=True)
    session.execute(delete(BookEntry).where(BookEntry.id == entry_id, BookEntry.book_id == book.id))


def read_person(fields: Mapping[str, str]) -> dict[str, str]:
    """``name``, ``organisation``, ``address`` and ``language`` as somebody typed them, fit to keep.

    :raises Rejected: ``address`` has a fault, or ``language`` is ``unknown``.
    """
    address = fields.get("address", "").strip()
    if fault := fault_of(address):
        raise Rejected("address", fault)
    language = fields.get("language", "")
    if language not in LANGUAGES:
        raise Rejected("language", "unknown")
    return {
        "name": one_line(fields.get("name", ""), NAME_LIMIT),
        "organisation": one_line(fields.get("organisation", ""), ORGANISATION_LIMIT),
        "address": address,
        "language": language,
    }


def _free_name(session: Session, sluice: str, name: str, book_id: UUID | None) -> str:
    name = one_line(name, NAME_LIMIT)
    if not name:
        raise Rejected("name", "missing")
    taken = select(AddressBook.id).where(
        AddressBook.sluice_slug == sluice, func.lower(AddressBook.name) == name.lower()
    )
    if session.scalar(taken if book_id is None else taken.where(AddressBook.id != book_id)) is not None:
        raise Rejected("name", "taken")
    return name
