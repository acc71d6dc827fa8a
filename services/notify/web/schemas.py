"""How notify's API shows what it knows."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel, Kind
from services.notify.store.tables import Attempt, Notification
from shared.web.paging import PageQuery

API = "/api/notify/v1"


class NotificationQuery(PageQuery):
    """The query of the list."""

    state = fields.Enum(State, by_value=True, load_default=None)
    idea = fields.String(load_default=None, metadata={"description": "A reference, such as KRO-2026-0042."})
    recipient = fields.String(
        load_default=None,
        validate=validate.Length(max=320),
        metadata={"description": "An address, in any of its spellings."},
    )
    kind = fields.Enum(Kind, by_value=True, load_default=None)
    channel = fields.Enum(Channel, by_value=True, load_default=None)
    sluice = fields.String(load_default=None, metadata={"description": "A sluice's slug."})
    q = fields.String(
        attribute="words",
        load_default=None,
        validate=validate.Length(max=320),
        metadata={"description": "A whole address, a mobile number as people write it, or an idea's reference."},
    )


class NotificationSchema(Schema):
    """One message to one recipient."""

    id = fields.UUID()
    kind = fields.String()
    channel = fields.String()
    recipient = fields.String()
    language = fields.String()
    idea = fields.String(allow_none=True)
    state = fields.String(validate=validate.OneOf([state.value for state in State]))
    reason = fields.String(allow_none=True, metadata={"description": "Why, where the state alone does not say it."})
    reply = fields.String(allow_none=True, metadata={"description": "The relay's last words, or a report's."})
    message_id = fields.String()
    attempts_made = fields.Integer()
    due_at = fields.AwareDateTime()
    next_try = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
    correlation_id = fields.String()


class AttemptSchema(Schema):
    """One attempt at sending it."""

    number = fields.Integer()
    started_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
    outcome = fields.String(
        allow_none=True,
        metadata={"description": "`interrupted`: nobody knows whether the relay took it, so it was sent again."},
    )
    reply = fields.String(allow_none=True)


class NotificationDetailSchema(NotificationSchema):
    """A notification with its attempts."""

    attempts = fields.List(fields.Nested(AttemptSchema))


class NotificationPageSchema(Schema):
    """One page of the list."""

    items = fields.List(fields.Nested(NotificationSchema))
    next = fields.String(allow_none=True)


class SummarySchema(Schema):
    """How many notifications are in each state."""

    total = fields.Integer()
    states = fields.Dict(keys=fields.String(), values=fields.Integer())
    resubmissions = fields.Integer(
        metadata={"description": "Attempts after which nobody knew whether the relay took the mail."}
    )
    books = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        metadata={"description": "asked = sent + failed + suppressed + waiting; `difference` is 0 where they balance."},
    )
    oldest_waiting = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the oldest that has yet to leave was due."}
    )


def shape(row: Notification) -> dict[str, Any]:
    """A row as the API names its parts."""
    same = ("id", "kind", "channel", "language", "state", "reason", "reply", "message_id", "due_at", "next_try")
    return {name: getattr(row, name) for name in (*same, "created_at", "updated_at", "correlation_id")} | {
        "recipient": row.recipient_address,
        "idea": row.idea_reference,
        "attempts_made": row.attempts,
    }


def attempt_shape(row: Attempt) -> dict[str, Any]:
    """An attempt as the API names its parts."""
    return {name: getattr(row, name) for name in ("number", "started_at", "finished_at", "outcome", "reply")}
