"""Address books: the list, a book with its people, and each person."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.store import sluices
from services.rsvp.usecases import address_books
from services.rsvp.web.guests.pages import BOOK, BOOKS, by_field, go, page, typed, uuid_in
from shared.db import Database
from shared.errors import Rejected
from shared.web.form_text import form_text
from shared.web.session import require_person
from shared.web.viewer import viewer
from shared.words import one_line

PERSON = f"{BOOK}/person/<uuid:entry_id>"


def register(app: Flask, database: Database) -> None:
    """Add ``/kontakt/traffar/adressbocker/`` and what lies below it, but for lists."""

    @app.get(BOOKS)
    @require_person
    def all_books() -> ResponseReturnValue:
        return _books_page(database)

    @app.post(BOOKS)
    @require_person
    def make_book() -> ResponseReturnValue:
        form = form_text()
        try:
            with database.transaction() as session:
                book = address_books.make_book(session, viewer(), form.get("sluice", ""), form.get("name", ""))
        except Rejected as fault:
            return _books_page(database, typed(), by_field(fault))
        return go(f"{BOOKS}{book.id}", "book_made")

    @app.get(BOOK)
    @require_person
    def one_book(book_id: UUID) -> ResponseReturnValue:
        return book_page(database, book_id)

    @app.post(f"{BOOK}/namn")
    @require_person
    def rename_book(book_id: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                address_books.rename_book(session, viewer(), book_id, form_text().get("name", ""))
        except Rejected as fault:
            return book_page(database, book_id, value=typed(), faults=by_field(fault))
        return go(f"{BOOKS}{book_id}", "renamed")

    @app.get(f"{BOOK}/bort")
    @require_person
    def remove_book_page(book_id: UUID) -> str:
        with database.transaction() as session:
            found = address_books.own_book(session, viewer(), book_id)
            people = address_books.count_entries(session, found)
        return page("book_remove", book=found, people=people)

    @app.post(f"{BOOK}/bort")
    @require_person
    def remove_book(book_id: UUID) -> ResponseReturnValue:
        with database.transaction() as session:
            address_books.remove_book(session, viewer(), book_id)
        return go(BOOKS, "book_removed")

    @app.get(f"{BOOK}/person/ny")
    @require_person
    def new_book_person(book_id: UUID) -> ResponseReturnValue:
        return _person_page(database, book_id, None)

    @app.post(f"{BOOK}/person/ny")
    @require_person
    def add_book_person(book_id: UUID) -> ResponseReturnValue:
        return _keep_person(database, book_id, None)

    @app.get(PERSON)
    @require_person
    def book_person(book_id: UUID, entry_id: UUID) -> ResponseReturnValue:
        return _person_page(database, book_id, entry_id)

    @app.post(PERSON)
    @require_person
    def change_book_person(book_id: UUID, entry_id: UUID) -> ResponseReturnValue:
        return _keep_person(database, book_id, entry_id)

    @app.post(f"{PERSON}/bort")
    @require_person
    def remove_book_person(book_id: UUID, entry_id: UUID) -> ResponseReturnValue:
        with database.transaction() as session:
            address_books.remove_entry(session, viewer(), book_id, entry_id)
        return go(f"{BOOKS}{book_id}", "person_removed")


def book_page(
    database: Database,
    book_id: UUID,
    *,
    value: dict[str, str] | None = None,
    faults: Mapping[str, Fault] | None = None,
) -> ResponseReturnValue:
    """A book with its people, perhaps with what was typed and what is wrong with it."""
    words = one_line(request.args.get("q", ""), 100)
    after = request.args.get("efter", "")
    with database.transaction() as session:
        book = address_books.own_book(session, viewer(), book_id)
        facts = {
            "sluice": sluices.find(session, book.sluice_slug),
            "people": address_books.count_entries(session, book),
            "entries": address_books.entries(session, book, words=words, after=uuid_in(after)),
        }
    status = 422 if faults else 200
    return page("book", book=book, words=words, value=value or {"name": book.name}, faults=faults, **facts), status


def _books_page(
    database: Database, value: dict[str, str] | None = None, faults: Mapping[str, Fault] | None = None
) -> ResponseReturnValue:
    with database.transaction() as session:
        found = address_books.books(session, viewer())
        places = address_books.municipalities(session, viewer())
    status = 422 if faults else 200
    return page("books", found=found, places=places, value=value or {}, faults=faults), status


def _person_page(
    database: Database,
    book_id: UUID,
    entry_id: UUID | None,
    value: dict[str, str] | None = None,
    faults: Mapping[str, Fault] | None = None,
) -> ResponseReturnValue:
    with database.transaction() as session:
        book = address_books.own_book(session, viewer(), book_id)
        entry = address_books.own_entry(session, book, entry_id) if entry_id else None
        there = {"language": sluices.find(session, book.sluice_slug).language}
    if entry is not None:
        there = {name: getattr(entry, name) for name in ("name", "address", "organisation", "language")}
    status = 422 if faults else 200
    return page("book_person", book=book, entry=entry, value=value or there, faults=faults), status


def _keep_person(database: Database, book_id: UUID, entry_id: UUID | None) -> ResponseReturnValue:
    try:
        with database.transaction() as session:
            address_books.keep_entry(session, viewer(), book_id, entry_id, form_text())
    except Rejected as fault:
        return _person_page(database, book_id, entry_id, typed(), by_field(fault))
    return go(f"{BOOKS}{book_id}", "person_kept" if entry_id else "person_added")
