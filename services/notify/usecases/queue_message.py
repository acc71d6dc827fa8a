"""Make a notification's row and, in the same transaction, the duty to send it; or record why it is not sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain.asked import Asked
from services.notify.domain.delivery import State
from services.notify.domain.kinds import PRIORITIES, Kind, Reason
from services.notify.store import notifications
from services.notify.store.tables import Notification
from shared import logs
from shared.bus import outbox
from shared.clock import Clock, now
from shared.contracts.registry import NOTIFICATION_DUE
from shared.ids import new_id
from shared.mail import message_ids
from shared.mail.addresses import folded, is_sendable
from shared.settings import Settings

log = logs.get(__name__)

RATE_WINDOW = timedelta(hours=1)
DRAFT_WINDOW = timedelta(days=1)
"""For the drafts of one idea: contacts answer many ideas in an hour, but none of them twenty times in a day."""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """Takes what is asked for. Asked twice under one key, it makes one notification."""

    settings: Settings
    clock: Clock = now

    def __call__(self, session: Session, wanted: Iterable[Asked]) -> list[UUID]:
        """Make what is not there yet and say that it is due; the ids of those that will be sent."""
        return [made for each in wanted if (made := self._one(session, each)) is not None]

    def _one(self, session: Session, wanted: Asked) -> UUID | None:
        state, reason = self._decide(session, wanted)
        identity, moment = new_id(), self.clock()
        inserted = notifications.insert_once(
            session,
            Notification(
                id=identity,
                idempotency_key=wanted.key,
                kind=wanted.kind,
                channel="email",
                recipient_address=wanted.address,
                recipient_folded=folded(wanted.address),
                recipient_name=wanted.name,
                language=wanted.language,
                idea_reference=wanted.idea_reference,
                facts=json.dumps(wanted.facts, ensure_ascii=False, separators=(",", ":")),
                state=state,
                reason=reason,
                message_id=message_ids.make(self.settings.signer, identity, wanted.sluice_address),
                priority=PRIORITIES[wanted.kind],
                due_at=moment,
                correlation_id=logs.correlation_id(),
                created_at=moment,
                updated_at=moment,
            ),
        )
        if not inserted:
            return None
        log.info("notification_made", notification_id=str(identity), kind=wanted.kind, state=state, reason=reason)
        if state is not State.CREATED:
            return None
        outbox.put(session, NOTIFICATION_DUE, {"notification_id": identity})
        return identity

    def _decide(self, session: Session, wanted: Asked) -> tuple[State, str | None]:
        if wanted.withheld is not None:
            return State.SUPPRESSED, wanted.withheld
        if not is_sendable(wanted.address):
            return State.PERMANENT_FAILURE, Reason.BAD_ADDRESS
        if wanted.is_echo and self._sent_lately(session, wanted) >= self.settings.confirmations_per_hour:
            return State.SUPPRESSED, Reason.RATE
        return State.CREATED, None

    def _sent_lately(self, session: Session, wanted: Asked) -> int:
        recipient, moment = folded(wanted.address), self.clock()
        if wanted.kind is Kind.ANSWER_DRAFT:
            since = moment - DRAFT_WINDOW
            return notifications.count_sent(session, wanted.kind, recipient, since, idea=wanted.idea_reference)
        return notifications.count_sent(session, wanted.kind, recipient, moment - RATE_WINDOW)
