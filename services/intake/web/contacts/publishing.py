"""The page on which a contact decides in what words an idea stands on the public board.

What points at a person is marked in the original and hidden in the proposal; the contact shows, hides and writes as
they see fit. Looking and previewing change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.masking import Marked, Thing, decided, things, visible
from services.intake.usecases import publish
from services.intake.usecases.publish import MAX_TEXT, Publishable
from services.intake.usecases.receive import TITLE_LIMIT
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import session
from shared.web.form_text import ROOM, form_text, version_in
from shared.web.language import link
from shared.web.room import room_for
from shared.web.viewer import viewer

PAGE = "/kontakt/ide/<reference>/publicera"


@dataclass(frozen=True, slots=True)
class _Draft:
    """The words that the contact has before them."""

    title: str
    text: str


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>/publicera`` to the app."""

    def looked(reference: str) -> Publishable:
        with database.transaction() as transaction:
            return publish.look(transaction, viewer(), reference)

    def closed() -> ResponseReturnValue:
        return render_template("publishing/closed.html"), 404

    @app.get(PAGE)
    @session.require_person
    def publishing(reference: str) -> ResponseReturnValue:
        try:
            idea = looked(reference)
        except NotFound:
            return closed()
        return _page(idea, _first_draft(idea))

    @app.post(PAGE)
    @room_for(fields=ROOM)
    @session.require_person
    def publish_idea(reference: str) -> ResponseReturnValue:
        try:
            idea = looked(reference)
            draft = _decided(idea)
            if request.form.get("do") == "preview":
                return _page(idea, draft, previews=True)
            with database.transaction() as transaction:
                publish.publish(
                    transaction,
                    viewer(),
                    reference,
                    version=version_in(request.form),
                    title=draft.title,
                    text=draft.text,
                )
        except NotFound:
            return closed()
        except Conflict:
            return _page(looked(reference), draft, faults={"idea": "changed"}), 409
        except Rejected as fault:
            return _page(
                idea, draft, faults=publish.faults(draft.title, draft.text) or {fault.field: fault.message_key}
            ), 422
        return redirect(link(f"/kontakt/ide/{reference}/publicera"), 303)

    @app.post(f"{PAGE}/ta-bort")
    @session.require_person
    def unpublish_idea(reference: str) -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                publish.unpublish(transaction, viewer(), reference, version=version_in(request.form))
        except NotFound:
            return closed()
        except Conflict:
            idea = looked(reference)
            return _page(idea, _first_draft(idea), faults={"idea": "changed"}), 409
        return redirect(link(f"/kontakt/ide/{reference}/publicera"), 303)


def _first_draft(idea: Publishable) -> _Draft:
    """What stands on the board, or stood there last; else the original with everything hidden."""
    if idea.public_title is not None and idea.public_text is not None:
        return _Draft(idea.public_title, idea.public_text)
    return _Draft(idea.title.hiding((), (), idea.words), idea.text.hiding((), (), idea.words))


def _decided(idea: Publishable) -> _Draft:
    """The form's words, with everything hidden or shown as its boxes say."""
    every = things(idea.title, idea.text)
    hidden = set(request.form.getlist("hide"))
    typed = form_text()
    title, text = typed.get("title", "").replace("\n", " "), typed.get("text", "")
    if max(len(title), len(text)) > 2 * MAX_TEXT:
        return _Draft(title, text)  # it is refused in any case
    return _Draft(
        decided(title, idea.title, every, hidden, idea.words), decided(text, idea.text, every, hidden, idea.words)
    )


def _page(idea: Publishable, draft: _Draft, *, previews: bool = False, faults: dict[str, str] | None = None) -> str:
    every: tuple[Thing, ...] = things(idea.title, idea.text)
    shown = visible(draft.title, every) | visible(draft.text, every)
    return render_template(
        "publishing/publishing.html",
        idea=idea,
        draft=draft,
        things=every,
        hidden={thing.id for thing in every} - shown,
        preview=(Marked.of(draft.title), Marked.of(draft.text[:MAX_TEXT])) if previews else None,
        faults=faults or {},
        limits={"title": TITLE_LIMIT, "text": MAX_TEXT},
    )
