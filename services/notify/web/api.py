"""The JSON API of notify: what was sent to whom, what became of it, and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask

from services.notify.domain.delivery import Outcome
from services.notify.store import notifications
from services.notify.web import schemas
from shared.db import Database
from shared.errors import NotFound
from shared.mail.addresses import folded
from shared.web.api import Blueprint, add, make_api
from shared.web.paging import page

READ = "notify:read"


def register(app: Flask, database: Database) -> None:
    """Add ``/api/notify/…`` to the app."""
    api = make_api(app, "Notify API", "/api/notify", description="Messages to people, and what became of them.")
    add(api, _notifications(database), _summary(database))


def _notifications(database: Database) -> Blueprint:
    resource = Blueprint(schemas.API, "notifications", "One message to one recipient, with its lifecycle.")

    @resource.route("", method="GET")
    @resource.scope(READ)
    @resource.takes(schemas.NotificationQuery, location="query")
    @resource.gives(200, schemas.NotificationPageSchema)
    def list_notifications(query: dict[str, Any]) -> dict[str, Any]:
        """List notifications, newest first."""
        if query["recipient"]:
            query["recipient"] = folded(query["recipient"])
        with database.transaction() as session:
            found = page(notifications.find(session, **query), query["limit"], notifications.position)
        return {**found, "items": [schemas.shape(row) for row in found["items"]]}

    @resource.route("/<uuid:identity>", method="GET")
    @resource.scope(READ)
    @resource.gives(200, schemas.NotificationDetailSchema)
    def read_notification(identity: UUID) -> dict[str, Any]:
        """Read a notification with every attempt at sending it."""
        with database.transaction() as session:
            found = notifications.read(session, identity)
        if found is None:
            raise NotFound
        row, attempts = found
        return schemas.shape(row) | {"attempts": [schemas.attempt_shape(each) for each in attempts]}

    return resource


def _summary(database: Database) -> Blueprint:
    resource = Blueprint(schemas.API, "summary", "Counts that must balance.")

    @resource.route("", method="GET")
    @resource.scope(READ)
    @resource.gives(200, schemas.SummarySchema)
    def read_summary() -> dict[str, Any]:
        """Count notifications by state."""
        with database.transaction() as session:
            states = notifications.count_by_state(session)
            return {
                "total": sum(states.values()),
                "states": {state.value: number for state, number in states.items()},
                "resubmissions": notifications.count_all_outcomes(session, Outcome.INTERRUPTED),
                "oldest_waiting": notifications.oldest_waiting(session),
            }

    return resource
