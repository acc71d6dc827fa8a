"""Write a person's digest when its time has come: one mail that carries what waits, in one transaction.

Run twice, it finds nothing the second time. What it carries shares its states from then on (``lifecycle``), so a
digest that fails for good says so for each thing in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain import calm, digest
from services.notify.domain.asked import Asked
from services.notify.domain.delivery import State
from services.notify.domain.kinds import CATEGORIES, Kind, Rhythm
from services.notify.store import collected, notifications, preferences
from services.notify.store.tables import Notification
from services.notify.usecases import collect, lifecycle, undelivered
from services.notify.usecases.queue_message import QueueMessage
from shared import i18n, logs
from shared.bus.inbox import Task
from shared.errors import TemporaryFailure
from shared.i18n import Texts

log = logs.get(__name__)

HERE = Path(__file__).parents[1]
TEXTS = (HERE / "texts" / "digest", HERE / "texts" / "mails")


class WriteDigest:
    """Handles ``digest.due.v1``. Thread-safe."""

    def __init__(self, queue: QueueMessage) -> None:
        self._queue = queue
        self._texts = Texts.read(*TEXTS)

    def __call__(self, task: Task) -> None:
        """Write the digest, if anything waits for it.

        :raises TemporaryFailure: its time has not come by our clock, whatever the database's says.
        """
        address, slot, moment = task.payload["address"], task.payload["slot"], self._queue.clock()
        if moment < slot:
            raise TemporaryFailure("the digest is not due yet", retry_after=slot - moment)
        with task.transaction() as session:
            preferences.lock_person(session, address)
            due = [row for row in collected.waiting(session, address) if row.due_at <= moment]
            due.sort(key=lambda row: not digest.comes_first(Kind(row.kind)))
            if len(due) == 1:
                collect.release(session, due[0], moment)
            elif due:
                self._write(session, address, due, moment)

    def _write(self, session: Session, address: str, due: Sequence[Notification], moment: datetime) -> None:
        # By what waits, not by the call: one that comes a day late writes today's digest, and not yesterday's again.
        key = collect.digest_key(address, max(row.due_at for row in due))
        if notifications.by_key(session, key) is not None:
            # Collected for a slot whose digest has left, by a worker whose clock is behind.
            collect.move(session, address, due, calm.next_slot(moment, Rhythm.DAILY))
            return
        self._queue(session, [self._asked(session, key, address, due)])
        made = notifications.by_key(session, key)
        assert made is not None
        for row in due:
            row.carried_by = made.id
            if made.state != State.CREATED:
                lifecycle.change(session, row, State(made.state), now=moment, reason=made.reason)
        if made.state != State.CREATED:
            # Only now is it known what it carries, and so whose sluices must hear that it reached nobody.
            self._queue(session, undelivered.notices(session, self._queue.settings, made, moment))
        log.info("digest_written", notification_id=str(made.id), entries=len(due), state=made.state)

    def _asked(self, session: Session, key: str, address: str, due: Sequence[Notification]) -> Asked:
        first = due[0]
        facts = [json.loads(row.facts) for row in due[: digest.MOST_ENTRIES + 1]]
        sluice = facts[0]["sluice"]

        def answer_by(day: date) -> str:
            return self._texts.get(first.language, "digest.answer_by", when=i18n.day(day, first.language))

        def why_held(code: str) -> str:
            known = self._texts.has(first.language, f"held.{code}")
            return self._texts.get(first.language, f"held.{code if known else 'other'}")

        entries = [
            digest.entry(Kind(row.kind), known, row.created_at, answer_by, why_held)
            for row, known in zip(due, facts, strict=False)
        ]
        shown, left = entries[: digest.MOST_ENTRIES], entries[digest.MOST_ENTRIES :]
        said: dict[str, Any] = {
            "rhythm": preferences.rhythm(session, address, CATEGORIES[Kind.DIGEST]),
            "entries": shown,
            "more": len(due) - len(shown),
            "more_url": f"{self._queue.settings.base_url}/kontakt/" if left else None,
            "sluice": sluice,
            "reply_to": sluice["address"],
            "thread": {"in_reply_to": None, "references": []},
        }
        return Asked(
            key=key,
            kind=Kind.DIGEST,
            address=first.recipient_address,
            name=first.recipient_name,
            language=first.language,
            sluice_slug=first.sluice_slug,
            sluice_address=sluice["address"],
            idea_reference=None,
            facts=said,
            category=CATEGORIES[Kind.DIGEST],
        )
