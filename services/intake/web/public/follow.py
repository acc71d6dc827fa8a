"""The page on which somebody follows their idea, opened by the signed link in their confirmation."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.idea import Reference, Stage
from services.intake.domain.idea_form import MAX_FILE_BYTES, MAX_FILES
from services.intake.domain.inbox import is_late
from services.intake.domain.retention import RemovedIdea
from services.intake.store import queries, sluices
from services.intake.web import downloads
from services.intake.web.stair import stage_left, stair
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import links

DONE = frozenset({"added", "asked", "withdrawn", "erased"})
"""What the page may say was just done."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/i/<reference>`` and its downloads to the app."""

    @app.get("/i/<reference>")
    def follow(reference: str) -> ResponseReturnValue:
        try:
            return page(settings, database, opened(settings, reference, request.args.get("t", "")))
        except RemovedIdea:
            raise
        except NotFound:
            return closed()

    @app.get("/i/<reference>/fil/<attachment_id>")
    def follow_file(reference: str, attachment_id: str) -> ResponseReturnValue:
        try:
            known = opened(settings, reference, request.args.get("t", ""))
            with database.transaction() as session:
                file, content = queries.attachment(session, attachment_id)
                row = queries.idea_by_reference(session, known)
        except NotFound:
            return closed()
        return downloads.attachment(file, content) if file.idea_id == row.idea.id else closed()


def opened(settings: Settings, reference: str, token: str) -> str:
    """The reference as we write it, if the token opens it; a wrong one looks as if there were no idea.

    :raises NotFound: it does not.
    """
    found = Reference.parse(reference)
    if found is None or not links.opens_follow(settings.signer, str(found), token):
        raise NotFound("no such page")
    return str(found)


def closed() -> ResponseReturnValue:
    """What is shown to whoever has no right link."""
    return render_template("follow_closed.html"), 404


def page(
    settings: Settings,
    database: Database,
    reference: str,
    *,
    faults: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> str:
    """The idea's page, with what was typed and what is wrong with it where something was refused."""
    with database.transaction() as session:
        row = queries.idea_by_reference(session, reference)
        entries = queries.timeline(session, row.idea.id, public_only=True)
        sluice = sluices.profile(session, row.idea.sluice_id)
        files = queries.attachments(session, row.idea.id)
    done = request.args.get("klart", "")
    return render_template(
        "follow.html",
        idea=row.idea,
        sluice=sluice,
        entries=list(reversed(entries)),
        files=files,
        answered=row.idea.answered_at is not None,
        withdrawn=any(entry.event == "withdrawn" for entry in entries),
        late=is_late(row.idea.answer_by.astimezone(STOCKHOLM).date(), now().astimezone(STOCKHOLM).date()),
        stair=stair(Stage(row.idea.stage), stage_left(entries)),
        token=links.follow_token(settings.signer, reference),
        done=done if done in DONE and not faults else "",
        faults=faults or {},
        typed=typed or {},
        new_key=lambda: secrets.token_hex(16),
        most_files=MAX_FILES,
        most_bytes=MAX_FILE_BYTES,
        in_words=downloads.size_in_words,
    )
