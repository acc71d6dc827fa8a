"""Renew the cookie of whoever is signed in, while their session lives, and read their roles anew.

On intake's own pages this happens unseen, before any view; from other services' pages browsers are led here and back.
"""

from __future__ import annotations

from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import sessions
from services.intake.web.signing_in.place import place
from shared.clock import now
from shared.db import Database
from shared.web import session
from shared.web.session import Person

HOME = "/kontakt/"


def register(app: Flask, database: Database) -> None:
    """Let the app renew, and add the address to which others lead."""

    @app.before_request
    def renew() -> None:
        if not request.path.startswith(f"{session.PATH}/"):
            return
        former = session.run_out()
        if former is None:
            return
        moment = now()
        with database.transaction() as transaction:
            known = sessions.renew_session(transaction, former.session_id, place(), moment)
        if known is None:
            session.renewed(None)
            return
        person = Person(known.address, known.roles, moment + session.FRESH, former.session_id)
        session.renewed(person)
        g.renewed = person

    @app.after_request
    def keep(response: Response) -> Response:
        person: Person | None = g.pop("renewed", None)
        # A view that signs in or out has the last word: the former session has just ended.
        is_decided = any(value.startswith(f"{session.COOKIE}=") for value in response.headers.getlist("Set-Cookie"))
        if person is not None and not is_decided:
            session.sign_in(response, person.name, person.roles, session_id=person.session_id)
        return response

    @app.route(session.RENEW, methods=["GET", "POST"])
    def renewed() -> ResponseReturnValue:
        onward = session.onward(request.args.get("next", ""), HOME)
        if session.current() is None:
            return session.signed_out(onward)
        # 307 keeps method and body: a form that was on its way goes on with all that was typed.
        return redirect(onward, 307 if request.method == "POST" else 303)
