"""Ask an event's host which half-day suits, and settle what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.contact_list import ADDRESS_LIMIT, NAME_LIMIT
from services.rsvp.domain.fault import Fault
from services.rsvp.domain.form_reader import Reader
from services.rsvp.domain.plan import read_proposals, write_proposals
from services.rsvp.store import events, sluices
from services.rsvp.store.tables import HostQuestion
from services.rsvp.usecases import ask_host
from services.rsvp.usecases.access import seen_event
from services.rsvp.usecases.publish_event import BEFORE_PUBLIC
from services.rsvp.web.organise.pages import EVENT, FIELDS, by_field, event_page, go, here, typed
from shared.clock import now
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.mail.addresses import is_sendable
from shared.settings import Settings
from shared.web.form_text import form_text, version_in
from shared.web.room import room_for
from shared.web.session import require_person
from shared.web.viewer import viewer


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the pages."""

    @app.get(f"{EVENT}/vard")
    @require_person
    def host_form(slug: str) -> ResponseReturnValue:
        return _page(database, slug)

    @app.post(f"{EVENT}/vard")
    @room_for(fields=FIELDS)
    @require_person
    def send_host_question(slug: str) -> ResponseReturnValue:
        form = form_text()
        reader = Reader(form, LANGUAGES)
        person = {
            "name": reader.line("name", NAME_LIMIT),
            "address": reader.line("address", ADDRESS_LIMIT),
            "language": reader.one_of("language", LANGUAGES),
        }
        if not person["name"]:
            reader.fail("name", "contact_name")
        if not is_sendable(person["address"]):
            reader.fail("address", "address")
        proposals = read_proposals(reader)
        faults = dict(reader.faults)
        try:
            if not faults:
                with database.transaction() as session:
                    ask_host.ask_host(
                        session,
                        settings,
                        viewer(),
                        slug,
                        person=person,
                        proposals=proposals,
                        note=reader.text("note", ask_host.NOTE_LIMIT),
                        version=version_in(form),
                        moment=now(),
                    )
                return go(here(slug), "asked")
        except Rejected as fault:
            faults |= by_field(fault)
        except Conflict:
            return _page(database, slug, typed(), is_late=True)
        return _page(database, slug, typed(), faults)

    @app.post(f"{EVENT}/vard/bestam")
    @require_person
    def settle_host_day(slug: str) -> ResponseReturnValue:
        form = form_text()
        publishes = form.get("publish") == "yes"
        try:
            with database.transaction() as session:
                event = seen_event(session, viewer(), slug)
                times = _chosen(events.question_of(session, event.id), form)
                ask_host.settle_day(
                    session,
                    viewer(),
                    slug,
                    starts_at=times[0],
                    ends_at=times[1],
                    publishes=publishes,
                    version=version_in(form),
                    moment=now(),
                )
        except Rejected as fault:
            return go(here(slug), "not_settled" if fault.field == "day" else "not_published")
        except Conflict:
            return go(here(slug), "late")
        return go(here(slug), "published" if publishes else "settled")

    @app.post(f"{EVENT}/vard/dra-tillbaka")
    @require_person
    def withdraw_host_question(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                ask_host.withdraw_question(session, viewer(), slug, version=version_in(request.form), moment=now())
        except Conflict:
            return go(here(slug), "late")
        return go(here(slug), "withdrawn")


def _chosen(question: HostQuestion | None, form: dict[str, str]) -> tuple[datetime, datetime]:
    """The half-day that was ticked: one of the proposals, or the host's own.

    :raises Rejected: none was.
    """
    wanted = form.get("day", "")
    if question is None:
        raise Rejected("day", "choose")
    found: Any = None
    if wanted.isdecimal() and int(wanted) < len(question.proposals):
        found = question.proposals[int(wanted)]
    elif wanted == "counter" and question.counter and question.counter.get("starts_at"):
        found = question.counter
    if found is None:
        raise Rejected("day", "choose")
    return datetime.fromisoformat(found["starts_at"]), datetime.fromisoformat(found["ends_at"])


def _page(
    database: Database,
    slug: str,
    value: dict[str, str] | None = None,
    faults: dict[str, Fault] | None = None,
    *,
    is_late: bool = False,
) -> ResponseReturnValue:
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        if event.state not in BEFORE_PUBLIC:
            return go(here(slug), "late")
        tour = events.tour_of(session, event)
        question = events.question_of(session, event.id)
        contacts = sluices.find(session, event.sluice_slug).contacts
    if value is None:
        first = contacts[0] if contacts else {"name": "", "address": "", "language": LANGUAGES[0]}
        value = {name: str(first[name]) for name in ("name", "address", "language")} | {"note": ""}
        if question is not None:
            value |= {"name": question.name, "address": question.address, "language": question.language}
        proposals = tour.plan.get("proposals", []) if tour is not None else []
        value |= write_proposals(proposals, rows=4)
        value |= {name: tour.plan[name] if tour is not None else "" for name in ("starts", "ends")}
    text = event_page(
        "host",
        event,
        "",
        value=value,
        faults=faults,
        question=question,
        is_late=is_late,
        version=event.version if is_late or faults is None else version_in(request.form),
    )
    return text, 409 if is_late else 422 if faults else 200
