"""How the first administrator signs in: with the API token that holds every scope.

Everybody else has a link sent by mail (``services.intake.web.signing_in.sign_in``); the cookie is the same one.
"""

from __future__ import annotations

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.web.frame import SECTIONS
from shared.settings import Settings
from shared.web import ended, session, tokens

START = SECTIONS["queues"]
IN = f"{START}in"


def register(app: Flask, settings: Settings) -> None:
    """Add the sign-in page. The way out is intake's, for everybody."""

    @app.get(IN)
    def sign_in_page() -> ResponseReturnValue:
        person = session.current()
        if person is not None and person.is_administrator:
            return redirect(session.onward(request.args.get("next", ""), START), 303)
        return _page()

    @app.post(IN)
    def sign_in() -> ResponseReturnValue:
        session.check_site()
        token = tokens.verify(settings.signer, request.form.get("token", "").strip())
        if token is not None and ended.has_ended("token", token.name):
            token = None
        if token is None or not token.allows(tokens.ALL):
            return _page(fault="wrong" if token is None else "narrow"), 422
        response = redirect(session.onward(request.form.get("next", ""), START), 303)
        session.sign_in(response, token.name, [session.ADMINISTRATOR])
        return response


def _page(fault: str | None = None) -> str:
    return render_template("drift/sign_in.html", fault=fault, next=request.values.get("next", ""))
