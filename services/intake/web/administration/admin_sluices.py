"""Administration of sluices: the list, a new one, and each part of its settings."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.intake.domain.sluice_settings import (
    COMMENTS,
    OPEN_TO,
    TEXTS,
    Fault,
    Part,
    read_new,
    read_part,
    write_part,
)
from services.intake.store import sluices
from services.intake.usecases import administer_sluice
from services.intake.usecases.retain import rules_of
from services.intake.web.administration.admin_forms import SLUICE, START, by_field, here, page, saved, typed
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.questions import MAX_QUESTIONS, QuestionKind, load
from shared.settings import Settings
from shared.web import session
from shared.web.session import require_admin

NEW = f"{START}ny"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the list, the page of each sluice, and the form of each part."""

    @app.get(START)
    @require_admin
    def admin_start() -> str:
        with database.transaction() as transaction:
            return page("start", sluices=sluices.profiles(transaction))

    @app.get(NEW)
    @require_admin
    def new_sluice() -> str:
        return page("new", value={"language": settings.language})

    @app.post(NEW)
    @require_admin
    def create_sluice() -> ResponseReturnValue:
        filled = read_new(request.form, LANGUAGES)
        faults = dict(filled.faults)
        if not faults:
            try:
                with database.transaction() as transaction:
                    slug = administer_sluice.create_sluice(transaction, session.who(), filled.values)
                return saved(here(slug), "created")
            except Rejected as fault:
                faults = by_field(fault)
        return page("new", value=typed(), faults=faults), 422

    @app.get(SLUICE)
    @require_admin
    def admin_sluice(slug: str) -> str:
        with database.transaction() as transaction:
            sluice = sluices.profile_by_slug(transaction, slug)
            retention = rules_of(transaction, sluice.id)
        return page("sluice", sluice=sluice, here=here(slug), questions=load(sluice.questions), retention=retention)

    @app.get(f"{SLUICE}/<any({','.join(Part)}):part>")
    @require_admin
    def part_page(slug: str, part: str) -> str:
        return _part_page(database, slug, Part(part))

    @app.post(f"{SLUICE}/<any({','.join(Part)}):part>")
    @require_admin
    def save_part(slug: str, part: str) -> ResponseReturnValue:
        filled = read_part(Part(part), _with_fixed(database, slug, Part(part)), LANGUAGES)
        if filled.faults:
            return _part_page(database, slug, Part(part), value=typed(), faults=dict(filled.faults)), 422
        state = request.form.get("state", "")
        try:
            with database.transaction() as transaction:
                administer_sluice.change_part(transaction, session.who(), slug, Part(part), filled.values, state)
        except Rejected as fault:
            return _part_page(database, slug, Part(part), value=typed(), faults=by_field(fault)), 422
        except Conflict:
            return _part_page(database, slug, Part(part), value=typed(), is_late=True), 409
        return saved(here(slug), "changed")


def _with_fixed(database: Database, slug: str, part: Part) -> dict[str, str]:
    """The form, with the code where the page shows it without a field."""
    form = request.form.to_dict()
    if part is Part.NAME and "code" not in form:
        with database.transaction() as transaction:
            form["code"] = sluices.profile_by_slug(transaction, slug).code
    return form


def _part_page(
    database: Database,
    slug: str,
    part: Part,
    *,
    value: dict[str, str] | None = None,
    faults: dict[str, Fault] | None = None,
    is_late: bool = False,
) -> str:
    with database.transaction() as transaction:
        look = administer_sluice.look_at_part(transaction, slug, part)
    now_there = write_part(part, look.values, LANGUAGES)
    facts: dict[str, Any] = {
        "sluice": look.sluice,
        "here": here(slug),
        "part": part,
        "value": now_there if value is None else value,
        "now_there": now_there,
        "is_late": is_late,
        # Who was late sees what is there now, and may save over it.
        "state": look.state if value is None or is_late else request.form.get("state", ""),
        "is_code_fixed": look.is_code_fixed,
        "open_to": OPEN_TO,
        "comments": COMMENTS,
        "texts": TEXTS,
        "kinds": QuestionKind,
        "most_questions": MAX_QUESTIONS,
    }
    return page("part", faults=faults, **facts)
