"""Events and tours as another system makes and changes them: by the same rules as the organisers' own forms.

What the system names is written over what is there, put into the form and read back: so there is one place where it is
decided what an event or a plan may be, and what is wrong in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.domain.event_form import COLUMNS, Filled, new_values, read_event, write_event
from services.rsvp.domain.plan import new_plan, read_plan, write_plan
from services.rsvp.store import events
from services.rsvp.store.tables import Event, Tour
from services.rsvp.usecases import plan_event, plan_tour
from services.rsvp.usecases.access import own_event, own_tour
from shared.clock import STOCKHOLM
from shared.contracts.facts import LANGUAGES
from shared.errors import Rejected
from shared.questions import parse_all
from shared.viewer import Viewer

CONTACTS, QUESTIONS = "contacts", "questions"
PLAN_FIELDS = ("starts", "ends", "reply_days", "contacts_mode")
_FIELDS = {"starts": "starts_at", "ends": "ends_at", "reply": "reply_by", "c": CONTACTS, "language": "languages"}


def create_event(session: Session, viewer: Viewer, sluice: str, given: Mapping[str, Any], *, moment: datetime) -> Event:
    """Make a draft of what was sent.

    :param given: columns (``event_form.COLUMNS``) and ``contacts``; what is not named begins as in the form.
    :raises NotFound: there is no such municipality.
    :raises Rejected: naming the first field that is wrong.
    """
    _see_that_all_can_be_asked(given)
    values = {**new_values(LANGUAGES, STOCKHOLM.key), **_columns(given)}
    read = _event(values, given.get(CONTACTS, ()))
    return plan_event.create_event(session, viewer, sluice, read, moment=moment)


def edit_event(
    session: Session,
    viewer: Viewer,
    slug: str,
    given: Mapping[str, Any],
    *,
    version: int | None,
    tells: bool,
    moment: datetime,
) -> plan_event.Edit:
    """Change what was sent, and nothing else.

    :raises NotFound: there is no such event.
    :raises Conflict: it has changed since ``version``.
    :raises Rejected: naming the first field that is wrong.
    """
    event = own_event(session, viewer, slug, version=version)
    _see_that_all_can_be_asked(given)
    contacts = plan_event.contacts_as_data(events.contacts_of(session, event))
    read = _event({**plan_event.values_of(event), **_columns(given)}, given.get(CONTACTS, contacts))
    changes = {name: read[name] for name in (*COLUMNS, CONTACTS) if name in given}
    return plan_event.edit_event(session, viewer, slug, changes, version=event.version, tells=tells, moment=moment)


def create_tour(
    session: Session,
    viewer: Viewer,
    owner: str,
    given: Mapping[str, Any],
    stops: Sequence[tuple[str, date | None]],
    *,
    moment: datetime,
) -> Tour:
    """Make a tour and a draft for each stop.

    :raises NotFound: there is no such municipality.
    :raises Rejected: naming the first field that is wrong.
    """
    plan = _plan(new_plan(LANGUAGES), given)
    return plan_tour.create_tour(session, viewer, owner, plan, stops, moment=moment)


def edit_tour(
    session: Session, viewer: Viewer, slug: str, given: Mapping[str, Any], *, version: int | None, moment: datetime
) -> Tour:
    """Change a tour's plan; its stops stay as they are.

    :raises NotFound: there is no such tour.
    :raises Conflict: it has changed since ``version``.
    :raises Rejected: naming the first field that is wrong.
    """
    tour = own_tour(session, viewer, slug, version=version)
    plan = _plan(tour.plan, given)
    return plan_tour.edit_plan(session, viewer, slug, plan, version=tour.version, moment=moment)


def _see_that_all_can_be_asked(given: Mapping[str, Any]) -> None:
    """Go on only with questions that can be asked as they were sent: the form leaves out what it cannot read.

    :raises Rejected: one of them cannot.
    """
    try:
        parse_all(given.get(QUESTIONS, ()))
    except Rejected as fault:
        raise Rejected(QUESTIONS, f"organise.fault.question_{fault.message_key}") from fault


def _columns(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name in COLUMNS}


def _event(values: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return _sound(read_event(write_event(values, contacts, LANGUAGES), LANGUAGES))


def _plan(present: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    _see_that_all_can_be_asked(given)
    values = present["values"]
    changed = {
        **present,
        "values": {**values, **{name: value for name, value in given.items() if name in values}},
        CONTACTS: given.get(CONTACTS, present[CONTACTS]),
        **{name: given[name] for name in PLAN_FIELDS if name in given},
    }
    return _sound(read_plan(write_plan(changed, LANGUAGES), LANGUAGES), names={})


def _sound(filled: Filled, names: Mapping[str, str] = _FIELDS) -> Mapping[str, Any]:
    """What the form means, where nothing is wrong in it."""
    for name, fault in filled.faults.items():
        field = re.split(r"[-_]|(?<=^c)\d", name)[0] if "question" not in name else "questions"
        raise Rejected(names.get(field, name.partition("-")[0]), fault.key)
    return filled.values
