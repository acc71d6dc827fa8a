"""The JSON API of tours and events: what the organisers' pages do, by the same use cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.store import events, listed, seats
from services.rsvp.store.tables import Event, Tour
from services.rsvp.usecases import plan_by_api, plan_tour, publish_event
from services.rsvp.usecases.access import own_event, own_tour
from services.rsvp.web import event_schemas as shapes
from services.rsvp.web.schemas import API, READ, WRITE
from shared.clock import now
from shared.db import Database
from shared.settings import Settings
from shared.viewer import Viewer
from shared.web.api import Blueprint
from shared.web.paging import PageQuery, page, position_of
from shared.web.tokens import bearer_name


def caller() -> Viewer:
    """Whoever calls, as use cases want to know it: a token is no municipality's, and answers for all of them."""
    return Viewer(f"api:{bearer_name()}", is_administrator=True)


def add_events(api: Blueprint, settings: Settings, database: Database) -> None:
    """``events`` but for their replies."""

    def detail(session: Session, event: Event, warnings: Sequence[str] = ()) -> dict[str, Any]:
        session.flush()
        tour = events.tour_of(session, event)
        contacts = events.contacts_of(session, event)
        counted = seats.counts(session, event.id)
        return shapes.event_shape(event, contacts, tour.slug if tour else None, settings, counted, warnings)

    @api.route("", method="GET")
    @api.scope(READ)
    @api.takes(shapes.EventQuery, location="query")
    @api.gives(200, shapes.EventPageSchema)
    def list_events(query: dict[str, Any]) -> dict[str, Any]:
        """List events, newest first; drafts among them."""
        with database.transaction() as session:
            found = page(listed.find_events(session, **query), query["limit"], position_of)
            contacts = events.contacts_of_many(session, [event.id for event in found["items"]])
            named = events.tour_slugs(session, {event.tour_id for event in found["items"] if event.tour_id})
            items = [
                shapes.event_shape(event, contacts[event.id], named.get(event.tour_id), settings)
                for event in found["items"]
            ]
        return {**found, "items": items}

    @api.route("", method="POST")
    @api.scope(WRITE)
    @api.takes(shapes.NewEventSchema)
    @api.gives(201, shapes.EventDetailSchema)
    def post_event(asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make an event: a draft."""
        with database.transaction() as session:
            event = plan_by_api.create_event(session, caller(), asked["sluice"], asked, moment=now())
            told = detail(session, event)
        return told, 201, {"Location": f"{settings.base_url}{API}/events/{event.slug}"}

    @api.route("/<slug>", method="GET")
    @api.scope(READ)
    @api.gives(200, shapes.EventDetailSchema)
    def get_event(slug: str) -> dict[str, Any]:
        """Read one event, and how its guests stand."""
        with database.transaction() as session:
            return detail(session, events.by_slug(session, slug))

    @api.route("/<slug>", method="PATCH")
    @api.scope(WRITE)
    @api.takes(shapes.EditedEventSchema)
    @api.gives(200, shapes.EventDetailSchema)
    def patch_event(asked: dict[str, Any], slug: str) -> dict[str, Any]:
        """Change what is named, and nothing else. Fewer seats than are given is told in warnings: nobody is out."""
        version, tells = asked.pop("version"), asked.pop("tells")
        with database.transaction() as session:
            edit = plan_by_api.edit_event(session, caller(), slug, asked, version=version, tells=tells, moment=now())
            return detail(session, edit.event, edit.warnings)

    @api.route("/<slug>/publish", method="POST")
    @api.scope(WRITE)
    @api.takes(shapes.ActSchema)
    @api.gives(200, shapes.EventDetailSchema)
    def publish(asked: dict[str, Any], slug: str) -> dict[str, Any]:
        """Let everybody see a draft."""
        with database.transaction() as session:
            held = own_event(session, caller(), slug, version=asked["version"])
            return detail(session, publish_event.publish(session, caller(), slug, version=held.version, moment=now()))

    @api.route("/<slug>/cancel", method="POST")
    @api.scope(WRITE)
    @api.takes(shapes.CancelSchema)
    @api.gives(200, shapes.EventDetailSchema)
    def cancel(asked: dict[str, Any], slug: str) -> dict[str, Any]:
        """Say that a published event does not take place."""
        with database.transaction() as session:
            held = own_event(session, caller(), slug, version=asked["version"])
            event = publish_event.cancel(
                session,
                caller(),
                slug,
                asked["reason"].strip(),
                version=held.version,
                tells=asked["tells"],
                moment=now(),
            )
            return detail(session, event)


def tours(settings: Settings, database: Database) -> Blueprint:
    """``tours``."""
    api = Blueprint(API, "tours", "Series of events made from one plan.")

    def shape(session: Session, tour: Tour) -> dict[str, Any]:
        session.flush()
        return shapes.tour_shape(tour, events.of_tour(session, tour), settings)

    @api.route("", method="GET")
    @api.scope(READ)
    @api.takes(PageQuery, location="query")
    @api.gives(200, shapes.TourPageSchema)
    def list_tours(query: dict[str, Any]) -> dict[str, Any]:
        """List tours, newest first."""
        with database.transaction() as session:
            found = page(listed.find_tours(session, **query), query["limit"], position_of)
            stops = events.stops_of_many(session, [tour.id for tour in found["items"]])
            items = [shapes.tour_shape(tour, stops[tour.id], settings) for tour in found["items"]]
        return {**found, "items": items}

    @api.route("", method="POST")
    @api.scope(WRITE)
    @api.takes(shapes.NewTourSchema)
    @api.gives(201, shapes.TourSchema)
    def post_tour(asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Make a tour, and a draft for each of its stops."""
        stops = [(stop["sluice"], stop["day"]) for stop in asked.pop("stops")]
        with database.transaction() as session:
            tour = plan_by_api.create_tour(session, caller(), asked["sluice"], asked, stops, moment=now())
            told = shape(session, tour)
        return told, 201, {"Location": f"{settings.base_url}{API}/tours/{tour.slug}"}

    @api.route("/<slug>", method="GET")
    @api.scope(READ)
    @api.gives(200, shapes.TourSchema)
    def get_tour(slug: str) -> dict[str, Any]:
        """Read one tour."""
        with database.transaction() as session:
            return shape(session, events.tour_by_slug(session, slug))

    @api.route("/<slug>", method="PATCH")
    @api.scope(WRITE)
    @api.takes(shapes.EditedTourSchema)
    @api.gives(200, shapes.TourSchema)
    def patch_tour(asked: dict[str, Any], slug: str) -> dict[str, Any]:
        """Change a tour's plan. Its stops stay as they are until the plan is applied to them."""
        version = asked.pop("version")
        with database.transaction() as session:
            return shape(session, plan_by_api.edit_tour(session, caller(), slug, asked, version=version, moment=now()))

    @api.route("/<slug>/apply", method="POST")
    @api.scope(WRITE)
    @api.takes(shapes.ApplySchema)
    @api.gives(200, shapes.TourSchema)
    def apply(asked: dict[str, Any], slug: str) -> dict[str, Any]:
        """Give the named stops what the plan says."""
        with database.transaction() as session:
            tour = own_tour(session, caller(), slug, version=asked["version"])
            plan_tour.apply_plan(
                session,
                caller(),
                slug,
                asked["stops"],
                tells=asked["tells"],
                version=tour.version,
                moment=now(),
            )
            return shape(session, tour)

    return api
