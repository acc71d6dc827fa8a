"""A sweep from the database for what hangs: the tables are the truth, so what should leave and has nothing on the bus
that will bring it about gets a new duty.

It finds nothing as long as everything works as meant. It is there for what nobody thought of: a duty that was lost,
done by mistake, cleaned away, restored from an older backup, or parked while the disk was full.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Reason
from services.notify.store import hanging, notifications, preferences
from services.notify.store.hanging import Duty, Hanging
from services.notify.usecases import collect, lifecycle, undelivered
from services.notify.usecases.queue_message import QueueMessage
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import Clock, now
from shared.contracts.registry import NOTIFICATION_DUE
from shared.db import Database
from shared.mail.addresses import canonical
from shared.settings import Settings

log = logs.get(__name__)

GRACE = timedelta(minutes=5)
"""How long after its time nothing is said to hang: what the bus puts right by itself takes seconds."""
PARKED_GRACE = timedelta(hours=1)
"""How long a parked duty waits for a person before it gets another five attempts."""
BATCH = 200
MOST_BATCHES = 25
"""What is left over is found by the next sweep."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Puts right what hangs. Two at once share the work: rows that another holds are left alone."""

    settings: Settings
    database: Database
    clock: Clock = now

    def __call__(self) -> Counter[str]:
        """One sweep; how many of each sort it put right."""
        moment, mended = self.clock(), Counter[str]()
        for _ in range(MOST_BATCHES):
            with self.database.transaction() as session:
                found = hanging.notifications(
                    session, due_before=moment - GRACE, parked_before=moment - PARKED_GRACE, limit=BATCH
                )
                for each in found:
                    self._mend(session, each, moment)
                    mended[each.duty] += 1
            if len(found) < BATCH:
                break
        mended.update(self._digests(moment))
        if mended:
            log.warning("hanging_messages_mended", **mended)
        return mended

    def _mend(self, session: Session, each: Hanging, moment: datetime) -> None:
        row = notifications.locked(session, each.id)
        assert row is not None  # found and locked in this transaction
        match each.duty:
            case Duty.LOST:
                row.due_message_id = outbox.put(
                    session, NOTIFICATION_DUE, {"notification_id": row.id}, priority=Priority(row.priority)
                )
            case Duty.PARKED:
                assert row.due_message_id is not None  # it is what is parked
                hanging.revive(session, row.due_message_id)
            case Duty.DISCARDED:
                # Somebody decided that it is not sent: it has failed, and whoever must hear of that does.
                words = f"given up by hand: {each.discarded}"
                lifecycle.change(
                    session, row, State.TECHNICAL_FAILURE, now=moment, reason=Reason.OWN_FAULT, reply=words
                )
                QueueMessage(self.settings, self.clock)(
                    session, undelivered.notices(session, self.settings, row, moment)
                )

    def _digests(self, moment: datetime) -> Counter[str]:
        """Have digests written whose call is gone."""
        mended: Counter[str] = Counter()
        with self.database.transaction() as session:
            overdue = hanging.collected(session, due_before=moment - GRACE, limit=BATCH)
        for spelling, slot in overdue:
            address = canonical(spelling)
            with self.database.transaction() as session:
                preferences.lock_person(session, address)
                call = hanging.digest_call(session, address)
                if call is None:
                    collect.call(session, address, slot)
                    mended["digest"] += 1
                elif call[1] is not None and call[1] < moment - PARKED_GRACE:
                    hanging.revive(session, call[0])
                    mended["digest"] += 1
        return mended
