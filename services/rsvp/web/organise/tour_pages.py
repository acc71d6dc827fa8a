"""A tour's pages: a new one, its stops as a list and as a route, and its plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.domain.local_time import read_day
from services.rsvp.domain.plan import new_plan, read_plan, write_plan
from services.rsvp.domain.route import route
from services.rsvp.domain.states import EventState
from services.rsvp.store import desk, events, sluices
from services.rsvp.store.tables import Sluice
from services.rsvp.usecases import plan_tour
from services.rsvp.usecases.access import own_tour
from services.rsvp.web.organise.event_list import needs_of
from services.rsvp.web.organise.history_words import steps, words_of
from services.rsvp.web.organise.pages import FIELDS, TOUR, TOURS, by_field, go, page, tour_page, typed
from shared.clock import STOCKHOLM, now
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.web.form_text import version_in
from shared.web.room import room_for
from shared.web.session import require_person
from shared.web.viewer import viewer

Stops = list[tuple[str, date | None]]


def register(app: Flask, database: Database) -> None:
    """Add the pages."""

    @app.get(f"{TOURS}ny")
    @require_person
    def new_tour() -> str:
        return _new_page(database, write_plan(new_plan(LANGUAGES), LANGUAGES))

    @app.post(f"{TOURS}ny")
    @room_for(fields=FIELDS)
    @require_person
    def create_tour() -> ResponseReturnValue:
        filled = read_plan(request.form, LANGUAGES)
        with database.transaction() as session:
            every = sluices.list_all(session)
        stops, more = _stops(every)
        faults = {**filled.faults, **more}
        try:
            if not faults:
                owner = request.form.get("sluice", "")
                with database.transaction() as session:
                    tour = plan_tour.create_tour(session, viewer(), owner, filled.values, stops, moment=now())
                return go(tour_page(tour.slug), "tour_created")
        except NotFound:
            faults["sluice"] = Fault("organise.fault.choose")
        except Rejected as fault:
            faults |= by_field(fault)
        return _new_page(database, typed(), faults), 422

    @app.get(f"{TOUR}/")
    @require_person
    def tour_overview(slug: str) -> str:
        with database.transaction() as session:
            tour = own_tour(session, viewer(), slug)
            stops = events.of_tour(session, tour)
            identities = [stop.id for stop in stops]
            figures = desk.figures(session, identities)
            questions = events.questions_of(session, identities)
            changes = plan_tour.look_at_changes(session, tour)
            every = sluices.list_all(session)
        rows = [
            (
                stop,
                figures.get(stop.id, desk.NONE),
                needs_of(stop, figures.get(stop.id, desk.NONE), questions.get(stop.id), is_alarm=False),
            )
            for stop in stops
        ]
        return page(
            "tour",
            tour=tour,
            rows=rows,
            route=route([stop for stop in stops if stop.state != EventState.CANCELLED]),
            names={each.slug: each.name for each in every},
            sluices=every,
            differing=[change for change in changes if change.differences],
            value={},
        )

    @app.get(f"{TOUR}/redigera")
    @require_person
    def edit_plan(slug: str) -> str:
        return _plan_page(database, slug)

    @app.post(f"{TOUR}/redigera")
    @room_for(fields=FIELDS)
    @require_person
    def save_plan(slug: str) -> ResponseReturnValue:
        filled = read_plan(request.form, LANGUAGES)
        if filled.faults:
            return _plan_page(database, slug, typed(), dict(filled.faults)), 422
        try:
            with database.transaction() as session:
                version = version_in(request.form)
                tour = plan_tour.edit_plan(session, viewer(), slug, filled.values, version=version, moment=now())
                differs = any(change.differences for change in plan_tour.look_at_changes(session, tour))
        except Conflict:
            return _plan_page(database, slug, typed(), late=filled.values), 409
        return go(tour_page(slug, "/andra") if differs else tour_page(slug), "plan_changed")

    @app.get(f"{TOUR}/historik")
    @require_person
    def tour_history(slug: str) -> str:
        with database.transaction() as session:
            tour = own_tour(session, viewer(), slug)
            changes = events.changes(session, tour_id=tour.id)
        return page("tour_history", tour=tour, steps=steps(changes, STOCKHOLM.key), last=None)


def _stops(every: Sequence[Sluice]) -> tuple[Stops, dict[str, Fault]]:
    """The municipalities that are ticked, each with its day where one is written."""
    stops: Stops = []
    faults: dict[str, Fault] = {}
    for sluice in every:
        if request.form.get(f"stop-{sluice.slug}") != "yes":
            continue
        written = request.form.get(f"stop-{sluice.slug}-day", "").strip()
        day = read_day(written) if written else None
        if written and day is None:
            faults[f"stop-{sluice.slug}-day"] = Fault("organise.fault.day")
        stops.append((sluice.slug, day))
    if not stops and every:
        faults[f"stop-{every[0].slug}"] = Fault("organise.fault.no_stops")
    return stops, faults


def _new_page(database: Database, value: dict[str, str], faults: dict[str, Fault] | None = None) -> str:
    who = viewer()
    with database.transaction() as session:
        every = sluices.list_all(session)
    mine = [each for each in every if who.answers_for(each.slug)]
    if len(mine) == 1:
        value.setdefault("sluice", mine[0].slug)
    return page("tour_new", value=value, faults=faults, sluices=mine, every=every)


def _plan_page(
    database: Database,
    slug: str,
    value: dict[str, str] | None = None,
    faults: dict[str, Fault] | None = None,
    *,
    late: object = None,
) -> str:
    with database.transaction() as session:
        tour = own_tour(session, viewer(), slug)
    there = write_plan(tour.plan, LANGUAGES)
    typed_values = late if isinstance(late, dict) else None
    differing = None
    if typed_values is not None:
        both = [
            *((name, now_is, typed_values["values"].get(name)) for name, now_is in tour.plan["values"].items()),
            *((name, tour.plan[name], typed_values.get(name)) for name in plan_tour.PLAN if name != "values"),
        ]
        differing = [(name, words_of(name, is_now, STOCKHOLM.key)) for name, is_now, mine in both if is_now != mine]
    return page(
        "tour_edit",
        tour=tour,
        value=there if value is None else value,
        faults=faults,
        version=tour.version if value is None or differing is not None else version_in(request.form),
        late=differing,
    )
