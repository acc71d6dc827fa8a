"""Whether guests may still answer, and why not."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from services.rsvp.domain.states import EventState

CLOSED_TO_GUESTS = ("frozen", "late")
"""Reasons that hold for guests alone."""


class Answerable(Protocol):
    """An event, as far as it decides whether guests may answer."""

    @property
    def state(self) -> str: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def reply_by(self) -> datetime | None: ...
    @property
    def frozen_at(self) -> datetime | None: ...
    @property
    def anonymised_at(self) -> datetime | None: ...


def why_closed(event: Answerable, moment: datetime) -> str | None:
    """Why guests may not answer: ``anonymised``, ``cancelled``, ``held``, ``unpublished``, ``frozen`` or ``late``.

    None while they may. Contacts may write down what they are told while it is one of ``CLOSED_TO_GUESTS``.
    """
    if event.anonymised_at is not None:
        return "anonymised"
    if event.state in (EventState.CANCELLED, EventState.HELD):
        return event.state
    if event.state != EventState.PUBLISHED:
        return "unpublished"
    if event.frozen_at is not None:
        return "frozen"
    last = closes_at(event)
    return "late" if last is not None and last <= moment else None


def closes_at(event: Answerable) -> datetime | None:
    """Until when guests may answer; None where nothing says."""
    return min((at for at in (event.reply_by, event.starts_at) if at is not None), default=None)
