"""What programs do with ideas: answer and move them, and write notes, in the name of their token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.domain.registry import LONGEST_NUMBER, LONGEST_RECEIPT
from services.intake.usecases.announce import Announcer
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.note_idea import MAX_NOTE, note_idea
from services.intake.usecases.official import MAX_ANSWER, MAX_REASON
from services.intake.usecases.register_idea import hand_over, register_idea
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


class RegisterSchema(Schema):
    """Where the idea stands in the municipality's register from now on."""

    state = fields.String(required=True, validate=validate.OneOf(schemas.REGISTRY))
    number = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_NUMBER),
        metadata={"description": "Needed where the state is registered, and empty where it is not."},
    )
    version = fields.Integer(
        required=True, strict=True, metadata={"description": "As for a move; 409 where the idea has changed since."}
    )


class HandedOverSchema(Schema):
    """What the archive answered."""

    receipt = fields.String(required=True, validate=validate.Length(1, LONGEST_RECEIPT))
    version = fields.Integer(
        required=True, strict=True, metadata={"description": "As for a move; 409 where the idea has changed since."}
    )


def add_acts(
    ideas: Blueprint,
    database: Database,
    announcer: Announcer,
    detail: Callable[[Session, str], dict[str, Any]],
    *,
    scope: str,
) -> None:
    """Add ``/ideas/<reference>/moves``, ``…/notes``, ``…/registry`` and ``…/handed-over``."""

    @ideas.route("/<reference>/moves", method="POST")
    @ideas.scope(scope)
    @ideas.takes(MoveSchema)
    @ideas.gives(200, schemas.IdeaDetailSchema)
    def post_move(body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Answer an idea officially and move it. Its submitter and followers are mailed."""
        with database.transaction() as session:
            move_idea(session, announcer, program(), known(reference), **body)
            session.flush()
            return detail(session, known(reference))

    @ideas.route("/<reference>/notes", method="POST")
    @ideas.scope(scope)
    @ideas.takes(NoteSchema)
    @ideas.gives(201, schemas.IdeaDetailSchema)
    def post_note(body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Write an internal note."""
        with database.transaction() as session:
            note_idea(session, program(), known(reference), text=body["text"])
            session.flush()
            return detail(session, known(reference))

    @ideas.route("/<reference>/registry", method="POST")
    @ideas.scope(scope)
    @ideas.takes(RegisterSchema)
    @ideas.gives(200, schemas.IdeaDetailSchema)
    def post_registry(body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Tell that the idea is registered, and under which number. The same again changes nothing more."""
        with database.transaction() as session:
            register_idea(session, program(), known(reference), **body)
            session.flush()
            return detail(session, known(reference))

    @ideas.route("/<reference>/handed-over", method="POST")
    @ideas.scope(scope)
    @ideas.takes(HandedOverSchema)
    @ideas.gives(200, schemas.IdeaDetailSchema)
    def post_handed_over(body: dict[str, Any], reference: str) -> dict[str, Any]:
        """Tell that the archive has the idea: the sluice's time limits may remove it from now on."""
        with database.transaction() as session:
            hand_over(session, program(), known(reference), **body)
            session.flush()
            return detail(session, known(reference))


def program() -> Viewer:
    """The present bearer: a program may do what an administrator may."""
    return Viewer(bearer_name(), is_administrator=True)
