"""The list of events: what wants a person first, then what comes, then what has been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Flask, request

from services.rsvp.domain.states import EventState
from services.rsvp.store import desk, events, sluices
from services.rsvp.store.desk import Figures
from services.rsvp.store.tables import Event, HostQuestion
from services.rsvp.usecases.access import own_events, own_tours
from services.rsvp.usecases.offers import alarms
from services.rsvp.web.organise.pages import START, page
from shared.clock import now
from shared.db import Database
from shared.web.session import require_person
from shared.web.viewer import viewer

FEW = 10
"""Past events that are shown before somebody asks for all."""


@dataclass(frozen=True, slots=True)
class Row:
    """One event in the list."""

    event: Event
    figures: Figures
    needs: Sequence[str]
    """Codes of what wants a person: ``answered``, ``alarm``, ``no_date``, ``asked``, ``unpublished``, ``proposals``
    or ``offered``."""
    question: HostQuestion | None


def needs_of(event: Event, figures: Figures, question: HostQuestion | None, *, is_alarm: bool) -> list[str]:
    """What wants a person, the most pressing first."""
    is_draft = event.state == EventState.DRAFT
    is_asked = event.state == EventState.ASKED
    is_answered = question is not None and question.state in ("picked", "countered")
    found = {
        "alarm": is_alarm,
        "answered": is_asked and is_answered,
        "no_date": is_draft and event.starts_at is None,
        "unpublished": is_draft and event.starts_at is not None,
        "asked": is_asked and not is_answered,
        "proposals": figures.proposals > 0,
        "offered": event.state == EventState.PUBLISHED and figures.offered > 0,
    }
    return [code for code, is_so in found.items() if is_so]


def register(app: Flask, database: Database) -> None:
    """Add the list."""

    @app.get(START)
    @require_person
    def event_list() -> str:
        who, moment = viewer(), now()
        with database.transaction() as session:
            every = sluices.list_all(session)
            mine = [each for each in every if who.answers_for(each.slug)]
            asked = request.args.get("kommun", "")
            chosen = asked if asked in {each.slug for each in mine} else None
            found = desk.list_events(session, own_events(who), chosen)
            rows = _rows(
                found,
                desk.figures(session, [event.id for event in found]),
                events.questions_of(session, [event.id for event in found if event.state == EventState.ASKED]),
                frozenset(alarm.event_id for alarm in alarms(session, lambda: moment)),
            )
            tours = desk.list_tours(session, own_tours(who), chosen)
        past = [row for row in reversed(rows) if _is_past(row.event, moment)]
        return page(
            "list",
            sluices=mine,
            names={each.slug: each.name for each in every},
            chosen=chosen or "",
            pressing=[row for row in rows if row.needs],
            coming=[row for row in rows if row.event.state == EventState.PUBLISHED and row not in past],
            past=past if "alla" in request.args else past[:FEW],
            past_count=len(past),
            tours=tours,
        )


def _rows(
    found: Sequence[Event],
    figures: Mapping[UUID, Figures],
    questions: Mapping[UUID, HostQuestion],
    idle: frozenset[UUID],
) -> list[Row]:
    rows = []
    for event in found:
        one, question = figures.get(event.id, desk.NONE), questions.get(event.id)
        rows.append(Row(event, one, needs_of(event, one, question, is_alarm=event.id in idle), question))
    return rows


def _is_past(event: Event, moment: datetime) -> bool:
    is_over = event.ends_at is not None and event.ends_at <= moment
    return event.state in (EventState.CANCELLED, EventState.HELD) or (event.state == EventState.PUBLISHED and is_over)
