"""The page on which whoever sent an idea follows one that says the same: ``/i/samma/<token>``."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import same_idea
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import links
from shared.web.language import link


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/i/samma/<token>`` to the app."""

    def named(token: str) -> tuple[UUID, UUID]:
        found = links.same_idea_of(settings.signer, token)
        if found is None:
            raise NotFound("no such page")
        return found

    def closed() -> ResponseReturnValue:
        return render_template("act_links/same_closed.html"), 404

    @app.get("/i/samma/<token>")
    def show_same_idea(token: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                same = same_idea.look(session, *named(token))
        except NotFound:
            return closed()
        return render_template("act_links/same.html", same=same, sluice=same.sluice, token=token)

    @app.post("/i/samma/<token>")
    def follow_same_idea(token: str) -> ResponseReturnValue:
        try:
            if request.form.get("token") != token:
                return closed()
            with database.transaction() as session:
                same_idea.follow(session, *named(token))
        except NotFound:
            return closed()
        return redirect(link(f"/i/samma/{token}"), 303)
