"""What all of the administrators' forms share: what was typed, what is wrong, and what was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.numbers import format_decimal
from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.sluice_settings import Fault
from shared.contracts.facts import LANGUAGES
from shared.errors import Rejected
from shared.web.language import link

START = "/kontakt/admin/"
SLUICE = f"{START}sluss/<slug>"


def here(slug: str) -> str:
    """The page of a sluice."""
    return f"{START}sluss/{slug}"


def page(template: str, *, faults: Mapping[str, Fault] | None = None, **facts: Any) -> str:
    """A page of the administrators'; ``saved`` tells what the form before it did."""
    return render_template(
        f"admin/{template}.html",
        faults=faults or {},
        language_codes=LANGUAGES,
        start=START,
        facts_of=facts_of,
        saved=request.args.get("sparat", ""),
        **facts,
    )


def facts_of(fault: Fault, language: str) -> dict[str, str]:
    """A fault's facts as people read them in that language: a contrast of 4.5 is 4,5 in Swedish."""
    facts = dict(fault.facts)
    if "contrast" in facts:
        facts["contrast"] = format_decimal(float(facts["contrast"]), format="0.0", locale=language)
    return facts


def saved(path: str, what: str) -> ResponseReturnValue:
    """Go on to a page that says what was done."""
    return redirect(link(path, sparat=what), 303)


def by_field(fault: Rejected) -> dict[str, Fault]:
    """One use case's refusal, beside its field."""
    return {fault.field: Fault(fault.message_key)}


def typed() -> dict[str, str]:
    """What somebody wrote into the form, without what only the page needs."""
    return {name: value for name, value in request.form.items() if name != "form_token"}
