"""The public board of a sluice: its ideas, each with its answers, and the stories of those that became real."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.domain.idea import PATH, Reference, Stage
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import board, queries, sluices
from services.intake.store.board import Order, Place
from services.intake.web.public.small_stair import small_stair
from services.intake.web.stair import stair
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings

MAX_WORDS = 200
"""Characters of a search."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/tavla/<slug>`` and what lies below it to the app."""
    app.jinja_env.globals["small_stair"] = small_stair
    app.jinja_env.globals["base_url"] = settings.base_url

    @app.get("/tavla/<slug>")
    def show_board(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            sluice = find_sluice(session, slug)
            if sluice is None or not sluice.board:
                return closed(sluice), 404
            return render_template("board/board.html", sluice=sluice, **_asked(session, sluice))

    @app.get("/tavla/<slug>/berattelser")
    def show_stories(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            sluice = find_sluice(session, slug)
            if sluice is None or not sluice.board:
                return closed(sluice), 404
            told = board.stories(session, sluice_id=sluice.id)
        return render_template("board/stories.html", sluice=sluice, stories=told)

    @app.get("/tavla/<slug>/<reference>")
    def show_idea(slug: str, reference: str) -> ResponseReturnValue:
        with database.transaction() as session:
            try:
                return idea_page(session, slug, reference)
            except NotFound:
                queries.see_removed(session, str(Reference.parse(reference) or ""))
                return closed(find_sluice(session, slug)), 404


def idea_page(session: Session, slug: str, reference: str, **more: Any) -> str:
    """An idea's page; ``more`` is what somebody typed into its forms, and what is wrong with it.

    :raises NotFound: no such idea is public.
    """
    known = Reference.parse(reference)
    idea = board.idea(session, slug, str(known or ""))
    left = board.left_at(session, idea.id) if idea.stage is Stage.CLOSED else Stage.RECEIVED
    given: dict[str, Any] = {"typed": {}, "faults": {}, "sent": request.args.get("skickat", "")}
    return render_template(
        "board/idea.html",
        sluice=sluices.profile_by_slug(session, slug),
        idea=idea,
        stair=stair(idea.stage, left),
        answers=board.answers(session, idea.id),
        comments=board.comments(session, idea.id) if idea.comments != "off" else [],
        story=next(iter(board.stories(session, idea_id=idea.id, limit=1)), None),
        **(given | more),
    )


def find_sluice(session: Session, slug: str) -> SluiceProfile | None:
    """The sluice with that slug, or None."""
    try:
        return sluices.profile_by_slug(session, slug)
    except NotFound:
        return None


def closed(sluice: SluiceProfile | None) -> str:
    """The page that says that there is nothing to see here, and where to go."""
    return render_template("board/closed.html", sluice=sluice)


def _asked(session: Session, sluice: SluiceProfile) -> dict[str, Any]:
    """What the board shows for the present address, and what its filter says."""
    words = " ".join(request.args.get("q", "").split())[:MAX_WORDS]
    asked = request.args.get("steg", "")
    stage = Stage(asked) if asked in list(Stage) else None
    order = Order.SUPPORTED if request.args.get("ordning") == "stod" else Order.NEWEST
    after = Place.parse(request.args.get("fran", ""))
    cards, following = board.cards(session, sluice.id, words=words, stage=stage, order=order, after=after)
    chosen = {"q": words, "steg": stage.value if stage else "", "ordning": "stod" if order is Order.SUPPORTED else ""}
    return {
        "cards": cards,
        "chosen": {name: value for name, value in chosen.items() if value},
        "following": str(following) if following else None,
        "is_first": after is None,
        "stages": [*PATH, Stage.CLOSED],
        "told": bool(board.stories(session, sluice_id=sluice.id, limit=1)),
    }
