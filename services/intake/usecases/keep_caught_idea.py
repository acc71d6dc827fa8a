"""Open an idea that somebody wrote down at a workshop, in the municipality's sluice, and tell its number back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store import sluices
from services.intake.store.tables import Idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import NewIdea, open_idea
from services.intake.usecases.tag_idea import put_tag
from shared.bus import outbox
from shared.contracts.registry import IDEA_CAUGHT_KEPT
from shared.db import hold

WORKSHOP = "workshop"


@dataclass(frozen=True, slots=True)
class KeepCaughtIdea:
    """Handles ``idea.caught.v1``. The same idea told twice is one."""

    announcer: Announcer

    def __call__(self, session: Session, told: Mapping[str, Any]) -> None:
        """Open the idea, tagged with the event and its theme.

        The address is only what somebody typed: nobody vouches for it, so its confirmation bears no free text.

        :raises NotFound: there is no such sluice: the message is parked for a person to look at.
        """
        key = f"caught:{told['caught_id']}"
        hold(session, key)
        idea = session.scalar(select(Idea).where(Idea.idempotency_key == key)) or self._open(session, told, key)
        outbox.put(session, IDEA_CAUGHT_KEPT, {"caught_id": told["caught_id"], "reference": idea.reference})

    def _open(self, session: Session, told: Mapping[str, Any], key: str) -> Idea:
        sluice = sluices.profile_by_slug(session, told["sluice"])
        facts = {name: told[name] for name in ("event", "event_title", "theme") if told[name]}
        idea = open_idea(
            session,
            self.announcer,
            sluice,
            NewIdea(
                title=told["title"],
                text=told["text"],
                via=WORKSHOP,
                received_at=told["at"],
                language=told["language"],
                submitter_name=told["name"],
                submitter_address=told["address"],
                idempotency_key=key,
                facts=facts,
            ),
        )
        session.flush()
        for tag in dict.fromkeys((told["event_title"], told["theme"])):
            put_tag(session, idea, tag)
        return idea
