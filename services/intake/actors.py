"""Which message goes to which use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.intake.store import meetings
from services.intake.usecases.correct_address import correct_address
from services.intake.usecases.keep_caught_idea import KeepCaughtIdea
from services.intake.usecases.keep_message_state import keep_message_state
from services.intake.usecases.mail_news import MailNews
from services.intake.usecases.person_in_intake import PersonInIntake
from services.intake.usecases.person_jobs import keep_told
from services.intake.usecases.read_mail import ReadMail
from services.intake.usecases.tell_followers import TellFollowers
from shared.bus.inbox import Handler, Task
from shared.contracts.registry import (
    ADDRESS_CORRECTED,
    EVENT_CHANGED,
    FOLLOWERS_DUE,
    IDEA_CAUGHT,
    MAIL_RECEIVED,
    NEWS_DUE,
    NOTIFICATION_CHANGED,
    PERSON_CLOSING,
    PERSON_DATA_TOLD,
    PERSON_DATA_WANTED,
)


def handlers(read_mail: ReadMail) -> Mapping[str, Handler]:
    """Intake's handlers by message name."""
    settings = read_mail.announcer.settings
    person = PersonInIntake(read_mail.announcer)
    return {
        MAIL_RECEIVED.name: read_mail,
        NOTIFICATION_CHANGED.name: _at_once(keep_message_state),
        ADDRESS_CORRECTED.name: _at_once(correct_address),
        IDEA_CAUGHT.name: _at_once(KeepCaughtIdea(read_mail.announcer)),
        FOLLOWERS_DUE.name: _at_once(TellFollowers(settings)),
        NEWS_DUE.name: _at_once(MailNews(settings)),
        EVENT_CHANGED.name: _at_once(meetings.keep),
        PERSON_DATA_WANTED.name: person.do,
        PERSON_DATA_TOLD.name: _at_once(keep_told),
        PERSON_CLOSING.name: person.close,
    }


def _at_once(act: Callable[[Session, Mapping[str, Any]], None]) -> Handler:
    """A use case that is one transaction."""

    def handle(task: Task) -> None:
        with task.transaction() as session:
            act(session, task.payload)

    return handle
