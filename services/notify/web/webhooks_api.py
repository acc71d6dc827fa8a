"""Webhooks in the JSON API: all that the pages can do, for programs."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from services.notify.domain.webhook import Event
from services.notify.store import endpoints as store
from services.notify.store.tables import Endpoint, Notification
from services.notify.usecases.endpoints import Endpoints, Wanted
from services.notify.web import schemas, webhooks_schemas
from shared.web.api import Blueprint
from shared.web.paging import PageQuery, page, position_of
from shared.web.tokens import bearer_name

ADMIN = "notify:admin"


def resource(endpoints: Endpoints) -> Blueprint:
    """``/api/notify/v1/webhooks``."""
    webhooks = Blueprint(schemas.API, "webhooks", "Where events are told to other programs and to chats.")
    _add_themselves(webhooks, endpoints)
    _add_acts(webhooks, endpoints)
    _add_deliveries(webhooks, endpoints)
    return webhooks


def _add_themselves(webhooks: Blueprint, endpoints: Endpoints) -> None:
    @webhooks.route("", method="GET")
    @webhooks.scope(ADMIN)
    @webhooks.takes(PageQuery, location="query")
    @webhooks.gives(200, webhooks_schemas.WebhookPageSchema)
    def list_webhooks(query: dict[str, Any]) -> dict[str, Any]:
        """List webhooks, oldest first."""
        with endpoints.database.transaction() as session:
            found = page(store.list_page(session, **query), query["limit"], position_of)
        return {**found, "items": [webhooks_schemas.shape(row) for row in found["items"]]}

    @webhooks.route("", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.takes(webhooks_schemas.IdempotencyHeader, location="headers")
    @webhooks.takes(webhooks_schemas.NewWebhookSchema)
    @webhooks.gives(201, webhooks_schemas.WebhookWithSecretSchema)
    def make_webhook(header: dict[str, Any], asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make a webhook. Its address is looked up at once; nothing is sent to it yet."""
        asked["events"] = [Event(each) for each in asked["events"]]
        key = f"{bearer_name()}:{header['key']}" if header["key"] else None
        row = endpoints.create(Wanted(**_renamed(asked)), bearer_name(), key)
        where = f"{endpoints.settings.base_url}{schemas.API}/webhooks/{row.id}"
        return _with_secret(endpoints, row), 201, {"Location": where}

    @webhooks.route("/<uuid:identity>", method="GET")
    @webhooks.scope(ADMIN)
    @webhooks.gives(200, webhooks_schemas.WebhookSchema)
    def read_webhook(identity: UUID) -> dict[str, Any]:
        """Read a webhook."""
        return webhooks_schemas.shape(endpoints.read(identity))

    @webhooks.route("/<uuid:identity>", method="PATCH")
    @webhooks.scope(ADMIN)
    @webhooks.takes(webhooks_schemas.ChangedWebhookSchema)
    @webhooks.gives(200, webhooks_schemas.WebhookSchema)
    def change_webhook(changes: dict[str, Any], identity: UUID) -> dict[str, Any]:
        """Change what is named; what waits goes to the new address."""
        if "events" in changes:
            changes["events"] = [Event(each) for each in changes["events"]]
        return webhooks_schemas.shape(endpoints.change(identity, _renamed(changes), bearer_name()))

    @webhooks.route("/<uuid:identity>", method="DELETE")
    @webhooks.scope(ADMIN)
    @webhooks.gives(204, of="Gone; what waited is cancelled.")
    def delete_webhook(identity: UUID) -> None:
        """Delete a webhook."""
        endpoints.delete(identity, bearer_name())


def _add_acts(webhooks: Blueprint, endpoints: Endpoints) -> None:
    @webhooks.route("/<uuid:identity>/pause", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.gives(200, webhooks_schemas.WebhookSchema)
    def pause_webhook(identity: UUID) -> dict[str, Any]:
        """Let nothing more leave; what comes waits."""
        return webhooks_schemas.shape(endpoints.pause(identity, bearer_name()))

    @webhooks.route("/<uuid:identity>/resume", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.gives(200, webhooks_schemas.WebhookSchema)
    def resume_webhook(identity: UUID) -> dict[str, Any]:
        """Let what waited go on, oldest first."""
        return webhooks_schemas.shape(endpoints.resume(identity, bearer_name()))

    @webhooks.route("/<uuid:identity>/secret", method="GET")
    @webhooks.scope(ADMIN)
    @webhooks.gives(200, webhooks_schemas.SecretSchema)
    def read_secret(identity: UUID) -> dict[str, Any]:
        """Read the secret."""
        return {"secret": endpoints.secret(endpoints.read(identity))}

    @webhooks.route("/<uuid:identity>/rotate-secret", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.gives(200, webhooks_schemas.WebhookWithSecretSchema)
    def rotate_secret(identity: UUID) -> dict[str, Any]:
        """Make a new secret. Until the next rotation the one before signs beside it."""
        return _with_secret(endpoints, endpoints.rotate(identity, bearer_name()))

    @webhooks.route("/<uuid:identity>/test", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.gives(202, webhooks_schemas.MadeSchema)
    def test_webhook(identity: UUID) -> dict[str, Any]:
        """Send the event webhook.test, to a paused webhook too."""
        return {"id": endpoints.test(identity, bearer_name())}


def _add_deliveries(webhooks: Blueprint, endpoints: Endpoints) -> None:
    @webhooks.route("/<uuid:identity>/deliveries", method="GET")
    @webhooks.scope(ADMIN)
    @webhooks.takes(PageQuery, location="query")
    @webhooks.gives(200, webhooks_schemas.DeliveryPageSchema)
    def list_deliveries(query: dict[str, Any], identity: UUID) -> dict[str, Any]:
        """List a webhook's messages, newest first."""
        endpoints.read(identity)
        with endpoints.database.transaction() as session:
            found = page(store.deliveries(session, identity, **query), query["limit"], position_of)
        items = [webhooks_schemas.delivery_shape(row, event_of(row)) for row in found["items"]]
        return {**found, "items": items}

    @webhooks.route("/<uuid:identity>/deliveries/<uuid:notification>/replay", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.gives(202, webhooks_schemas.MadeSchema)
    def replay_delivery(identity: UUID, notification: UUID) -> dict[str, Any]:
        """Send one message again, under the same webhook-id."""
        return {"id": endpoints.replay(identity, notification, bearer_name())}

    @webhooks.route("/<uuid:identity>/replay", method="POST")
    @webhooks.scope(ADMIN)
    @webhooks.takes(webhooks_schemas.SinceSchema)
    @webhooks.gives(202, webhooks_schemas.CountSchema)
    def replay_failed(asked: dict[str, Any], identity: UUID) -> dict[str, Any]:
        """Send everything again that failed since then and was not sent again yet."""
        return {"count": endpoints.replay_failed(identity, asked["since"], bearer_name())}


def event_of(row: Notification) -> str:
    """Which event a message tells of."""
    event: str = json.loads(row.facts)["event"]
    return event


def _with_secret(endpoints: Endpoints, row: Endpoint) -> dict[str, Any]:
    return webhooks_schemas.shape(row) | {"secret": endpoints.secret(row)}


def _renamed(asked: dict[str, Any]) -> dict[str, Any]:
    return {"sluice_slug" if name == "sluice" else name: value for name, value in asked.items()}
