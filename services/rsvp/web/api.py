"""The JSON API of rsvp: replies here, tours and events in ``api_events``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask

from services.rsvp.domain.states import GuestState
from services.rsvp.store import events, guests
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases.record_reply import Outcome
from services.rsvp.usecases.reply_by_api import ReplyByApi, reply_by_api
from services.rsvp.usecases.seats import Place, place_of
from services.rsvp.web import schemas
from services.rsvp.web.api_events import add_events, tours
from services.rsvp.web.schemas import API, READ, WRITE
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web.api import Blueprint, add, make_api
from shared.web.paging import page, position_of
from shared.web.tokens import bearer_name


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/api/rsvp/…`` to the app."""
    api = make_api(
        app,
        "RSVP API",
        "/api/rsvp",
        description="Tours, events, and what people answer to their invitations.",
    )
    about_events = Blueprint(API, "events", "Events, and what people answer.")
    add_events(about_events, settings, database)
    add_replies(about_events, settings, database)
    add(api, about_events, tours(settings, database))


def add_replies(events_api: Blueprint, settings: Settings, database: Database) -> None:
    """``events/<slug>/replies``."""

    @events_api.route("/<slug>/replies", method="GET")
    @events_api.scope(READ)
    @events_api.takes(schemas.ReplyQuery, location="query")
    @events_api.gives(200, schemas.ReplyPageSchema)
    def list_replies(query: dict[str, Any], slug: str) -> dict[str, Any]:
        """List an event's guests, oldest first: those who have answered and those who have not."""
        told = query.get("state")
        states = [state.value for state in GuestState if state.told == told] if told else []
        with database.transaction() as session:
            event = events.by_slug(session, slug)
            rows = guests.by_event(
                session,
                event.id,
                states=states,
                has_answered=query.get("answered"),
                after=query["after"],
                limit=query["limit"],
            )
            found = page(rows, query["limit"], position_of)
        return {**found, "items": [schemas.reply_shape(guest, settings) for guest in found["items"]]}

    @events_api.route("/<slug>/replies", method="POST")
    @events_api.scope(WRITE)
    @events_api.takes(schemas.KeyHeader, location="headers")
    @events_api.takes(schemas.NewReplySchema)
    @events_api.gives(201, schemas.ReplySchema)
    def post_reply(
        header: dict[str, Any], asked: dict[str, Any], slug: str
    ) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Send a reply on somebody's behalf: they sit, or wait and are told their place."""
        sent = ReplyByApi(**{**asked, "party": tuple(asked["party"])})
        key = f"api:{bearer_name()}:{header['key']}" if header["key"] else None
        with database.transaction() as session:
            told = reply_by_api(session, slug, sent, key=key, actor=bearer_name(), moment=now(), tell=tell)
        return told, 201, {"Location": f"{settings.base_url}{API}/events/{slug}/replies/{told['id']}"}

    def tell(_event: Event, outcome: Outcome) -> dict[str, Any]:
        return _with_place(outcome.guest, Place(outcome.place, outcome.ahead, 0, outcome.reason))

    @events_api.route("/<slug>/replies/<uuid:guest_id>", method="GET")
    @events_api.scope(READ)
    @events_api.gives(200, schemas.ReplySchema)
    def get_reply(slug: str, guest_id: UUID) -> dict[str, Any]:
        """Read one guest's reply, with the place in the waiting list and why."""
        with database.transaction() as session:
            guest = guests.by_id(session, guest_id)
            if guest.event_id != events.by_slug(session, slug).id:
                raise NotFound("guest")
            return _with_place(guest, place_of(session, guest))

    def _with_place(guest: Guest, place: Place) -> dict[str, Any]:
        waits = place.place is not None
        return {
            **schemas.reply_shape(guest, settings),
            "place": place.place,
            "ahead": place.ahead if waits else None,
            "reason": place.reason or None,
        }
