"""A list of people: pasted or uploaded, looked at with its faults, and then taken, for an event or an address book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.list_text import MAX_BYTES, Cells, rows_of
from services.rsvp.store.guest_tables import ListDraft
from services.rsvp.usecases import import_list
from services.rsvp.usecases.access import seen_event
from services.rsvp.usecases.address_books import own_book
from services.rsvp.usecases.read_list import read_file
from services.rsvp.web.guests.book_pages import book_page
from services.rsvp.web.guests.invitations import invitations_page
from services.rsvp.web.guests.pages import (
    BOOK,
    BOOKS,
    INVITATIONS,
    by_field,
    event_page,
    go,
    invitations_of,
    page,
    typed,
)
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.web import sheets
from shared.web.language import link, spoken
from shared.web.room import room_for
from shared.web.session import require_person
from shared.web.sheets import Cell
from shared.web.viewer import viewer
from shared.words import one_line

FIELDS = 4 * 1024 * 1024
"""Bytes that a pasted list may take: a percent-encoded letter takes three or more."""
BODY = MAX_BYTES + FIELDS
SHOWN = 200
"""Faulty rows on the page; all of them are in the file."""
BEGINNING = 5
"""Good rows that are shown, so that one sees that the columns were understood."""


def register(app: Flask, database: Database) -> None:
    """Add the way in for both, and the page of each draft."""

    @app.post(f"{INVITATIONS}/lista")
    @room_for(fields=FIELDS, body=BODY)
    @require_person
    def list_for_event(slug: str) -> ResponseReturnValue:
        try:
            name, rows = _given()
            with database.transaction() as session:
                draft = import_list.draft_for_event(session, viewer(), slug, name, rows, moment=now())
        except Rejected as fault:
            return invitations_page(database, slug, value=typed(), faults=by_field(fault))
        return redirect(link(invitations_of(slug, f"/lista/{draft.id}")), 303)

    @app.get(f"{INVITATIONS}/lista/<uuid:draft_id>")
    @require_person
    def event_draft(slug: str, draft_id: UUID) -> str:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            draft = import_list.event_draft(session, event, draft_id)
        return event_page("draft", event, "invitations", **_shown(draft, invitations_of(slug)))

    @app.post(f"{INVITATIONS}/lista/<uuid:draft_id>/<any(ta,kasta):act>")
    @require_person
    def take_event_draft(slug: str, draft_id: UUID, act: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                if act == "kasta":
                    event = seen_event(session, viewer(), slug)
                    import_list.discard_draft(session, import_list.event_draft(session, event, draft_id, locks=True))
                    return go(invitations_of(slug), "discarded")
                added = import_list.take_for_event(session, viewer(), slug, draft_id, moment=now())
        except (Conflict, Rejected):
            return go(invitations_of(slug), "taken_before")
        return go(invitations_of(slug), "listed", added)

    @app.get(f"{INVITATIONS}/lista/<uuid:draft_id>/fel.csv")
    @require_person
    def event_faults(slug: str, draft_id: UUID) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            return _fault_file(import_list.event_draft(session, event, draft_id))

    @app.post(f"{BOOK}/lista")
    @room_for(fields=FIELDS, body=BODY)
    @require_person
    def list_for_book(book_id: UUID) -> ResponseReturnValue:
        try:
            name, rows = _given()
            with database.transaction() as session:
                draft = import_list.draft_for_book(session, viewer(), book_id, name, rows, moment=now())
        except Rejected as fault:
            return book_page(database, book_id, value=typed(), faults=by_field(fault))
        return redirect(link(f"{BOOKS}{book_id}/lista/{draft.id}"), 303)

    @app.get(f"{BOOK}/lista/<uuid:draft_id>")
    @require_person
    def book_draft(book_id: UUID, draft_id: UUID) -> str:
        with database.transaction() as session:
            book, draft = _of_book(session, book_id, draft_id)
        return page("book_draft", book=book, **_shown(draft, f"{BOOKS}{book_id}"))

    @app.post(f"{BOOK}/lista/<uuid:draft_id>/<any(ta,kasta):act>")
    @require_person
    def take_book_draft(book_id: UUID, draft_id: UUID, act: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                if act == "kasta":
                    import_list.discard_draft(session, _of_book(session, book_id, draft_id)[1])
                    return go(f"{BOOKS}{book_id}", "discarded")
                added = import_list.take_for_book(session, viewer(), book_id, draft_id, moment=now())
        except Conflict:
            return go(f"{BOOKS}{book_id}", "taken_before")
        return go(f"{BOOKS}{book_id}", "in_book", added)

    @app.get(f"{BOOK}/lista/<uuid:draft_id>/fel.csv")
    @require_person
    def book_faults(book_id: UUID, draft_id: UUID) -> ResponseReturnValue:
        with database.transaction() as session:
            return _fault_file(_of_book(session, book_id, draft_id)[1])


def _given() -> tuple[str, Sequence[Cells]]:
    """The list's name and rows: the uploaded file, or else what was pasted.

    :raises Rejected: it is no list.
    """
    texts, language = spoken()
    upload = request.files.get("file")
    content = upload.stream.read(MAX_BYTES + 1) if upload else b""
    if upload and (content or upload.filename):
        return one_line(upload.filename or texts.get(language, "guests.pasted"), 100), read_file(content)
    pasted = request.form.get("list", "")
    if not pasted.strip():
        raise Rejected("file", "empty")
    return texts.get(language, "guests.pasted"), rows_of(pasted)


def _of_book(session: Session, book_id: UUID, draft_id: UUID) -> tuple[Any, ListDraft]:
    book = own_book(session, viewer(), book_id)
    return book, import_list.book_draft(session, book, draft_id)


def _shown(draft: ListDraft, back: str) -> dict[str, Any]:
    """What a draft's page shows."""
    return {
        "draft": draft,
        "good": len(draft.rows),
        "beginning": draft.rows[:BEGINNING],
        "bad": len(draft.faults),
        "shown": draft.faults[:SHOWN],
        "back": back,
        "path": f"{back}/lista/{draft.id}",
    }


def _fault_file(draft: ListDraft) -> ResponseReturnValue:
    texts, language = spoken()
    rows: list[Sequence[Cell]] = [[texts.get(language, f"guests.draft.{name}") for name in ("row", "value", "fault")]]
    rows += [
        (fault["row"], fault["value"], texts.get(language, f"guests.fault.address.{fault['fault']}"))
        for fault in draft.faults
    ]
    return sheets.csv_response("fel-i-listan", rows)
