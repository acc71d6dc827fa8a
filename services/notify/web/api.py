"""The JSON API of notify: what was sent to whom, what became of it, and why."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask

from services.notify.domain.delivery import Outcome
from services.notify.store import books, log, notifications
from services.notify.usecases.endpoints import Endpoints
from services.notify.web import (
    acts_api,
    create_api,
    preferences_api,
    schemas,
    suppressions_api,
    webhooks_api,
    wordings_api,
)
from shared.db import Database
from shared.errors import NotFound
from shared.web.api import Blueprint, add, make_api
from shared.web.paging import page, position_of

READ = "notify:read"


def register(app: Flask, database: Database, endpoints: Endpoints) -> None:
    """Add ``/api/notify/…`` to the app."""
    api = make_api(app, "Notify API", "/api/notify", description="Messages to people, and what became of them.")
    settings = app.extensions["idesluss"]
    found = create_api.add_creation(_notifications(database), settings, database)
    found = acts_api.add_acts(found, settings, database)
    add(api, found, _summary(database), suppressions_api.resource(database))
    add(api, wordings_api.resource(app, database), webhooks_api.resource(endpoints))
    add(api, preferences_api.resource(app, database))


def _notifications(database: Database) -> Blueprint:
    resource = Blueprint(schemas.API, "notifications", "One message to one recipient, with its lifecycle.")

    @resource.route("", method="GET")
    @resource.scope(READ)
    @resource.takes(schemas.NotificationQuery, location="query")
    @resource.gives(200, schemas.NotificationPageSchema)
    def list_notifications(query: dict[str, Any]) -> dict[str, Any]:
        """List notifications, newest first."""
        limit, after = query.pop("limit"), query.pop("after")
        with database.transaction() as session:
            found = page(log.find(session, log.Search(**query), limit=limit, after=after), limit, position_of)
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
            found = books.read(session)
            return {
                "total": sum(states.values()),
                "states": {state.value: number for state, number in states.items()},
                "books": {**found.booked, "waiting": found.waiting, "difference": found.difference},
                "resubmissions": notifications.count_all_outcomes(session, Outcome.INTERRUPTED),
                "oldest_waiting": found.oldest_waiting,
            }

    return resource
