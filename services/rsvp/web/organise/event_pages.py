"""An event's own pages for those who plan it: a new one, how it stands, the form, and what was changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.event_form import Filled, new_values, read_event, write_event
from services.rsvp.domain.fault import Fault
from services.rsvp.domain.states import EventState
from services.rsvp.store import events, seats, sluices
from services.rsvp.usecases import plan_event
from services.rsvp.usecases.access import seen_event
from services.rsvp.usecases.pictures import PictureChange, check_picture
from services.rsvp.usecases.publish_event import may_be_discarded, missing
from services.rsvp.web.organise.history_words import steps, words_of
from services.rsvp.web.organise.pages import BODY, EVENT, FIELDS, NEW, by_field, event_page, go, here, page, typed
from shared.clock import STOCKHOLM, now
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.web.form_text import version_in
from shared.web.room import room_for
from shared.web.session import require_person
from shared.web.viewer import viewer


def register(app: Flask, database: Database) -> None:
    """Add the pages."""

    @app.get(NEW)
    @require_person
    def new_event() -> str:
        return _new_page(
            database, write_event(new_values(LANGUAGES, STOCKHOLM.key), _first_contacts(database), LANGUAGES)
        )

    @app.post(NEW)
    @room_for(fields=FIELDS, body=BODY)
    @require_person
    def create_event() -> ResponseReturnValue:
        filled = read_event(request.form, LANGUAGES)
        faults = dict(filled.faults)
        try:
            picture = _picture(has_one=False)
            if not faults:
                with database.transaction() as session:
                    event = plan_event.create_event(
                        session, viewer(), request.form.get("sluice", ""), filled.values, moment=now(), picture=picture
                    )
                return go(here(event.slug), "created")
        except NotFound:
            faults["sluice"] = Fault("organise.fault.choose")
        except Rejected as fault:
            faults |= by_field(fault)
        return _new_page(database, typed(), faults), 422

    @app.get(f"{EVENT}/")
    @require_person
    def event_overview(slug: str) -> str:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            contacts = events.contacts_of(session, event)
            facts: dict[str, Any] = {
                "contacts": contacts,
                "sluice": sluices.find(session, event.sluice_slug),
                "tour": events.tour_of(session, event),
                "picture": events.picture_of(session, event),
                "counts": seats.counts(session, event.id),
                "question": events.question_of(session, event.id),
                "missing": missing(event, contacts),
                "may_discard": may_be_discarded(session, event),
            }
        moment = now()
        return event_page(
            "overview",
            event,
            "overview",
            is_past=event.starts_at is not None and event.starts_at < moment,
            moment=moment,
            value={},
            told=request.args.get("berattat") == "ja",
            warnings=request.args.get("obs", "").split(","),
            **facts,
        )

    @app.get(f"{EVENT}/redigera")
    @require_person
    def edit_event(slug: str) -> str:
        return _edit_page(database, slug)

    @app.post(f"{EVENT}/redigera")
    @room_for(fields=FIELDS, body=BODY)
    @require_person
    def save_event(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            has_picture = seen_event(session, viewer(), slug).picture_id is not None
        filled = read_event(request.form, LANGUAGES)
        faults = dict(filled.faults)
        try:
            picture = _picture(has_one=has_picture)
            if not faults:
                with database.transaction() as session:
                    edit = plan_event.edit_event(
                        session,
                        viewer(),
                        slug,
                        filled.values,
                        version=version_in(request.form),
                        tells=request.form.get("tells") == "yes",
                        moment=now(),
                        picture=picture,
                    )
                return go(here(slug), *_said_of(edit), obs=",".join(edit.warnings))
        except Rejected as fault:
            faults |= by_field(fault)
        except Conflict:
            return _edit_page(database, slug, typed(), late=filled), 409
        return _edit_page(database, slug, typed(), faults), 422

    @app.get(f"{EVENT}/historik")
    @require_person
    def event_history(slug: str) -> str:
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            changes = events.changes(session, event_id=event.id, before=_before())
        return event_page("history", event, "", steps=steps(changes, event.zone), last=_last(changes))


def _said_of(edit: plan_event.Edit) -> tuple[str]:
    if not edit.is_changed:
        return ("unchanged",)
    if edit.has_moved:
        return ("moved_told",) if edit.tells else ("moved",)
    return ("changed",)


def _picture(*, has_one: bool) -> PictureChange:
    """What the form says of the picture.

    :raises Rejected: it cannot be kept.
    """
    file = request.files.get("picture")
    change = PictureChange(
        content=file.read() if file is not None and file.filename else None,
        words={code: request.form.get(f"picture_words-{code}", "").strip()[:300] for code in LANGUAGES},
        is_removed=request.form.get("picture_remove") == "yes",
    )
    check_picture(change, has_one=has_one)
    return change


def _before() -> UUID | None:
    try:
        return UUID(request.args.get("fore", ""))
    except ValueError:
        return None


def _last(changes: Any) -> UUID | None:
    """The last step of a full page, after which there may be more."""
    return changes[-1].id if len(changes) == events.CHANGES else None


def _first_contacts(database: Database) -> list[dict[str, Any]]:
    """Whoever makes an event is most often its contact."""
    who = viewer()
    with database.transaction() as session:
        known = [each for sluice in sluices.list_all(session) for each in sluice.contacts]
    found = next((each for each in known if each["address"] == who.address), None)
    return [] if found is None else [{**found, "phone": "", "is_told": True}]


def _new_page(database: Database, value: dict[str, str], faults: dict[str, Fault] | None = None) -> str:
    who = viewer()
    with database.transaction() as session:
        mine = [each for each in sluices.list_all(session) if who.answers_for(each.slug)]
    if len(mine) == 1:
        value.setdefault("sluice", mine[0].slug)
    return page("new", value=value, faults=faults, sluices=mine, picture=None)


def _edit_page(
    database: Database,
    slug: str,
    value: dict[str, str] | None = None,
    faults: dict[str, Fault] | None = None,
    *,
    late: Filled | None = None,
) -> str:
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        contacts = plan_event.contacts_as_data(events.contacts_of(session, event))
        picture = events.picture_of(session, event)
    there = plan_event.values_of(event)
    written = write_event(there, contacts, LANGUAGES)
    written |= {f"picture_words-{code}": picture.words.get(code, "") if picture else "" for code in LANGUAGES}
    written["tells"] = "yes"
    is_late = late is not None
    return event_page(
        "edit",
        event,
        "edit",
        value=written if value is None else value,
        faults=faults,
        picture=picture,
        is_published=event.state == EventState.PUBLISHED,
        # Who was late sees what is there now, and may save over it.
        version=event.version if value is None or is_late else version_in(request.form),
        late=None if late is None else _differing(late, {**there, "contacts": contacts}, event.zone),
    )


def _differing(late: Filled, there: dict[str, Any], zone: str) -> list[tuple[str, list[str]]]:
    """What somebody else's version says where it is not what was typed: column and words."""
    return [(name, words_of(name, value, zone)) for name, value in there.items() if late.values.get(name) != value]
