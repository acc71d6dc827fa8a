"""Summaries, those who want them, and whom they have been mailed to."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.rsvp.store.day_tables import Summary, SummaryReader
from services.rsvp.store.guest_tables import Guest, Mailing
from services.rsvp.store.guests import WAS_THERE
from shared.errors import NotFound


def of_event(session: Session, event_id: UUID) -> Summary | None:
    """What has been written of that event."""
    return session.get(Summary, event_id)


def mailing_of(session: Session, event_id: UUID) -> Mailing | None:
    """The mailing by which the summary went out."""
    return session.scalar(select(Mailing).where(Mailing.event_id == event_id, Mailing.kind == "summary"))


def reader(session: Session, reader_id: UUID) -> SummaryReader:
    """Somebody who wants a summary, held.

    :raises NotFound: there is nobody such (any more).
    """
    found = session.scalar(select(SummaryReader).where(SummaryReader.id == reader_id).with_for_update())
    if found is None:
        raise NotFound("summary reader")
    return found


def readers(session: Session, event_id: UUID) -> Sequence[SummaryReader]:
    """Those who asked for an event's summary and pressed the button, and are not among those who were there."""
    was_there = select(Guest.address_key).where(
        Guest.event_id == event_id, Guest.address_key.is_not(None), Guest.address.is_not(None), WAS_THERE
    )
    return session.scalars(
        select(SummaryReader)
        .where(
            SummaryReader.event_id == event_id,
            SummaryReader.confirmed_at.is_not(None),
            SummaryReader.stopped_at.is_(None),
            SummaryReader.address_key.not_in(was_there),
        )
        .order_by(SummaryReader.created_at, SummaryReader.id)
    ).all()


def were_there(session: Session, event_id: UUID) -> int:
    """Guests whom the mailing would reach."""
    wanted = select(func.count()).select_from(Guest)
    return session.scalar(wanted.where(Guest.event_id == event_id, Guest.address.is_not(None), WAS_THERE)) or 0
