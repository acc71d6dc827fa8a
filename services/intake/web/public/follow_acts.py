"""What somebody does on the page of their idea. The link is all the right there is, and stands in each form as well:
a foreign page cannot make such a request without knowing it.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference, SubmitterKind
from services.intake.usecases import submitter
from services.intake.usecases.announce import Announcer
from services.intake.web import uploads
from services.intake.web.public.follow import closed, opened, page
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.room import room_for


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add what the forms on ``/i/<reference>`` are sent to."""
    announcer = Announcer(settings)

    def again(known: str, wrong: Rejected) -> ResponseReturnValue:
        return page(settings, database, known, faults={wrong.field: wrong.message_key}, typed=form_text()), 422

    def act(reference: str, done: str, change: Callable[[Session, str], object]) -> ResponseReturnValue:
        """Do it and show the page anew; what was refused is shown beside its field, with what was typed."""
        try:
            known = opened(settings, reference, request.form.get("t", ""))
        except NotFound:
            return closed()
        try:
            with database.transaction() as session:
                change(session, known)
        except Rejected as wrong:
            return again(known, wrong)
        token = links.follow_token(settings.signer, known)
        return redirect(link(f"/i/{known}", t=token, **({"klart": done} if done else {})), 303)

    @app.post("/i/<reference>/kind")
    def say_kind(reference: str) -> ResponseReturnValue:
        def change(session: Session, known: str) -> None:
            submitter.state_kind(session, known, _kind())

        return act(reference, "", change)

    @app.post("/i/<reference>/tillagg")
    @room_for(fields=uploads.MAX_FIELDS, body=uploads.MAX_BODY)
    def add(reference: str) -> ResponseReturnValue:
        form = form_text()
        try:
            mine = opened(settings, reference, form.get("t", ""))
            files = uploads.received("files")
        except NotFound:
            return closed()
        except Rejected as wrong:
            return again(mine, wrong)

        def change(session: Session, known: str) -> None:
            submitter.add_words(session, announcer, known, form.get("text", ""), files, form.get("key", ""))

        return act(reference, "added", change)

    @app.post("/i/<reference>/adress")
    def ask_address(reference: str) -> ResponseReturnValue:
        wanted = request.form.get("email", "")
        return act(
            reference, "asked", lambda session, known: submitter.ask_new_address(session, announcer, known, wanted)
        )

    @app.post("/i/<reference>/dra-tillbaka")
    def withdraw(reference: str) -> ResponseReturnValue:
        why = form_text().get("why", "")
        return act(reference, "withdrawn", lambda session, known: submitter.withdraw(session, announcer, known, why))

    @app.post("/i/<reference>/radera")
    def erase(reference: str) -> ResponseReturnValue:
        return act(reference, "erased", lambda session, known: submitter.erase(session, announcer, known))

    @app.get("/i/<reference>/adress/<token>")
    def look_at_address(reference: str, token: str) -> ResponseReturnValue:
        address = _address(reference, token)
        return _address_page(reference, token, address), 200 if address else 404

    @app.post("/i/<reference>/adress/<token>")
    def take_address(reference: str, token: str) -> ResponseReturnValue:
        address = _address(reference, token)
        if address is None or request.form.get("token") != token:
            return _address_page(reference, token, None), 404
        try:
            with database.transaction() as session:
                submitter.change_address(session, reference, address)
        except (NotFound, Conflict):
            return _address_page(reference, token, None), 404
        return redirect(link(request.path, klart="adress"), 303)

    def _address(reference: str, token: str) -> str | None:
        known = Reference.parse(reference)
        return links.new_address_of(settings.signer, reference, token) if known else None

    def _address_page(reference: str, token: str, address: str | None) -> str:
        done = address is not None and request.args.get("klart") == "adress"
        return render_template("follow/new_address.html", reference=reference, token=token, address=address, done=done)


def _kind() -> SubmitterKind:
    try:
        return SubmitterKind(request.form.get("kind", ""))
    except ValueError as error:
        raise Rejected("ask", "follow.fault.kind") from error
