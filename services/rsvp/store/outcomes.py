"""What came of events, counted: few questions for however many events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.rsvp.domain.figures import Figures
from services.rsvp.domain.states import GuestState
from services.rsvp.store.day_tables import CaughtIdea, Feedback
from services.rsvp.store.guest_tables import Guest


def of_events(session: Session, events: Collection[UUID]) -> Mapping[UUID, Figures]:
    """The figures of each of those events."""
    guests = {
        row.event_id: row
        for row in session.execute(
            select(
                Guest.event_id,
                func.count().filter(Guest.invited_at.is_not(None)).label("invited"),
                func.count().filter(Guest.answer.is_not(None)).label("answered"),
                func.sum(Guest.party_size).filter(Guest.state == GuestState.COMING.value).label("coming"),
                func.sum(Guest.came).label("came"),
            )
            .where(Guest.event_id.in_(events))
            .group_by(Guest.event_id)
        )
    }
    caught = (
        select(CaughtIdea.event_id, func.count())
        .where(CaughtIdea.event_id.in_(events), CaughtIdea.held.is_(None))
        .group_by(CaughtIdea.event_id)
    )
    ideas: dict[UUID, int] = dict(session.execute(caught).all())
    ratings: dict[UUID, dict[int, int]] = defaultdict(dict)
    for event_id, rating, number in session.execute(
        select(Feedback.event_id, Feedback.rating, func.count())
        .where(Feedback.event_id.in_(events), Feedback.rating.is_not(None))
        .group_by(Feedback.event_id, Feedback.rating)
    ):
        ratings[event_id][int(rating or 0)] = number
    found = {}
    for event_id in events:
        row = guests.get(event_id)
        found[event_id] = Figures(
            invited=row.invited if row else 0,
            answered=row.answered if row else 0,
            coming=int(row.coming or 0) if row else 0,
            came=int(row.came or 0) if row else 0,
            ideas=ideas.get(event_id, 0),
            ratings=dict(ratings.get(event_id, {})),
        )
    return found


def words_of(session: Session, event_id: UUID) -> Sequence[str]:
    """What guests wrote of an event, without their names, the newest first."""
    wanted = select(Feedback.text).where(Feedback.event_id == event_id, Feedback.text != "")
    return session.scalars(wanted.order_by(Feedback.at.desc(), Feedback.guest_id)).all()
