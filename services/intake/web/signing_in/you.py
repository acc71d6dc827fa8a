"""The page "Du": your sessions, your roles, your language, and who stands in for you."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import sessions, you
from shared.clock import STOCKHOLM, now
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Rejected
from shared.settings import Settings
from shared.web import ended, links, session
from shared.web.language import link
from shared.web.session import require_person

PAGE = "/kontakt/du"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/du`` and what can be changed there."""

    def page(*, fault: Rejected | None = None, at: str = "", typed: dict[str, str] | None = None) -> str:
        with database.transaction() as transaction:
            found = you.about(transaction, session.who(), now())
        person = session.current()
        return render_template(
            "sign_in/you.html",
            you=found,
            own_session=person.session_id if person else "",
            preferences=links.preferences_url(settings, session.who()) if found else "",
            language_codes=LANGUAGES,
            fault=fault,
            fault_at=at,
            typed=typed or {},
            saved=request.args.get("sparat", ""),
        )

    def saved(what: str) -> ResponseReturnValue:
        return redirect(link(PAGE, sparat=what), 303)

    @app.get(PAGE)
    @require_person
    def show_you() -> ResponseReturnValue:
        return page()

    @app.post(f"{PAGE}/sprak")
    @require_person
    def choose_language() -> ResponseReturnValue:
        with database.transaction() as transaction:
            you.set_language(transaction, session.who(), request.form.get("language", ""))
        return saved("language")

    @app.post(f"{PAGE}/borta/<slug>")
    @require_person
    def be_away(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                you.set_away(transaction, session.who(), slug, **_away())
        except Rejected as fault:
            return page(fault=fault, at=slug, typed=request.form.to_dict()), 422
        return saved("away")

    @app.post(f"{PAGE}/sessioner/<uuid:identity>")
    @require_person
    def end_one(identity: UUID) -> ResponseReturnValue:
        with database.transaction() as transaction:
            sessions.end_session(transaction, session.who(), identity, now())
        ended.forget()
        return saved("session")

    @app.post(f"{PAGE}/sessioner")
    @require_person
    def end_others() -> ResponseReturnValue:
        person = session.current()
        assert person is not None  # require_person lets nobody else in
        with database.transaction() as transaction:
            sessions.end_sessions(transaction, person.name, now(), keep=person.session_id)
        ended.forget()
        return saved("sessions")


def _away() -> dict[str, Any]:
    """What the form says, as the use case wants it.

    :raises Rejected: the day is none.
    """
    until, deputy = request.form.get("until", "").strip(), request.form.get("deputy", "")
    try:
        day = date.fromisoformat(until) if until else None
    except ValueError as error:
        raise Rejected("until", "you.fault.day") from error
    try:
        deputy_id = UUID(deputy) if deputy else None
    except ValueError as error:
        raise Rejected("deputy", "you.fault.deputy") from error
    return {"until": day, "deputy_id": deputy_id, "today": now().astimezone(STOCKHOLM).date()}
