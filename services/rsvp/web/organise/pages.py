"""What all pages of those who plan share: where they lie, what was typed, what was saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.store.tables import Event, Sluice
from shared.contracts.facts import LANGUAGES
from shared.errors import Rejected
from shared.pictures import MAX_BYTES
from shared.questions import MAX_QUESTIONS
from shared.web.form_text import form_text
from shared.web.language import link

START = "/kontakt/traffar/"
NEW = f"{START}ny"
EVENT = f"{START}<slug>"
TOURS = f"{START}turne/"
TOUR = f"{TOURS}<slug>"
FIELDS = 1024 * 1024
"""Bytes of a planning form's fields: long texts in two languages, each letter perhaps written as twelve signs."""
BODY = MAX_BYTES + 2 * FIELDS
"""Somewhat more than the picture may be, so that whoever sends a larger one gets their words back."""


def here(slug: str, part: str = "/") -> str:
    """A page of an event's."""
    return f"{START}{slug}{part}"


def tour_page(slug: str, part: str = "/") -> str:
    """A page of a tour's."""
    return f"{TOURS}{slug}{part}"


def page(template: str, *, faults: Mapping[str, Fault] | None = None, **facts: Any) -> str:
    """A page of those who plan; ``saved`` tells what the form before it did."""
    return render_template(
        f"organise/{template}.html",
        faults=faults or {},
        facts_of=lambda fault, language: fault.facts,
        language_codes=LANGUAGES,
        most_questions=MAX_QUESTIONS,
        start=START,
        saved=request.args.get("sparat", ""),
        sluice_options=_sluice_options,
        **{"late": None, **facts},
    )


def _sluice_options(sluices: Sequence[Sluice], choose: str) -> list[tuple[str, str]]:
    """What a field for a municipality offers, beginning with nothing chosen."""
    return [("", choose), *((each.slug, each.name) for each in sluices)]


def event_page(template: str, event: Event, tab: str, **facts: Any) -> str:
    """A page within an event's frame."""
    return page(template, event=event, tab=tab, **facts)


def go(path: str, what: str, **more: str) -> ResponseReturnValue:
    """Go on to a page that says what was done."""
    return redirect(link(path, sparat=what, **more), 303)


def by_field(fault: Rejected) -> dict[str, Fault]:
    """One use case's refusal, beside its field."""
    return {fault.field: Fault(f"organise.fault.{fault.message_key}")}


def typed() -> dict[str, str]:
    """What somebody wrote into the form, without what only the page needs."""
    return {name: value for name, value in form_text().items() if name != "form_token"}
