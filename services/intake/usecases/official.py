"""An official answer: the one way in which an idea moves, whoever gives it and by whichever way."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.store import sluices
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import note
from services.intake.usecases.tell_followers import tell_followers
from shared import logs
from shared.clock import now

log = logs.get(__name__)

MAX_ANSWER = 50_000
"""Characters of an answer."""
MAX_REASON = 300
"""Characters of the reason for closing an idea."""


def give(
    session: Session,
    announcer: Announcer,
    idea: Idea,
    *,
    to: Stage,
    text: str,
    signed_by: str,
    close_reason: str | None = None,
) -> TimelineEntry:
    """Move the idea, keep the answer for all to read, and tell its submitter and everybody who follows it.

    :param text: the answer as it is sent, clean and not empty.
    """
    moment = now()
    before = Stage(idea.stage)
    idea.stage = to.value
    idea.close_reason = close_reason if to is Stage.CLOSED else None
    idea.answered_at = idea.answered_at or moment
    idea.asked_at = None
    idea.version += 1
    idea.updated_at = moment
    entry = note(
        session,
        idea,
        event="answered",
        at=moment,
        actor=signed_by,
        actor_kind="contact",
        text=text,
        facts={"from": before.value, "to": to.value} | ({"reason": close_reason} if idea.close_reason else {}),
    )
    sluice = sluices.profile(session, idea.sluice_id)
    announcer.answered(session, idea, sluice, answer_id=entry.id, signed_by=signed_by, text=text, before=before.value)
    tell_followers(session, idea, entry)
    log.info("idea_answered", idea_id=str(idea.id), to=to.value)
    return entry
