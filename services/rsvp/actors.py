"""Which message goes to which use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.store import sluices
from services.rsvp.usecases.apply_calendar_reply import ApplyCalendarReply
from services.rsvp.usecases.mail_many import MailMany
from services.rsvp.usecases.person import PersonInRsvp
from services.rsvp.usecases.tell_guest import TellGuest, keep_unreached
from services.rsvp.usecases.tidy import forget_ideas
from services.rsvp.usecases.understand_mail import UnderstandMail
from services.rsvp.usecases.workshop import keep_reference
from shared import ended_access
from shared.bus.inbox import Handler, Task
from shared.clock import Clock, now
from shared.contracts.registry import (
    ACCESS_ENDED,
    CALENDAR_REPLY,
    EVENT_ANSWER_RECEIVED,
    GUEST_DUE,
    GUEST_UNREACHED,
    IDEA_CAUGHT_KEPT,
    IDEAS_FORGOTTEN,
    MAILING_DUE,
    PERSON_CLOSING,
    PERSON_DATA_WANTED,
    RSVP,
    SLUICE_CHANGED,
)
from shared.settings import Settings


def handlers(settings: Settings, clock: Clock = now) -> Mapping[str, Handler]:
    """Rsvp's handlers by message name."""
    person = PersonInRsvp(clock)
    return {
        SLUICE_CHANGED.name: _at_once(sluices.keep),
        ACCESS_ENDED.name: _at_once(lambda session, told: ended_access.keep_ended(session, RSVP, told)),
        CALENDAR_REPLY.name: _at_once(ApplyCalendarReply(settings, clock)),
        EVENT_ANSWER_RECEIVED.name: _at_once(UnderstandMail(settings, clock)),
        GUEST_DUE.name: _at_once(TellGuest(settings, clock)),
        GUEST_UNREACHED.name: _at_once(keep_unreached),
        IDEA_CAUGHT_KEPT.name: _at_once(keep_reference),
        IDEAS_FORGOTTEN.name: _at_once(forget_ideas),
        MAILING_DUE.name: _at_once(MailMany(settings, clock)),
        PERSON_DATA_WANTED.name: person.do,
        PERSON_CLOSING.name: person.close,
    }


def _at_once(act: Callable[[Session, Mapping[str, Any]], object]) -> Handler:
    """A use case that is one transaction."""

    def handle(task: Task) -> None:
        with task.transaction() as session:
            act(session, task.payload)

    return handle
