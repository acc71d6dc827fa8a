"""What people do on the board: support an idea, comment on it, and press the buttons behind the links we mail them.

Looking changes nothing. A link's token is all the right there is, so its button needs no other proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.store import board, sluices
from services.intake.usecases import comment_idea, support_idea
from services.intake.web.public import mailed_links
from services.intake.web.public.board import closed, find_sluice, idea_page
from services.intake.web.public.mailed_links import opened, pressed
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import links, public_form
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.public_form import is_person, status_of


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the forms' addresses below ``/tavla/`` to the app."""

    guard = public_form.install(app, settings, database)

    def gone(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            return closed(find_sluice(session, slug)), 404

    @app.post("/tavla/<slug>/<reference>/stod")
    def support(slug: str, reference: str) -> ResponseReturnValue:
        typed = form_text()
        try:
            if is_person(guard, f"support:{slug}"):
                with database.transaction() as session:
                    address, language = typed.get("address", ""), typed.get("language", "")
                    support_idea.ask(session, settings, slug, reference.upper(), address=address, language=language)
        except NotFound:
            return gone(slug)
        except Rejected as fault:
            faults = {fault.field: fault.message_key}
            try:
                with database.transaction() as session:
                    return idea_page(session, slug, reference, typed=typed, faults=faults), status_of(fault)
            except NotFound:
                return gone(slug)
        return redirect(link(f"/tavla/{slug}/{reference}", skickat="stod") + "#stod", 303)

    def comment_page(slug: str, reference: str, typed: Mapping[str, str], faults: Mapping[str, str]) -> str:
        with database.transaction() as session:
            idea = board.idea(session, slug, reference.upper())
            sluice = sluices.profile_by_slug(session, slug)
        if idea.comments == "off":
            raise NotFound("no comments here")
        return render_template("board/write_comment.html", idea=idea, sluice=sluice, typed=typed, faults=faults)

    @app.get("/tavla/<slug>/<reference>/kommentar")
    def show_comment_form(slug: str, reference: str) -> ResponseReturnValue:
        try:
            return comment_page(slug, reference, {}, {})
        except NotFound:
            return gone(slug)

    @app.post("/tavla/<slug>/<reference>/kommentar")
    def comment(slug: str, reference: str) -> ResponseReturnValue:
        typed = form_text()
        words = {name: typed.get(name, "") for name in ("name", "address", "text", "language")}
        try:
            if is_person(guard, f"comment:{slug}"):
                with database.transaction() as session:
                    comment_idea.write(session, settings, slug, reference.upper(), **words)
        except NotFound:
            return gone(slug)
        except Rejected as fault:
            try:
                return comment_page(slug, reference, typed, {fault.field: fault.message_key}), status_of(fault)
            except NotFound:
                return gone(slug)
        return redirect(link(f"/tavla/{slug}/{reference}", skickat="kommentar") + "#kommentar", 303)

    def support_page(token: str, purpose: str, template: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                support = support_idea.look(session, opened(settings, purpose, token))
                sluice = sluices.profile_by_slug(session, support.slug)
        except NotFound:
            return mailed_links.closed()
        return render_template(template, support=support, sluice=sluice, token=token)

    @app.get("/tavla/stod/<token>")
    def show_support(token: str) -> ResponseReturnValue:
        return support_page(token, links.SUPPORT, "board/support.html")

    @app.post("/tavla/stod/<token>")
    def confirm_support(token: str) -> ResponseReturnValue:
        return pressed(
            database,
            lambda session: support_idea.confirm(session, opened(settings, links.SUPPORT, token)),
            f"/tavla/stod/{token}",
        )

    @app.get("/tavla/sluta/<token>")
    def show_stop(token: str) -> ResponseReturnValue:
        return support_page(token, links.STOP_FOLLOWING, "board/stop.html")

    @app.post("/tavla/sluta/<token>")
    def stop(token: str) -> ResponseReturnValue:
        def end(session: Session) -> None:
            follower_id = opened(settings, links.STOP_FOLLOWING, token)
            support_idea.stop(session, follower_id, withdraw=request.form.get("act") == "withdraw")

        return pressed(database, end, f"/tavla/sluta/{token}")

    @app.get("/tavla/kommentar/<token>")
    def show_comment(token: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                waiting = comment_idea.look(session, opened(settings, links.COMMENT, token))
                sluice = sluices.profile_by_slug(session, waiting.slug)
                session.expunge_all()
        except NotFound:
            return mailed_links.closed()
        return render_template("board/comment.html", waiting=waiting, sluice=sluice, token=token)

    @app.post("/tavla/kommentar/<token>")
    def confirm_comment(token: str) -> ResponseReturnValue:
        return pressed(
            database,
            lambda session: comment_idea.confirm(session, opened(settings, links.COMMENT, token), _uuid("comment")),
            f"/tavla/kommentar/{token}",
        )


def _uuid(name: str) -> UUID:
    try:
        return UUID(request.form.get(name, ""))
    except ValueError as error:
        raise NotFound("no such thing") from error
