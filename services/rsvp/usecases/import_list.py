"""A list of people on its way onto an event's list or into an address book: first looked at, then taken as a whole.

Nothing is imported while it is read. Somebody sees what is wrong, row by row, and then takes those that are right, or
mends the list and sends it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.rsvp.domain.guest_list import judge
from services.rsvp.domain.list_text import Cells
from services.rsvp.store import guest_desk, sluices
from services.rsvp.store.guest_tables import AddressBook, ListDraft
from services.rsvp.store.tables import Event
from services.rsvp.usecases.access import own_event, seen_event
from services.rsvp.usecases.address_books import keys_of, own_book, put_into_book
from services.rsvp.usecases.invite import put_on_list, see_that_it_takes_guests
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.viewer import Viewer
from shared.words import one_line

KEPT: Final = timedelta(days=7)
"""How long a draft waits: it holds addresses that nobody may have wanted after all."""


def draft_for_event(
    session: Session, viewer: Viewer, slug: str, name: str, rows: Sequence[Cells], *, moment: datetime
) -> ListDraft:
    """Keep what a list for an event's guests holds, to be looked at.

    :raises NotFound: there is no such event, for them.
    :raises Rejected: ``file`` is ``empty``; ``list`` is ``closed``.
    """
    event = seen_event(session, viewer, slug)
    see_that_it_takes_guests(event, moment)
    language = sluices.find(session, event.sluice_slug).language
    listed = guest_desk.listed_keys(session, event.id)
    return _draft(session, viewer, name, rows, listed, language, moment, event=event)


def draft_for_book(
    session: Session, viewer: Viewer, book_id: UUID, name: str, rows: Sequence[Cells], *, moment: datetime
) -> ListDraft:
    """The same for an address book.

    :raises NotFound: there is no such book, for them.
    :raises Rejected: ``file`` is ``empty``.
    """
    book = own_book(session, viewer, book_id)
    language = sluices.find(session, book.sluice_slug).language
    return _draft(session, viewer, name, rows, keys_of(session, book), language, moment, book=book)


def event_draft(session: Session, event: Event, draft_id: UUID, *, locks: bool = False) -> ListDraft:
    """A draft for an event that the viewer has been let into.

    :raises NotFound: there is none such.
    """
    wanted = select(ListDraft).where(ListDraft.id == draft_id, ListDraft.event_id == event.id)
    return _there(session.scalar(wanted.with_for_update() if locks else wanted))


def book_draft(session: Session, book: AddressBook, draft_id: UUID, *, locks: bool = False) -> ListDraft:
    """A draft for a book that the viewer has been let into.

    :raises NotFound: there is none such.
    """
    wanted = select(ListDraft).where(ListDraft.id == draft_id, ListDraft.book_id == book.id)
    return _there(session.scalar(wanted.with_for_update() if locks else wanted))


def take_for_event(session: Session, viewer: Viewer, slug: str, draft_id: UUID, *, moment: datetime) -> int:
    """Put the good ones of a draft on the event's list; how many were new. Nobody is mailed.

    :raises NotFound: there is no such event or draft, for them.
    :raises Conflict: it was taken before.
    :raises Rejected: ``list`` is ``closed``.
    """
    event = own_event(session, viewer, slug)
    see_that_it_takes_guests(event, moment)
    draft = event_draft(session, event, draft_id, locks=True)
    people = _once(draft, moment)
    return put_on_list(session, event, people, actor=viewer.address, moment=moment, via=draft.name)


def take_for_book(session: Session, viewer: Viewer, book_id: UUID, draft_id: UUID, *, moment: datetime) -> int:
    """Put the good ones of a draft into the book; how many were new.

    :raises NotFound: there is no such book or draft, for them.
    :raises Conflict: it was taken before.
    """
    book = own_book(session, viewer, book_id, locks=True)
    return put_into_book(session, book, _once(book_draft(session, book, draft_id, locks=True), moment))


def discard_draft(session: Session, draft: ListDraft) -> None:
    """Throw a draft away."""
    session.delete(draft)


def _draft(
    session: Session,
    viewer: Viewer,
    name: str,
    rows: Sequence[Cells],
    listed: frozenset[str],
    language: str,
    moment: datetime,
    *,
    event: Event | None = None,
    book: AddressBook | None = None,
) -> ListDraft:
    judged = judge(rows, listed=listed, language=language)
    if not judged.people and not judged.faults:
        raise Rejected("file", "empty")
    session.execute(delete(ListDraft).where(ListDraft.created_at < moment - KEPT))
    draft = ListDraft(
        id=new_id(),
        event_id=event.id if event else None,
        book_id=book.id if book else None,
        name=one_line(name, 100),
        rows=[person.plain for person in judged.people],
        faults=[fault.plain for fault in judged.faults],
        created_by=viewer.address,
    )
    session.add(draft)
    return draft


def _there(draft: ListDraft | None) -> ListDraft:
    if draft is None:
        raise NotFound("list")
    return draft


def _once(draft: ListDraft, moment: datetime) -> list[dict[str, object]]:
    """The draft's people, who are taken with this; its faults stay to be fetched.

    :raises Conflict: it was taken before.
    """
    if draft.taken_at is not None:
        raise Conflict("it was taken before")
    people, draft.rows = draft.rows, []
    draft.taken_at = moment
    return people
