"""What is known of earlier attempts at an SMS, so that nobody gets one twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notify.domain.backoff import GIVE_UP
from services.notify.domain.delivery import Outcome
from services.notify.domain.kinds import Channel
from services.notify.store.notifications import Claimed
from services.notify.store.tables import Attempt, Notification

_UNKNOWN = (Outcome.INTERRUPTED, Outcome.TECHNICAL_FAILURE)
"""After these the provider may have it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What earlier attempts at one notification left behind."""

    provider_id: str | None
    """Where a receipt came before anything else did: the provider took it under this id."""
    began_at: datetime
    """When the first attempt began, this one included."""
    unknown_since: datetime | None
    """When the last attempt ended of which nobody knows what became, or None where there is none such."""
    others: frozenset[str]
    """The provider's ids of messages to the same number at that time, which are not this one where it has none yet."""


def earlier(session: Session, claimed: Claimed) -> Earlier:
    """Look at the attempts before the one that is being made."""
    row = session.get_one(Notification, claimed.id)
    attempts = session.scalars(select(Attempt).where(Attempt.notification_id == claimed.id)).all()
    began_at = min(each.started_at for each in attempts)
    unknown = [each.finished_at for each in attempts if each.finished_at and each.outcome in _UNKNOWN]
    others = select(Notification.provider_id).where(
        Notification.recipient_folded == row.recipient_folded,
        Notification.created_at > began_at - GIVE_UP,
        Notification.channel == Channel.SMS,
        Notification.provider_id.is_not(None),
    )
    return Earlier(
        provider_id=row.provider_id,
        began_at=began_at,
        unknown_since=max(unknown, default=None),
        others=frozenset(filter(None, session.scalars(others))),
    )
