"""A stop that begins as a question: the host is asked which of some half-days suits, answers by a signed link, and
whoever plans settles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.rsvp.domain.plan import half_day, reply_by
from services.rsvp.domain.states import EventState
from services.rsvp.store import events, sluices
from services.rsvp.store.tables import Event, HostQuestion, Sluice
from services.rsvp.usecases import letters
from services.rsvp.usecases.access import own_event
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.plan_event import apply
from services.rsvp.usecases.publish_event import BEFORE_PUBLIC, OPEN_QUESTIONS, close_questions, publish
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical, is_sendable
from shared.settings import Settings
from shared.viewer import Viewer
from shared.web import links

NOTE_LIMIT = 2000
REPLY_DAYS = 7
"""Days before an event of no tour until which guests may answer, where nothing else is said."""


def ask_host(
    session: Session,
    settings: Settings,
    viewer: Viewer,
    slug: str,
    *,
    person: Mapping[str, str],
    proposals: Sequence[Mapping[str, str]],
    note: str,
    version: int,
    moment: datetime,
) -> HostQuestion:
    """Mail the host the half-days to choose among; an earlier question that is not settled ends.

    :param person: ``name``, ``address``, ``language`` of the host's contact.
    :param proposals: as ``plan.read_proposals`` gives them.
    :raises NotFound: there is no such event, for them.
    :raises Conflict: somebody else has changed it since, or it is public already.
    :raises Rejected: there is nothing to choose among, or a time that clocks skip.
    """
    event = own_event(session, viewer, slug, version=version)
    if event.state not in BEFORE_PUBLIC:
        raise Conflict("it is public already")
    if not proposals:
        raise Rejected("p0-day", "no_proposals")
    if len(note) > NOTE_LIMIT:
        raise Rejected("note", "too_long_note")
    close_questions(session, event, "withdrawn")
    question = HostQuestion(
        id=new_id(),
        event_id=event.id,
        name=person["name"],
        address=person["address"],
        language=person["language"],
        proposals=[_moments(number, each, event.zone) for number, each in enumerate(proposals)],
        state="open",
        counter=None,
        asked_at=moment,
        asked_by=viewer.address,
    )
    session.add(question)
    event.state = EventState.ASKED.value
    event.version += 1
    event.updated_at = moment
    note_change(
        session, "event.asked", actor=viewer.address, moment=moment, event_id=event.id, after=question.proposals
    )
    session.flush()
    letters.ask(
        session,
        settings,
        "host-question",
        about=str(question.id),
        event=event,
        sluice=sluices.find(session, event.sluice_slug),
        person=person,
        facts={
            "host_url": links.host_url(settings, question.id),
            "proposals": question.proposals,
            "note": note,
        },
    )
    return question


def look_at_question(session: Session, question_id: UUID) -> tuple[HostQuestion, Event, Sluice]:
    """The question that a signed link is for, to look at.

    :raises NotFound: there is none (any more).
    """
    question = session.get(HostQuestion, question_id)
    if question is None:
        raise NotFound("host question")
    event = events.by_id(session, question.event_id)
    return question, event, sluices.find(session, event.sluice_slug)


def answer_host_question(
    session: Session,
    settings: Settings,
    question_id: UUID,
    *,
    picked: int | None,
    counter: Mapping[str, Any] | None,
    moment: datetime,
) -> HostQuestion:
    """Keep what the host says, and tell whoever asked. It may be changed until the day is settled.

    :param picked: which proposal, from 0; None where another is proposed.
    :param counter: ``starts_at`` and ``ends_at`` (moments, or None) and ``text``.
    :raises NotFound: there is no such question.
    :raises Conflict: the day is settled, or the question was taken back.
    :raises Rejected: that proposal is none, or nothing else is proposed.
    """
    event_id = session.scalar(select(HostQuestion.event_id).where(HostQuestion.id == question_id))
    if event_id is None:
        raise NotFound("host question")
    # The event first, as whoever settles the day does: each would wait for the other for ever.
    event = events.locked(session, event_id)
    question = session.scalar(
        select(HostQuestion)
        .where(HostQuestion.id == question_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if question is None:
        raise NotFound("host question")
    if question.state not in OPEN_QUESTIONS:
        raise Conflict(question.state)
    told = None if counter is None else {name: _iso(counter[name]) for name in ("starts_at", "ends_at", "text")}
    if picked is None and told is None:
        raise Rejected("pick", "choose")
    if picked is not None and not 0 <= picked < len(question.proposals):
        raise Rejected("pick", "choose")
    if picked is None and told is not None and not (told["text"] or told["starts_at"]):
        raise Rejected("text", "no_counter")
    state = "countered" if picked is None else "picked"
    if (state, picked, told if picked is None else None) == (question.state, question.picked, question.counter):
        return question  # pressed twice
    question.state = state
    question.picked = picked
    question.counter = told if picked is None else None
    question.answered_at = moment
    after = question.proposals[picked] if picked is not None else told
    note_change(session, f"event.host_{state}", actor=question.address, moment=moment, event_id=event.id, after=after)
    session.flush()
    _tell_planners(session, settings, question, event)
    return question


def settle_day(
    session: Session,
    viewer: Viewer,
    slug: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    publishes: bool,
    version: int,
    moment: datetime,
) -> Event:
    """Take a half-day for an event whose host was asked; no answer of the host's counts any more.

    :param publishes: let everybody see it at once.
    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since, or no host was asked.
    :raises Rejected: it is to be published, and something is missing.
    """
    event = own_event(session, viewer, slug, version=version)
    if event.state != EventState.ASKED:
        raise Conflict("no host is asked")
    close_questions(session, event, "settled")
    event.state = EventState.DRAFT.value
    tour = events.tour_of(session, event)
    days = tour.plan.get("reply_days", REPLY_DAYS) if tour is not None else REPLY_DAYS
    values = {"starts_at": starts_at, "ends_at": ends_at, "reply_by": reply_by(starts_at, days, event.zone)}
    edit = apply(session, event, values, actor=viewer.address, moment=moment, tells=False, is_changed=True)
    return publish(session, viewer, slug, version=edit.event.version, moment=moment) if publishes else event


def withdraw_question(session: Session, viewer: Viewer, slug: str, *, version: int, moment: datetime) -> Event:
    """Take the question to the host back: the event is a draft again.

    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since, or no host was asked.
    """
    event = own_event(session, viewer, slug, version=version)
    if event.state != EventState.ASKED:
        raise Conflict("no host is asked")
    close_questions(session, event, "withdrawn")
    event.state = EventState.DRAFT.value
    event.version += 1
    event.updated_at = moment
    note_change(session, "event.question_withdrawn", actor=viewer.address, moment=moment, event_id=event.id)
    return event


def _moments(number: int, proposal: Mapping[str, str], zone: str) -> dict[str, Any]:
    found = half_day(date.fromisoformat(proposal["day"]), proposal["starts"], proposal["ends"], zone)
    if found is None:
        raise Rejected(f"p{number}-starts", "no_such_hour")
    return {"starts_at": found[0].isoformat(), "ends_at": found[1].isoformat()}


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _tell_planners(session: Session, settings: Settings, question: HostQuestion, event: Event) -> None:
    """Whoever asked; where that is no address (a program's token), the event's contacts."""
    sluice = sluices.find(session, event.sluice_slug)
    if is_sendable(question.asked_by):
        known = {canonical(each["address"]): each for every in sluices.list_all(session) for each in every.contacts}
        asker = known.get(canonical(question.asked_by), {"name": "", "language": sluice.language})
        readers = [{"name": asker["name"], "address": question.asked_by, "language": asker["language"]}]
    else:
        readers = [
            {"name": each.name, "address": each.address, "language": each.language}
            for each in events.contacts_of(session, event)
        ]
    picked = None if question.picked is None else question.proposals[question.picked]
    counter = question.counter if question.counter and question.counter["starts_at"] else None
    for reader in readers:
        letters.ask(
            session,
            settings,
            "host-answer",
            about=f"{question.id} {_iso(question.answered_at)}",
            event=event,
            sluice=sluice,
            person=reader,
            facts={
                "host": question.name,
                "answer": question.state,
                "picked": picked,
                "counter": counter,
                "text": (question.counter or {}).get("text", ""),
                "event_url": f"{settings.base_url}/kontakt/traffar/{event.slug}/",
            },
        )
