"""The list of suppressed addresses in the JSON API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from services.notify.domain.suppression import Cause
from services.notify.store import suppressions
from services.notify.store.tables import Suppression
from services.notify.usecases import suppress
from services.notify.web.schemas import API
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.web.api import Blueprint
from shared.web.paging import PageQuery, page, position_of
from shared.web.tokens import bearer_name

READ = "notify:read"
WRITE = "notify:write"


class SuppressionQuery(PageQuery):
    """The query of the list."""

    address = fields.String(
        load_default=None, validate=validate.Length(max=320), metadata={"description": "Any part of an address."}
    )
    cause = fields.Enum(Cause, by_value=True, load_default=None)
    in_force = fields.Boolean(
        load_default=None, metadata={"description": "Only what holds something back now, or only what no longer does."}
    )


class NewSuppressionSchema(Schema):
    """An address to put on the list by hand."""

    address = fields.String(required=True, validate=validate.Length(max=320))
    reason = fields.String(required=True, validate=validate.Length(min=1, max=suppress.LONGEST))
    expires_at = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Without it the entry holds until it is released."}
    )


class ReleaseSchema(Schema):
    """Why an address is written to again."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=suppress.LONGEST))


class SuppressionSchema(Schema):
    """An address that is not written to, or was not for some time."""

    id = fields.UUID()
    channel = fields.String()
    address = fields.String(metadata={"description": "In lower case, its domain in ASCII."})
    cause = fields.String(validate=validate.OneOf([cause.value for cause in Cause]))
    line = fields.String(metadata={"description": "What shows it: a server's words, or what a person wrote."})
    notification_id = fields.UUID(allow_none=True)
    in_force = fields.Boolean()
    created_by = fields.String()
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(allow_none=True)
    released_at = fields.AwareDateTime(allow_none=True)
    released_by = fields.String(
        allow_none=True, metadata={"description": "A person, `delivery` (a mail arrived there) or `expiry`."}
    )
    release_reason = fields.String(allow_none=True)


class SuppressionPageSchema(Schema):
    """One page of the list."""

    items = fields.List(fields.Nested(SuppressionSchema))
    next = fields.String(allow_none=True)


def resource(database: Database) -> Blueprint:
    """``/api/notify/v1/suppressions``."""
    found = Blueprint(API, "suppressions", "Addresses that are not written to, why, and until when.")

    @found.route("", method="GET")
    @found.scope(READ)
    @found.takes(SuppressionQuery, location="query")
    @found.gives(200, SuppressionPageSchema)
    def list_suppressions(query: dict[str, Any]) -> dict[str, Any]:
        """List suppressed addresses, newest first."""
        if query["address"]:
            query["address"] = suppress.sought(query["address"])
        with database.transaction() as session:
            rows = suppressions.find(session, **query, now=now())
        listed = page(rows, query["limit"], position_of)
        return {**listed, "items": [shape(row) for row in listed["items"]]}

    @found.route("", method="POST")
    @found.scope(WRITE)
    @found.takes(NewSuppressionSchema)
    @found.gives(201, SuppressionSchema)
    def add_suppression(wanted: dict[str, Any]) -> dict[str, Any]:
        """Stop writing to an address. Where somebody has done so already, that entry is given."""
        with database.transaction() as session:
            return shape(suppress.by_hand(session, **wanted, actor=bearer_name(), moment=now()))

    @found.route("/<uuid:identity>", method="GET")
    @found.scope(READ)
    @found.gives(200, SuppressionSchema)
    def read_suppression(identity: UUID) -> dict[str, Any]:
        """Read one entry."""
        with database.transaction() as session:
            row = suppressions.read(session, identity)
            if row is None:
                raise NotFound
            return shape(row)

    @found.route("/<uuid:identity>/release", method="POST")
    @found.scope(WRITE)
    @found.takes(ReleaseSchema)
    @found.gives(200, SuppressionSchema)
    def release_suppression(wanted: dict[str, Any], identity: UUID) -> dict[str, Any]:
        """Let the address be written to again. What was held back meanwhile stays unsent."""
        with database.transaction() as session:
            return shape(suppress.release(session, identity, **wanted, actor=bearer_name(), moment=now()))

    return found


def shape(row: Suppression) -> dict[str, Any]:
    """An entry as the API names its parts."""
    told = {column.key: getattr(row, column.key) for column in Suppression.__table__.columns}
    return told | {"in_force": suppressions.is_in_force(row, now())}
