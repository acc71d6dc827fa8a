"""What programs do with ideas: answer and move them, and write notes, in the name of their token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.usecases.announce import Announcer
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.note_idea import MAX_NOTE, note_idea
from services.intake.usecases.official import MAX_ANSWER, MAX_REASON
from services.intake.web import schemas
from services.intake.web.known_reference import known
from shared.db import Database
from shared.viewer import Viewer
from shared.web.api import Blueprint
from shared.web.tokens import bearer_name


class MoveSchema(Schema):
    """An official answer, and the stage that the idea is in after it."""

    to = fields.Enum(Stage, by_value=True, required=True)
    answer = fields.String(
        required=True,
        validate=validate.Length(1, MAX_ANSWER),
        metadata={"description": "What its submitter is mailed, signed with the token's name."},
    )
    close_reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MAX_REASON),
        metadata={"description": "In a line; needed where the idea is closed."},
    )
    version = fields.Integer(
        required=True,
        strict=True,
        metadata={"description": "The version that the answer is about; 409 where the idea has changed since."},
    )


class NoteSchema(Schema):
    """What only those who work with the idea see."""

    text = fields.String(required=True, validate=validate.Length(1, MAX_NOTE))


def add_acts(
    ideas: Blueprint,
    database: Database,
    announcer: Announcer,
    detail: Callable[[Session, str], dict[str, Any]],
    *,
    scope: str,
) -> None:
    """Add ``/ideas/<reference>/moves`` and ``…/notes``."""

    @ideas.route("/<reference>/moves", method="POST")
    @ideas.scope(scope)
    @ideas.takes(MoveSchema)
    @ideas.gives(200, schemas.IdeaDetailSchema)
    def post_move(body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Answer an idea officially and move it. Its submitter and followers are mailed."""
        with database.transaction() as session:
            move_idea(session, announcer, _program(), known(reference), **body)
            session.flush()
            return detail(session, known(reference))

    @ideas.route("/<reference>/notes", method="POST")
    @ideas.scope(scope)
    @ideas.takes(NoteSchema)
    @ideas.gives(201, schemas.IdeaDetailSchema)
    def post_note(body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Write an internal note."""
        with database.transaction() as session:
            note_idea(session, _program(), known(reference), text=body["text"])
            session.flush()
            return detail(session, known(reference))


def _program() -> Viewer:
    return Viewer(bearer_name(), is_administrator=True)
