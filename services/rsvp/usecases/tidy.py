"""Forget what rsvp holds of ideas that retention took, and what serves nobody any more. Events have days of their own:
see ``forget``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from services.rsvp.store.day_tables import CaughtIdea
from services.rsvp.store.guest_tables import ListDraft
from services.rsvp.store.hits import HITS
from shared import ended_access
from shared.clock import Clock, now
from shared.db import Database

DRAFT_DAYS = 30
"""A guest list that somebody began to read in and never took."""


@dataclass(frozen=True, slots=True)
class Tidy:
    """The scheduler's job."""

    database: Database
    is_sane: Callable[[], bool]
    """May anything be destroyed by the clock: see ``shared.sane_clock``."""
    clock: Clock = now

    def __call__(self) -> None:
        """Forget what is old."""
        if not self.is_sane():
            return
        moment = self.clock()
        ended_access.forget_sessions(self.database, moment)
        with self.database.transaction() as session:
            session.execute(delete(ListDraft).where(ListDraft.created_at < moment - timedelta(days=DRAFT_DAYS)))
            HITS.forget(session.connection())


def forget_ideas(session: Session, told: Mapping[str, Any]) -> None:
    """What ``ideas.forgotten.v1`` asks for: who wrote it down, and where the idea is gone what it said."""
    gone: dict[str, Any] = {"name": "", "address": None}
    if told["removed"]:
        gone |= {"title": "", "text": "", "is_hidden": True}
    session.execute(update(CaughtIdea).where(CaughtIdea.reference.in_(told["references"])).values(gone))
