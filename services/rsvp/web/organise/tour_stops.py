"""A tour's stops: what the plan would change in each, and which there are, in which order."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.local_time import read_day
from services.rsvp.store import events, sluices
from services.rsvp.usecases import plan_tour
from services.rsvp.usecases.access import own_tour
from services.rsvp.web.organise.history_words import words_of
from services.rsvp.web.organise.pages import TOUR, go, page, tour_page
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.web.form_text import version_in
from shared.web.session import require_person
from shared.web.viewer import viewer


def register(app: Flask, database: Database) -> None:
    """Add the pages and the acts."""

    @app.get(f"{TOUR}/andra")
    @require_person
    def plan_changes(slug: str) -> str:
        return _changes_page(database, slug)

    @app.post(f"{TOUR}/andra")
    @require_person
    def apply_plan(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                edits = plan_tour.apply_plan(
                    session,
                    viewer(),
                    slug,
                    request.form.getlist("stop"),
                    tells=request.form.get("tells") == "yes",
                    version=version_in(request.form),
                    moment=now(),
                )
        except Conflict:
            return _changes_page(database, slug, is_late=True), 409
        return go(tour_page(slug), "stops_changed" if edits else "unchanged")

    @app.post(f"{TOUR}/stopp")
    @require_person
    def add_stop(slug: str) -> ResponseReturnValue:
        written = request.form.get("day", "").strip()
        day = read_day(written) if written else None
        if written and day is None:
            return go(tour_page(slug), "wrong_day")
        try:
            with database.transaction() as session:
                plan_tour.add_stop(
                    session,
                    viewer(),
                    slug,
                    request.form.get("sluice", ""),
                    day,
                    version=version_in(request.form),
                    moment=now(),
                )
        except Conflict:
            return go(tour_page(slug), "late")
        except Rejected:
            return go(tour_page(slug), "wrong_day")
        return go(tour_page(slug), "stop_added")

    @app.get(f"{TOUR}/stopp/<stop>/ta-bort")
    @require_person
    def remove_stop_page(slug: str, stop: str) -> str:
        with database.transaction() as session:
            tour = own_tour(session, viewer(), slug)
            found = next((each for each in events.of_tour(session, tour) if each.slug == stop), None)
            if found is None:
                raise NotFound(f"stop {stop}")
        return page("tour_remove", tour=tour, stop=found)

    @app.post(f"{TOUR}/stopp/<stop>/ta-bort")
    @require_person
    def remove_stop(slug: str, stop: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                is_gone = plan_tour.remove_stop(
                    session, viewer(), slug, stop, version=version_in(request.form), moment=now()
                )
        except Conflict:
            return go(tour_page(slug), "late")
        return go(tour_page(slug), "stop_discarded" if is_gone else "stop_removed")

    @app.post(f"{TOUR}/ordning")
    @require_person
    def order_stops(slug: str) -> ResponseReturnValue:
        order = None if request.form.get("by") == "day" else _moved(request.form.getlist("stop"))
        try:
            with database.transaction() as session:
                plan_tour.order_stops(session, viewer(), slug, order, version=version_in(request.form), moment=now())
        except Conflict:
            return go(tour_page(slug), "late")
        return go(tour_page(slug), "ordered")


def _moved(stops: list[str]) -> list[str]:
    """The stops, with the one whose button was pressed a step earlier."""
    earlier = request.form.get("earlier", "")
    place = stops.index(earlier) if earlier in stops else 0
    if place > 0:
        stops[place - 1], stops[place] = stops[place], stops[place - 1]
    return stops


def _changes_page(database: Database, slug: str, *, is_late: bool = False) -> str:
    with database.transaction() as session:
        tour = own_tour(session, viewer(), slug)
        changes = plan_tour.look_at_changes(session, tour)
        names = {each.slug: each.name for each in sluices.list_all(session)}
    rows = [
        (
            change,
            [
                (
                    each,
                    words_of(each.field, each.now, change.event.zone),
                    words_of(each.field, each.planned, change.event.zone),
                )
                for each in change.differences
            ],
        )
        for change in changes
    ]
    return page("tour_changes", tour=tour, rows=rows, names=names, is_late=is_late)
