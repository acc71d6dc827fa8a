"""What the JSON API lets a program do with a notification: send it anew, or cancel it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from services.notify.usecases.cancel import cancel
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew
from services.notify.web import schemas
from shared.clock import now
from shared.db import Database
from shared.settings import Settings
from shared.web.api import Blueprint
from shared.web.tokens import bearer_name

WRITE = "notify:write"


class ResendSchema(Schema):
    """Where a notification is sent anew."""

    address = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=320),
        metadata={"description": "The right address; without it the same. The idea uses it from then on."},
    )


class CancelSchema(Schema):
    """Why a notification is not to be sent."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


def add_acts(resource: Blueprint, settings: Settings, database: Database) -> Blueprint:
    """The same resource, with ``<id>/resend`` and ``<id>/cancel``."""
    send_anew = SendAnew(QueueMessage(settings))

    @resource.route("/<uuid:identity>/resend", method="POST")
    @resource.scope(WRITE)
    @resource.takes(ResendSchema)
    @resource.gives(201, schemas.NotificationSchema)
    def resend_notification(wanted: dict[str, Any], identity: UUID) -> dict[str, Any]:
        """Send anew what did not arrive. Asked again for the same address, it is the one that was made."""
        with database.transaction() as session:
            return schemas.shape(send_anew(session, identity, **wanted, actor=bearer_name()))

    @resource.route("/<uuid:identity>/cancel", method="POST")
    @resource.scope(WRITE)
    @resource.takes(CancelSchema)
    @resource.gives(200, schemas.NotificationSchema)
    def cancel_notification(wanted: dict[str, Any], identity: UUID) -> dict[str, Any]:
        """Cancel what waits; what is on its way or has ended is a conflict."""
        with database.transaction() as session:
            return schemas.shape(cancel(session, identity, **wanted, actor=bearer_name(), moment=now()))

    return resource
