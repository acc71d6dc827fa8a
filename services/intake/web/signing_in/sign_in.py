"""Signing in by a link that is sent by mail, and signing out."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from services.intake.usecases import sessions, sign_in
from services.intake.web.signing_in.place import place
from services.intake.web.signing_in.renewal import HOME
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.mail.addresses import is_sendable
from shared.settings import Settings
from shared.web import ended, session
from shared.web.language import link

BROWSER = "idesluss_browser"
"""The cookie that tells the browser which asked for a link from every other."""
SENT = f"{session.SIGN_IN}/skickat"
OUT = "/kontakt/ut"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/in``, the page of each link, and ``/kontakt/ut``."""

    @app.get(session.SIGN_IN)
    def ask_page() -> ResponseReturnValue:
        if session.current() is not None:
            return redirect(session.onward(request.args.get("next", ""), HOME), 303)
        return _ask_page(settings)

    @app.post(session.SIGN_IN)
    def ask() -> ResponseReturnValue:
        session.check_site()
        address = request.form.get("address", "").strip()
        if not is_sendable(address):
            return _ask_page(settings, address=address, fault="address"), 422
        browser = request.cookies.get(BROWSER) or sign_in.new_token()
        with database.transaction() as transaction:
            is_taken = sign_in.ask_for_link(
                transaction,
                settings,
                address=address,
                browser=browser,
                place=place(),
                next_path=session.onward(request.form.get("next", ""), HOME),
                moment=now(),
            )
        if not is_taken:
            return _ask_page(settings, address=address, fault="too_often"), 429
        response = redirect(link(SENT), 303)
        remember_browser(settings, response, browser)
        return response

    @app.get(SENT)
    def sent() -> str:
        return render_template("sign_in/sent.html", catches_mail=settings.catches_mail)

    @app.get(f"{session.SIGN_IN}/<token>")
    def link_page(token: str) -> ResponseReturnValue:
        return _link_page(database, token)

    @app.post(f"{session.SIGN_IN}/<token>")
    def enter(token: str) -> ResponseReturnValue:
        session.check_site()
        former = session.current()
        try:
            with database.transaction() as transaction:
                entered = sign_in.use_link(
                    transaction,
                    token,
                    browser=request.cookies.get(BROWSER, ""),
                    is_confirmed=request.form.get("confirmed") == "yes",
                    place=place(),
                    moment=now(),
                )
                end_former(transaction, former)
        except Rejected as fault:
            return _link_page(database, token, fault=fault.message_key)
        except NotFound:
            return _closed()
        return enter_as(entered)

    @app.post(OUT)
    def sign_out() -> ResponseReturnValue:
        session.check_site()
        person = session.current()
        if person is not None:
            session.check_form()
            with database.transaction() as transaction:
                end_former(transaction, person)
                sign_in.end_links(transaction, person.name, now())
            ended.forget()
        response = redirect(link(session.SIGN_IN, ut="1"), 303)
        session.sign_out(response)
        return response


def enter_as(entered: sign_in.Entered) -> Response:
    """Let the browser in, and lead it to where it was going."""
    ended.forget()
    response = redirect(session.onward(entered.next_path, HOME), 303)
    session.sign_in(response, entered.person.address, entered.person.roles, session_id=entered.session_id)
    return response


def end_former(transaction: Session, person: session.Person | None) -> None:
    """End the session that this browser was in: a new sign-in is a new session."""
    if person is not None and person.session_id:
        sessions.end_session(transaction, person.name, UUID(person.session_id), now())


def remember_browser(settings: Settings, response: Response, browser: str) -> None:
    """Give the browser the cookie by which it is known again."""
    response.set_cookie(
        BROWSER,
        browser,
        max_age=sign_in.HOLDS,
        path=session.SIGN_IN,
        httponly=True,
        secure=urlsplit(settings.base_url).scheme == "https",
        samesite="Lax",
    )


def _ask_page(settings: Settings, *, address: str = "", fault: str | None = None) -> str:
    return render_template(
        "sign_in/ask.html",
        address=address,
        fault=fault,
        next=request.values.get("next", ""),
        has_left="ut" in request.args,
        has_oidc=bool(settings.oidc_issuer),
        oidc_fault=request.args.get("fel") if request.args.get("fel") in ("okand", "avbruten") else None,
    )


def _link_page(database: Database, token: str, *, fault: str | None = None) -> ResponseReturnValue:
    try:
        with database.transaction() as transaction:
            found = sign_in.look_at_link(transaction, token, request.cookies.get(BROWSER, ""), now())
    except NotFound:
        return _closed()
    page = render_template("sign_in/link.html", found=found, token=token, fault=fault)
    return page, 422 if fault else 200


def _closed() -> ResponseReturnValue:
    return render_template("sign_in/closed.html"), 404
