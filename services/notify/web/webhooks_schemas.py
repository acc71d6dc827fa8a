"""How the API takes and shows webhooks."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.notify.domain.delivery import State
from services.notify.domain.webhook import SUBSCRIBABLE, EndpointState, Format, PausedReason
from services.notify.store.tables import Endpoint, Notification
from services.notify.usecases.endpoints import LONGEST_NAME, MOST_AT_ONCE
from shared.contracts.facts import LANGUAGES

_EVENTS = [event.value for event in SUBSCRIBABLE]


def _described(text: str) -> dict[str, str]:
    return {"description": text}


class IdempotencyHeader(Schema):
    """The header that makes a POST safe to repeat."""

    key = fields.String(
        data_key="Idempotency-Key",
        load_default=None,
        validate=validate.Regexp(r"^[!-~]{1,200}$", error="1 to 200 visible ASCII characters."),
        metadata=_described("The same key gives the same webhook, however often it is sent."),
    )


class ChangedWebhookSchema(Schema):
    """What may be changed of a webhook. The format may not: what waits is written in it already."""

    name = fields.String(validate=validate.Length(min=1, max=LONGEST_NAME))
    url = fields.String(
        validate=validate.Length(max=2000),
        metadata=_described("https to a public address, or one in IDESLUSS_WEBHOOK_NETWORKS. No redirect is followed."),
    )
    language = fields.String(
        validate=validate.OneOf(LANGUAGES), metadata=_described("Of the sentence that a chat shows.")
    )
    events = fields.List(fields.String(validate=validate.OneOf(_EVENTS)), validate=validate.Length(min=1))
    sluice = fields.String(
        allow_none=True,
        validate=validate.Length(max=100),
        metadata=_described("A sluice's slug, or null for the events of all."),
    )


class NewWebhookSchema(ChangedWebhookSchema):
    """A webhook to make."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NAME))
    url = fields.String(required=True, validate=validate.Length(max=2000))
    format = fields.Enum(Format, by_value=True, load_default=Format.STANDARD)
    language = fields.String(load_default="sv", validate=validate.OneOf(LANGUAGES))
    events = fields.List(
        fields.String(validate=validate.OneOf(_EVENTS)), required=True, validate=validate.Length(min=1)
    )
    sluice = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class WebhookSchema(Schema):
    """A webhook as it is."""

    id = fields.UUID()
    name = fields.String()
    url = fields.String()
    format = fields.String(validate=validate.OneOf([each.value for each in Format]))
    language = fields.String()
    events = fields.List(fields.String())
    sluice = fields.String(allow_none=True)
    state = fields.String(validate=validate.OneOf([each.value for each in EndpointState]))
    paused_reason = fields.String(allow_none=True, validate=validate.OneOf([each.value for each in PausedReason]))
    failing_since = fields.AwareDateTime(
        allow_none=True, metadata=_described("Nothing has got through since; null where the last one did.")
    )
    succeeded_at = fields.AwareDateTime(allow_none=True, metadata=_described("The last success, to within a minute."))
    created_at = fields.AwareDateTime()
    created_by = fields.String()


class WebhookWithSecretSchema(WebhookSchema):
    """A webhook with what its receiver checks signatures with."""

    secret = fields.String(metadata=_described("`whsec_…` (Standard Webhooks)."))


class WebhookPageSchema(Schema):
    """One page of the list."""

    items = fields.List(fields.Nested(WebhookSchema))
    next = fields.String(allow_none=True)


class SecretSchema(Schema):
    """A webhook's secret."""

    secret = fields.String()


class DeliverySchema(Schema):
    """One message to one webhook. `/notifications/<id>` shows each attempt."""

    id = fields.UUID()
    event = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in State]))
    reason = fields.String(allow_none=True)
    reply = fields.String(allow_none=True, metadata=_described("The status and the beginning of the last answer."))
    attempts_made = fields.Integer()
    replays = fields.UUID(allow_none=True, metadata=_described("The message that this one sends again."))
    created_at = fields.AwareDateTime()
    next_try = fields.AwareDateTime(allow_none=True)


class DeliveryPageSchema(Schema):
    """One page of the list."""

    items = fields.List(fields.Nested(DeliverySchema))
    next = fields.String(allow_none=True)


class MadeSchema(Schema):
    """A message on its way."""

    id = fields.UUID()


class SinceSchema(Schema):
    """From when on."""

    since = fields.AwareDateTime(required=True, metadata=_described("At most 30 days back."))


class CountSchema(Schema):
    """How many messages are sent again."""

    count = fields.Integer(metadata=_described(f"At most {MOST_AT_ONCE} at once; ask again for the rest."))


def shape(row: Endpoint) -> dict[str, Any]:
    """A row as the API names its parts."""
    same = ("id", "name", "url", "format", "language", "events", "state", "paused_reason", "failing_since")
    return {name: getattr(row, name) for name in (*same, "succeeded_at", "created_at", "created_by")} | {
        "sluice": row.sluice_slug
    }


def delivery_shape(row: Notification, event: str) -> dict[str, Any]:
    """A message as the API names its parts."""
    same = ("id", "state", "reason", "reply", "created_at", "next_try")
    return {name: getattr(row, name) for name in same} | {
        "event": event,
        "attempts_made": row.attempts,
        "replays": row.replaces,
    }
