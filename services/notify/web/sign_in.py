"""How an administrator signs in and out: with the API token that holds every scope.

A stand-in until contacts sign in with a link by mail; the cookie is the same one (see ``shared.web.session``).
"""

from __future__ import annotations

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.web.frame import SECTIONS
from shared.settings import Settings
from shared.web import session, tokens
from shared.web.language import link

START = SECTIONS["queues"]
OUT = f"{START}ut"
LONGEST = 1000
"""Signs of an address to go on to."""


def register(app: Flask, settings: Settings) -> None:
    """Add the sign-in page and the way out."""

    @app.get(session.SIGN_IN)
    def sign_in_page() -> ResponseReturnValue:
        person = session.current()
        if person is not None and person.is_administrator:
            return redirect(onward(request.args.get("next", "")), 303)
        return _page()

    @app.post(session.SIGN_IN)
    def sign_in() -> ResponseReturnValue:
        session.check_site()
        token = tokens.verify(settings.signer, request.form.get("token", "").strip())
        if token is None or not token.allows(tokens.ALL):
            return _page(fault="wrong" if token is None else "narrow"), 422
        response = redirect(onward(request.form.get("next", "")), 303)
        session.sign_in(response, token.name, [session.ADMINISTRATOR])
        return response

    @app.post(OUT)
    def sign_out() -> ResponseReturnValue:
        session.check_form()
        response = redirect(link(session.SIGN_IN), 303)
        session.sign_out(response)
        return response


def onward(wanted: str) -> str:
    """Where to go after signing in: a page of contacts or administrators, never another host."""
    plain = wanted.isascii() and wanted.isprintable() and len(wanted) <= LONGEST and "\\" not in wanted
    return wanted if plain and wanted.startswith("/kontakt/") and ".." not in wanted else link(START)


def _page(fault: str | None = None) -> str:
    return render_template("drift/sign_in.html", fault=fault, next=request.values.get("next", ""))
