"""How another program has a message sent: ``POST /api/notify/v1/notifications``."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate
from werkzeug.exceptions import TooManyRequests

from services.notify.domain.kinds import Category, Channel
from services.notify.usecases.create_message import CreateMessage, Full, MessageByApi
from services.notify.usecases.queue_message import QueueMessage
from services.notify.web import schemas
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.settings import Settings
from shared.web.api import Blueprint
from shared.web.tokens import bearer_name

WRITE = "notify:write"
RETRY_SECONDS = 60
"""What a program that has sent too much is told to wait: so long takes a modest relay for some hundred messages."""
MAX_TEXT = 50_000


class KeyHeader(Schema):
    """The header that makes the POST safe to repeat."""

    key = fields.String(
        data_key="Idempotency-Key",
        required=True,
        validate=validate.Regexp(r"^[!-~]{1,200}$", error="1 to 200 visible ASCII characters."),
        metadata={"description": "The same key gives the same notification, however often it is sent."},
    )


class RecipientSchema(Schema):
    """Whom it goes to."""

    address = fields.String(
        required=True,
        validate=validate.Length(1, 320),
        metadata={"description": "A mail address, or a mobile number as people write it."},
    )
    name = fields.String(load_default="", validate=validate.Length(max=300))
    language = fields.String(load_default="sv", validate=validate.OneOf(LANGUAGES))


class LinkSchema(Schema):
    """The one link under the text."""

    label = fields.String(required=True, validate=validate.Length(1, 100))
    url = fields.Url(required=True, schemes={"http", "https"}, validate=validate.Length(max=2000))


class NewNotificationSchema(Schema):
    """A message to one person, in the sender's own words."""

    channel = fields.String(required=True, validate=validate.OneOf([Channel.EMAIL, Channel.SMS]))
    recipient = fields.Nested(RecipientSchema, required=True)
    sluice = fields.String(required=True, metadata={"description": "The slug of the sluice in whose name it goes."})
    category = fields.String(
        required=True,
        validate=validate.OneOf([Category.ASKED_FOR, Category.REMINDERS, Category.NEWS]),
        metadata={
            "description": "`reminders` wait for waking hours; `reminders` and `news` may be stopped by anybody."
        },
    )
    subject = fields.String(load_default="", validate=validate.Length(max=300))
    text = fields.String(required=True, validate=validate.Length(1, MAX_TEXT))
    link = fields.Nested(LinkSchema, load_default=None, allow_none=True)
    send_at = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Not before (RFC 3339, with its zone)."}
    )
    idea = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"^[A-Z]{2,8}-\d{4}-\d{4,9}$", error="A reference looks like KRO-2026-0042."),
    )


def add_creation(resource: Blueprint, settings: Settings, database: Database) -> Blueprint:
    """The same resource, with its POST."""
    create = CreateMessage(QueueMessage(settings))

    @resource.route("", method="POST")
    @resource.scope(WRITE)
    @resource.takes(KeyHeader, location="headers")
    @resource.takes(NewNotificationSchema)
    @resource.gives(201, schemas.NotificationSchema)
    def post_notification(header: dict[str, Any], asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Send a message. 200 where the key has made it before; 429 while too much waits to leave."""
        try:
            with database.transaction() as session:
                row, is_new = create(session, _given(asked), f"api:{bearer_name()}:{header['key']}")
                shown = schemas.shape(row)
        except Full as full:
            raise TooManyRequests("Too many messages wait to leave.", retry_after=RETRY_SECONDS) from full
        where = f"{settings.base_url}{schemas.API}/notifications/{row.id}"
        return shown, 201 if is_new else 200, {"Location": where}

    return resource


def _given(asked: dict[str, Any]) -> MessageByApi:
    same = ("sluice", "subject", "text", "link", "send_at", "idea")
    return MessageByApi(
        channel=Channel(asked["channel"]),
        category=Category(asked["category"]),
        **asked["recipient"],
        **{name: asked[name] for name in same},
    )
