"""What is done with an event as a whole: published, cancelled, held, thrown away."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.store import seats
from services.rsvp.usecases import publish_event
from services.rsvp.usecases.access import seen_event
from services.rsvp.web.organise.pages import EVENT, START, by_field, event_page, go, here
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.web.form_text import form_text, version_in
from shared.web.session import require_person
from shared.web.viewer import viewer
from shared.words import clean


def register(app: Flask, database: Database) -> None:
    """Add the acts. Whoever was late, or lacks something, is led to the overview, which tells how it stands."""

    @app.post(f"{EVENT}/publicera")
    @require_person
    def publish_draft(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                publish_event.publish(session, viewer(), slug, version=version_in(request.form), moment=now())
        except (Conflict, Rejected):
            return go(here(slug), "late")
        return go(here(slug), "published")

    @app.get(f"{EVENT}/stall-in")
    @require_person
    def cancel_event_page(slug: str) -> str:
        return _cancel_page(database, slug, {"tells": "yes"})

    @app.post(f"{EVENT}/stall-in")
    @require_person
    def cancel_event(slug: str) -> ResponseReturnValue:
        form = form_text()
        try:
            with database.transaction() as session:
                publish_event.cancel(
                    session,
                    viewer(),
                    slug,
                    clean(form.get("reason", "")).strip(),
                    version=version_in(form),
                    tells=form.get("tells") == "yes",
                    moment=now(),
                )
        except Rejected as fault:
            return _cancel_page(database, slug, form, by_field(fault)), 422
        except Conflict:
            return _cancel_page(database, slug, form, is_late=True), 409
        return go(here(slug), "cancelled")

    @app.post(f"{EVENT}/har-varit")
    @require_person
    def mark_event_held(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                publish_event.mark_held(session, viewer(), slug, version=version_in(request.form), moment=now())
        except Conflict:
            return go(here(slug), "late")
        return go(here(slug), "held")

    @app.get(f"{EVENT}/kasta")
    @require_person
    def discard_draft_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            if not publish_event.may_be_discarded(session, event):
                return go(here(slug), "late")
        return event_page("discard", event, "")

    @app.post(f"{EVENT}/kasta")
    @require_person
    def discard_draft(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                publish_event.discard(session, viewer(), slug, version=version_in(request.form))
        except Conflict:
            return go(here(slug), "late")
        return go(START, "discarded")


def _cancel_page(
    database: Database,
    slug: str,
    value: dict[str, str],
    faults: dict[str, Fault] | None = None,
    *,
    is_late: bool = False,
) -> str:
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        counts = seats.counts(session, event.id)
    return event_page("cancel", event, "", value=value, faults=faults, is_late=is_late, counts=counts)
