"""Administration of who may do everything, of tokens for programs, and the history of all that was changed."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.intake.domain.sluice_settings import Fault
from services.intake.store import sluices
from services.intake.usecases import administer_people, administer_tokens, changes
from services.intake.web.administration.admin_forms import START, by_field, page, saved, typed
from shared.db import Database
from shared.errors import Rejected
from shared.settings import Settings
from shared.web import ended, session
from shared.web.session import require_admin

ADMINISTRATORS = f"{START}administratorer"
TOKENS = f"{START}nycklar"
HISTORY = f"{START}historik"
A_PAGE = 50


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the pages of administrators, tokens and history."""

    def administrators(*, faults: dict[str, Fault] | None = None, value: dict[str, str] | None = None) -> str:
        with database.transaction() as transaction:
            found = administer_people.administrators(transaction)
        return page("administrators", people=found, faults=faults, value=value or {"language": settings.language})

    def tokens(*, faults: dict[str, Fault] | None = None, **more: object) -> str:
        with database.transaction() as transaction:
            found = administer_tokens.api_tokens(transaction)
        facts: dict[str, object] = {"value": {}, "chosen": [], "fresh": None} | more
        return page("tokens", tokens=found, scopes=administer_tokens.SCOPES, faults=faults, **facts)

    @app.get(ADMINISTRATORS)
    @require_admin
    def administrators_page() -> str:
        return administrators()

    @app.post(ADMINISTRATORS)
    @require_admin
    def add_administrator() -> ResponseReturnValue:
        given = {name: request.form.get(name, "") for name in ("name", "address", "language")}
        try:
            with database.transaction() as transaction:
                administer_people.add_administrator(transaction, session.who(), **given)
        except Rejected as fault:
            return administrators(faults=by_field(fault), value=typed()), 422
        return saved(ADMINISTRATORS, "administrator_added")

    @app.post(f"{ADMINISTRATORS}/bort")
    @require_admin
    def remove_administrator() -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                administer_people.remove_administrator(transaction, session.who(), request.form.get("address", ""))
        except Rejected as fault:
            return administrators(faults=by_field(fault)), 422
        ended.forget()
        return saved(ADMINISTRATORS, "administrator_removed")

    @app.get(TOKENS)
    @require_admin
    def tokens_page() -> str:
        return tokens()

    @app.post(TOKENS)
    @require_admin
    def issue_token() -> ResponseReturnValue:
        name, scopes = request.form.get("name", "").strip(), request.form.getlist("scopes")
        try:
            with database.transaction() as transaction:
                fresh = administer_tokens.issue_token(transaction, settings, session.who(), name=name, scopes=scopes)
        except Rejected as fault:
            return tokens(faults=by_field(fault), value=typed(), chosen=scopes), 422
        # Shown in the answer itself and kept nowhere: a redirect would have to carry it.
        return tokens(fresh=fresh), 201

    @app.post(f"{TOKENS}/aterkalla")
    @require_admin
    def revoke_token() -> ResponseReturnValue:
        name = request.form.get("revoked", "").strip()
        try:
            with database.transaction() as transaction:
                administer_tokens.revoke_token(transaction, session.who(), name)
        except Rejected as fault:
            return tokens(faults=by_field(fault), value=typed()), 422
        ended.forget()
        return saved(TOKENS, "token_revoked")

    @app.get(HISTORY)
    @require_admin
    def history() -> str:
        slug = request.args.get("sluice") or None
        edge = request.args.get("fore", type=UUID)
        with database.transaction() as transaction:
            found = changes.past_changes(transaction, slug=slug, before=edge, limit=A_PAGE + 1)
            every = sluices.profiles(transaction)
        return page("history", changes=found[:A_PAGE], more=len(found) > A_PAGE, sluices=every, slug=slug)
