"""One attempt at sending a notification: claim it, submit it under its fixed Message-ID, record what came of it.

Submitting cannot be part of a transaction. A crash between the relay's 250 and our commit leaves the notification
in ``sending``; the next worker counts that attempt as interrupted and submits again under the same Message-ID,
which the reader's mail system sees as one mail. The advisory lock, held by the database session and gone with it,
keeps two living workers from submitting one notification, even where one slept past its lease on the bus.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.notify.channels.base import Channel, Refused, RelayAway, Unanswered
from services.notify.compose import compose
from services.notify.domain import backoff
from services.notify.domain.delivery import Outcome, State
from services.notify.domain.kinds import Reason
from services.notify.domain.mail import Mail, Submission
from services.notify.render import Renderer
from services.notify.store import notifications
from services.notify.store.notifications import Claimed
from shared import logs
from shared.bus.inbox import MAX_ATTEMPTS, Task
from shared.clock import Clock, now
from shared.db import Database
from shared.errors import TemporaryFailure
from shared.settings import Settings

log = logs.get(__name__)

HELD_ELSEWHERE = timedelta(seconds=1)
HASTEN_EVERY = 1.0
"""Seconds between two looks for notifications that wait for a relay which answers again."""


class Deliver:
    """Handles ``notification.due.v1``. Thread-safe; one per worker process."""

    def __init__(
        self, settings: Settings, database: Database, channel: Channel, renderer: Renderer, clock: Clock = now
    ) -> None:
        self._signer = settings.signer
        self._database = database
        self._channel = channel
        self._renderer = renderer
        self._clock = clock
        self._looked = 0.0
        self._looking = threading.Lock()

    def __call__(self, task: Task) -> None:
        """Make one attempt.

        :raises TemporaryFailure: it did not go; the bus brings it back when it says.
        """
        identity: UUID = task.payload["notification_id"]
        with self._alone(identity) as connection:
            with Session(connection, expire_on_commit=False) as session, session.begin():
                claimed = notifications.claim(session, identity, task.message_id, self._clock())
            if claimed is None:
                with task.transaction():
                    return
            self._attempt(task, claimed)
        self._hasten_others()

    @contextmanager
    def _alone(self, identity: UUID) -> Iterator[Connection]:
        """A connection that holds the notification's lock until the attempt is recorded."""
        key = {"key": f"notify sends {identity}"}
        with self._database.engine.connect() as connection:
            with connection.begin():
                take = text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))")
                if not connection.execute(take, key).scalar_one():
                    raise TemporaryFailure("another worker is sending it", retry_after=HELD_ELSEWHERE)
            try:
                yield connection
            finally:
                try:
                    with connection.begin():
                        connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)
                except DBAPIError:
                    connection.invalidate()

    def _attempt(self, task: Task, claimed: Claimed) -> None:
        try:
            reply = self._channel.submit(self._submission(claimed))
        except TemporaryFailure as failure:
            self._try_again(task, claimed, failure)
        except Refused as refusal:
            self._end(task, claimed, State.PERMANENT_FAILURE, Reason.RELAY_REFUSED, refusal.reason)
        except Exception as error:
            self._own_fault(task, claimed, error)
        else:
            with task.transaction() as session:
                notifications.finish(session, claimed, Outcome.SENT, State.SENT, now=self._clock(), reply=reply)
            log.info("notification_sent", notification_id=str(claimed.id), attempt=claimed.number)

    def _submission(self, claimed: Claimed) -> Submission:
        facts = json.loads(claimed.facts)
        rendered = self._renderer.render(claimed.kind, claimed.language, facts)
        mail = Mail(
            notification_id=claimed.id,
            kind=claimed.kind,
            message_id=claimed.message_id,
            recipient=claimed.address,
            recipient_name=claimed.name,
            language=claimed.language,
            sluice_slug=facts["sluice"]["slug"],
            sluice_name=facts["sluice"]["name"],
            sluice_address=facts["sluice"]["address"],
            reply_to=facts["reply_to"],
            in_reply_to=facts["thread"]["in_reply_to"],
            references=tuple(facts["thread"]["references"]),
            written_at=claimed.created_at,
        )
        return compose(mail, rendered, self._signer)

    def _try_again(self, task: Task, claimed: Claimed, failure: TemporaryFailure) -> None:
        moment = self._clock()
        if backoff.is_hopeless(claimed.due_at, moment):
            self._end(task, claimed, State.PERMANENT_FAILURE, Reason.EXPIRED, str(failure))
            return
        pause = failure.retry_after or backoff.pause(claimed.number, random.random())  # noqa: S311 - spreads load
        with self._database.transaction() as session:
            notifications.finish(
                session,
                claimed,
                Outcome.INTERRUPTED if isinstance(failure, Unanswered) else Outcome.TEMPORARY_FAILURE,
                State.TEMPORARY_FAILURE,
                now=moment,
                reply=str(failure),
                reason=Reason.RELAY_AWAY if isinstance(failure, RelayAway) else Reason.RELAY_BUSY,
                next_try=moment + pause,
            )
        log.warning("notification_not_sent_yet", notification_id=str(claimed.id), pause=pause.total_seconds())
        raise TemporaryFailure(str(failure), retry_after=pause) from failure

    def _own_fault(self, task: Task, claimed: Claimed, error: Exception) -> None:
        """Our code or a template failed: let the bus try a few times (an upgrade may mend it), then say so."""
        fault = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        log.error("notification_fault", notification_id=str(claimed.id), kind=claimed.kind, fault=type(error).__name__)
        with self._database.transaction() as session:
            earlier = notifications.count_outcomes(session, claimed.id, Outcome.TECHNICAL_FAILURE)
        if earlier + 1 >= MAX_ATTEMPTS:
            self._end(task, claimed, State.TECHNICAL_FAILURE, Reason.OWN_FAULT, fault)
            return
        moment = self._clock()
        with self._database.transaction() as session:
            notifications.finish(
                session,
                claimed,
                Outcome.TECHNICAL_FAILURE,
                State.TEMPORARY_FAILURE,
                now=moment,
                reply=fault,
                reason=Reason.OWN_FAULT,
                next_try=moment,
            )
        raise error

    def _end(self, task: Task, claimed: Claimed, state: State, reason: Reason, reply: str) -> None:
        outcome = Outcome(state.value) if reason is not Reason.EXPIRED else Outcome.TEMPORARY_FAILURE
        with task.transaction() as session:
            notifications.finish(session, claimed, outcome, state, now=self._clock(), reply=reply, reason=reason)
        log.warning("notification_failed", notification_id=str(claimed.id), state=state, reason=reason)

    def _hasten_others(self) -> None:
        """The relay took a mail: those that found it away need not wait out their pauses."""
        with self._looking:
            if time.monotonic() - self._looked < HASTEN_EVERY:
                return
            self._looked = time.monotonic()
        with self._database.transaction() as session:
            hastened = notifications.hasten(session, self._clock())
        if hastened:
            log.info("notifications_hastened", count=hastened)
