"""Meetings to come, as rsvp tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.store.meeting_tables import Meeting

PUBLISHED = "published"


def keep(session: Session, told: Mapping[str, Any]) -> None:
    """Keep what ``event.changed.v1`` tells, unless something newer has been told."""
    values = {name: told[name] for name in ("id", "slug", "state", "title", "place", "starts_at", "ends_at", "version")}
    values |= {"sluice_slug": told["sluice"], "tour_slug": told["tour"], "told_at": told["at"]}
    statement = insert(Meeting).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: value for name, value in values.items() if name != "id"},
            where=Meeting.version <= told["version"],
        )
    )


def coming(session: Session, moment: datetime, *, limit: int) -> Sequence[Meeting]:
    """Published meetings that have not ended, the next first."""
    return session.scalars(
        select(Meeting)
        .where(Meeting.state == PUBLISHED, Meeting.ends_at > moment)
        .order_by(Meeting.starts_at, Meeting.slug)
        .limit(limit)
    ).all()
