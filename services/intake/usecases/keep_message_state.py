"""Keep what notify tells of a message about an idea, so that it is seen on that idea."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.messages import ERASED, TO_SUBMITTERS
from services.intake.store.tables import Idea, IdeaMessage
from shared import logs
from shared.words import clean

log = logs.get(__name__)


def keep_message_state(session: Session, told: Mapping[str, Any]) -> None:
    """Keep ``notification.changed.v1``: the newest wins, so late and double messages change nothing.

    A message about an idea that is not here (any more) is dropped. Where the submitter's details were erased, their
    address does not come back by what is told later.
    """
    # Held as the new row's reference to it would hold it: an erasure comes wholly before or wholly after.
    held = select(Idea.id, Idea.erased_at).where(Idea.reference == told["idea_reference"])
    found = session.execute(held.with_for_update(read=True, key_share=True)).one_or_none()
    if found is None:
        log.warning("message_about_unknown_idea", notification_id=str(told["notification_id"]))
        return
    idea_id, erased_at = found
    is_nameless = erased_at is not None and told["kind"] in TO_SUBMITTERS
    known = {
        "kind": told["kind"],
        "channel": told["channel"],
        "recipient": ERASED if is_nameless else clean(told["recipient"]),
        "state": told["state"],
        "reason": clean(told["reason"]) if told["reason"] else None,
        "line": clean(told["line"]) if told["line"] and not is_nameless else None,
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
