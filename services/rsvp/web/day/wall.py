"""The projector: ideas as they arrive, by theme, without names, readable from ten metres."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.caught import ThemeGroup
from services.rsvp.usecases import workshop
from services.rsvp.usecases.access import seen_event
from shared.db import Database
from shared.web import session as signed_in
from shared.web.viewer import viewer

PAGE = "/kontakt/traffar/<slug>/vagg"
MOST = 8
"""Ideas of a theme that are shown; how many more there are is said."""


def register(app: Flask, database: Database) -> None:
    """Add ``/kontakt/traffar/<slug>/vagg``, and what it asks for every three seconds."""

    @app.get(PAGE)
    @signed_in.require_person
    def wall_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            groups = workshop.on_the_wall(session, event)
            return render_template("day/wall.html", event=event, groups=groups, sign=_sign(groups), most=MOST)

    @app.get(f"{PAGE}/ideer")
    @signed_in.require_person
    def wall_ideas(slug: str) -> ResponseReturnValue:
        """The ideas, where they are others than those that the page shows; else 204, which changes nothing."""
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            groups = workshop.on_the_wall(session, event)
            sign = _sign(groups)
            if request.args.get("visar", "") == sign:
                return "", 204
            return render_template("day/wall_ideas.html", event=event, groups=groups, sign=sign, most=MOST)


def _sign(groups: Sequence[ThemeGroup]) -> str:
    """Names what is shown: other ideas, words or themes have another."""
    shown = [(group.theme, [(idea.id, idea.text) for idea in group.ideas]) for group in groups]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
