"""Which message goes to which use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.store import sluices
from services.rsvp.usecases.keep_calendar_reply import keep_calendar_reply
from shared import ended_access
from shared.bus.inbox import Handler, Task
from shared.clock import Clock, now
from shared.contracts.registry import ACCESS_ENDED, CALENDAR_REPLY, RSVP, SLUICE_CHANGED
from shared.settings import Settings


def handlers(settings: Settings, clock: Clock = now) -> Mapping[str, Handler]:
    """Rsvp's handlers by message name."""
    return {
        SLUICE_CHANGED.name: _at_once(sluices.keep),
        ACCESS_ENDED.name: _at_once(lambda session, told: ended_access.keep_ended(session, RSVP, told)),
        CALENDAR_REPLY.name: keep_calendar_reply,
    }


def _at_once(act: Callable[[Session, Mapping[str, Any]], object]) -> Handler:
    """A use case that is one transaction."""

    def handle(task: Task) -> None:
        with task.transaction() as session:
            act(session, task.payload)

    return handle
