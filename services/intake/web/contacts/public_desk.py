"""What contacts decide about the public board: the story of an implemented idea, and comments that wait for them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import comment_idea, tell_story
from services.intake.usecases.tell_story import MAX_TEXT, MAX_TITLE
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.session import require_person
from shared.web.viewer import viewer

COMMENTS = "/kontakt/kommentarer/"
LIMITS = {"title": MAX_TITLE, "text": MAX_TEXT}


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>/berattelse`` and ``/kontakt/kommentarer/`` to the app."""

    def story_page(reference: str, **more: Any) -> str:
        with database.transaction() as session:
            story = tell_story.look(session, viewer(), reference)
        given: dict[str, Any] = {
            "typed": {"title": story.title, "text": story.text},
            "faults": {},
            "conflict": False,
            "limits": LIMITS,
            "done": request.args.get("klart", ""),
        }
        return render_template("desk/story.html", story=story, **(given | more))

    @app.get("/kontakt/ide/<reference>/berattelse")
    @require_person
    def show_story(reference: str) -> ResponseReturnValue:
        return story_page(reference.upper())

    @app.post("/kontakt/ide/<reference>/berattelse")
    @require_person
    def keep_story(reference: str) -> ResponseReturnValue:
        typed = form_text()
        title, text, seen = (typed.get(name, "") for name in ("title", "text", "seen"))
        publish = typed.get("act") == "publish"
        try:
            with database.transaction() as session:
                tell_story.save(
                    session, viewer(), reference.upper(), title=title, text=text, publish=publish, seen=seen
                )
        except Rejected as fault:
            kept = {"title": title, "text": text}
            return story_page(reference.upper(), typed=kept, faults={fault.field: fault.message_key}), 422
        except Conflict:
            return story_page(reference.upper(), typed={"title": title, "text": text}, conflict=True), 409
        done = "publicerad" if publish else "sparad"
        return redirect(link(f"/kontakt/ide/{reference.upper()}/berattelse", klart=done), 303)

    @app.get(COMMENTS)
    @require_person
    def show_comments() -> ResponseReturnValue:
        with database.transaction() as session:
            held = comment_idea.listed(session, viewer())
            shown = comment_idea.listed(session, viewer(), state="shown", limit=20)
            hidden = comment_idea.listed(session, viewer(), state="hidden", limit=20)
        return render_template("desk/comments.html", held=held, shown=shown, hidden=hidden)

    @app.post("/kontakt/kommentarer/<uuid:comment_id>")
    @require_person
    def decide_comment(comment_id: UUID) -> ResponseReturnValue:
        state, was = request.form.get("state", ""), request.form.get("was", "")
        with database.transaction() as session:
            comment_idea.decide(session, viewer(), comment_id, state=state, was=was)
        return redirect(link(COMMENTS), 303)
