"""What the guests' pages share: where they lie, what was typed, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.store.tables import Event
from services.rsvp.web.organise.pages import EVENT, START, typed
from shared.contracts.facts import LANGUAGES
from shared.errors import Rejected
from shared.web.language import link

__all__ = [
    "BOOK",
    "BOOKS",
    "GUEST",
    "GUESTS",
    "INVITATIONS",
    "by_field",
    "event_page",
    "go",
    "guests_of",
    "invitations_of",
    "page",
    "typed",
    "uuid_in",
]

GUESTS = f"{EVENT}/gaster"
GUEST = f"{GUESTS}/<uuid:guest_id>"
INVITATIONS = f"{EVENT}/inbjudningar"
BOOKS = f"{START}adressbocker/"
BOOK = f"{BOOKS}<uuid:book_id>"


def guests_of(slug: str, rest: str = "") -> str:
    """A page of an event's guests."""
    return f"{START}{slug}/gaster{rest}"


def invitations_of(slug: str, rest: str = "") -> str:
    """A page of an event's invitations."""
    return f"{START}{slug}/inbjudningar{rest}"


def page(template: str, *, faults: Mapping[str, Fault] | None = None, **facts: Any) -> str:
    """A page of the guests'; ``done`` tells what the form before it did, and for how many."""
    count = request.args.get("antal", "")
    return render_template(
        f"guests/{template}.html",
        faults=faults or {},
        facts_of=lambda fault, language: fault.facts,
        language_codes=LANGUAGES,
        start=START,
        books=BOOKS,
        done=request.args.get("gjort", ""),
        done_count=int(count) if count.isascii() and count.isdecimal() and len(count) < 8 else 0,
        **facts,
    )


def event_page(template: str, event: Event, tab: str = "guests", **facts: Any) -> str:
    """A page within an event's frame."""
    return page(template, event=event, tab=tab, **facts)


def go(path: str, what: str, count: int | None = None) -> ResponseReturnValue:
    """Go on to a page that says what was done."""
    number = {} if count is None else {"antal": str(count)}
    return redirect(link(path, gjort=what, **number), 303)


def by_field(fault: Rejected) -> dict[str, Fault]:
    """One use case's refusal, beside its field."""
    return {fault.field: Fault(f"guests.fault.{fault.field}.{fault.message_key}")}


def uuid_in(written: str) -> UUID | None:
    """An id as a form or an address names it; None where it is none."""
    try:
        return UUID(written)
    except ValueError:
        return None
