"""Keep what notify tells of a message about an idea, so that it is seen on that idea."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.words import clean
from services.intake.store.tables import Idea, IdeaMessage
from shared import logs

log = logs.get(__name__)


def keep_message_state(session: Session, told: Mapping[str, Any]) -> None:
    """Keep ``notification.changed.v1``: the newest wins, so late and double messages change nothing.

    A message about an idea that is not here (any more) is dropped.
    """
    idea_id = session.scalar(select(Idea.id).where(Idea.reference == told["idea_reference"]))
    if idea_id is None:
        log.warning("message_about_unknown_idea", notification_id=str(told["notification_id"]))
        return
    known = {
        "kind": told["kind"],
        "channel": told["channel"],
        "recipient": clean(told["recipient"]),
        "state": told["state"],
        "reason": clean(told["reason"]) if told["reason"] else None,
        "line": clean(told["line"]) if told["line"] else None,
        "replaces": told["replaces"],
        "at": told["at"],
    }
    session.execute(
        insert(IdeaMessage)
        .values(notification_id=told["notification_id"], idea_id=idea_id, **known)
        .on_conflict_do_update(
            index_elements=[IdeaMessage.notification_id], set_=known, where=IdeaMessage.at < told["at"]
        )
    )
