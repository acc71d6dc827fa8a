"""One attempt at sending a notification: claim it, submit it under its fixed Message-ID, record what came of it.

Submitting cannot be part of a transaction. A crash between the relay's 250 and our commit leaves the notification
in ``sending``; the next worker counts that attempt as interrupted and submits again under the same Message-ID,
which the reader's mail system sees as one mail. The advisory lock, held by the database session and gone with it,
keeps two living workers from submitting one notification, even where one slept past its lease on the bus.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.notify import meters
from services.notify.channels.base import CannotCarry, Refused, RelayAway, RelayBusy, SenderRefused, Unanswered
from services.notify.domain import backoff
from services.notify.domain.delivery import Outcome, State
from services.notify.domain.kinds import Channel, Kind, Reason
from services.notify.domain.refusal import why_refused
from services.notify.domain.suppression import Cause
from services.notify.domain.words import one_line
from services.notify.store import notifications
from services.notify.store.notifications import Claimed
from services.notify.store.tables import Notification
from services.notify.usecases import lifecycle, suppress, undelivered
from services.notify.usecases.few import Few, places
from services.notify.usecases.gate import Gate, HoldBack, Wait
from services.notify.usecases.outlet import Outlet, SetAside
from services.notify.usecases.queue_message import QueueMessage
from shared import logs, tracing
from shared.bus import outbox
from shared.bus.inbox import MAX_ATTEMPTS, Task
from shared.bus.outbox import Priority
from shared.clock import Clock, now
from shared.contracts.registry import NOTIFICATION_DUE
from shared.db import Database
from shared.errors import TemporaryFailure
from shared.mail.bounce_class import BounceClass
from shared.settings import Settings

log = logs.get(__name__)

NO_TIME = timedelta()
HELD_ELSEWHERE = timedelta(seconds=1)
HASTEN_EVERY = 1.0
"""Seconds between two looks for notifications that wait for a relay which answers again."""


class Deliver:
    """Handles ``notification.due.v1``. Thread-safe; one per worker process."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        outlets: Mapping[Channel, Outlet],
        gate: Gate,
        clock: Clock = now,
    ) -> None:
        self._settings = settings
        self._database = database
        self._outlets = outlets
        self._clock = clock
        self._gate = gate
        self._few = {each: Few(places(settings.worker_threads)) for each in (Channel.SMS, Channel.WEBHOOK)}
        self._queue = QueueMessage(settings, clock)
        self._looked = 0.0
        self._looking = threading.Lock()

    def __call__(self, task: Task) -> None:
        """Make one attempt.

        :raises TemporaryFailure: it did not go; the bus brings it back when it says.
        """
        identity: UUID = task.payload["notification_id"]
        with self._alone(identity) as connection, ExitStack() as held:
            claimed = self._claim(task, connection, identity, held)
            if claimed is None:
                with task.transaction():
                    return
            self._attempt(task, claimed)
        self._hasten_others()

    def _claim(self, task: Task, connection: Connection, identity: UUID, held: ExitStack) -> Claimed | None:
        """Begin an attempt, or None where there is nothing to do.

        :param held: gets the place that the attempt takes up.
        :raises TemporaryFailure: not yet; no attempt has been counted.
        """
        moment = self._clock()
        with Session(connection, expire_on_commit=False) as session:
            row = session.get(Notification, identity)
            if row is None or not notifications.is_to_be_sent(row):
                return None
            verdict = self._gate.look(session, row, moment)
            if verdict is None:
                if few := self._few.get(Channel(row.channel)):
                    held.enter_context(few.place())
                return notifications.claim(session, identity, task.message_id, moment)
        self._turn_away(identity, verdict, moment)
        return None

    def _turn_away(self, identity: UUID, verdict: HoldBack | Wait, moment: datetime) -> None:
        with self._database.transaction() as session:
            row = notifications.locked(session, identity)
            if row is None or not notifications.is_to_be_sent(row):
                return
            match verdict:
                case HoldBack(reason):
                    lifecycle.change(session, row, State.SUPPRESSED, now=moment, reason=reason)
                    self._queue(session, undelivered.notices(session, self._settings, row, moment))
                case Wait(until, reason):
                    row.reason = reason
                    row.next_try = row.next_try and until
                    if reason is Reason.PACED:
                        row.paced_until = until
                    else:
                        row.due_at = until  # a night or Christmas must not count as days of trying in vain
        log.info("notification_turned_away", notification_id=str(identity), reason=verdict.reason)
        if isinstance(verdict, Wait):
            raise TemporaryFailure(verdict.reason, retry_after=verdict.until - moment)

    @contextmanager
    def _alone(self, identity: UUID) -> Iterator[Connection]:
        """A connection that holds the notification's lock until the attempt is recorded."""
        key = {"key": f"notify sends {identity}"}
        if self._settings.database_pooler:
            with self._alone_in_a_transaction(key) as connection:
                yield connection
            return
        with self._database.at_once() as connection:
            take = text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))")
            if not connection.execute(take, key).scalar_one():
                raise TemporaryFailure("another worker is sending it", retry_after=HELD_ELSEWHERE)
            try:
                yield connection
            finally:
                try:
                    connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), key)
                except DBAPIError:
                    connection.invalidate()

    @contextmanager
    def _alone_in_a_transaction(self, key: dict[str, str]) -> Iterator[Connection]:
        """Through PgBouncer a session is nobody's own: there an idle transaction holds the lock, and nothing else."""
        with self._database.engine.connect() as holding, self._database.at_once() as connection:
            holding.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            take = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
            if not holding.execute(take, key).scalar_one():
                raise TemporaryFailure("another worker is sending it", retry_after=HELD_ELSEWHERE)
            try:
                yield connection
            finally:
                try:
                    holding.rollback()
                except DBAPIError:
                    holding.invalidate()

    def _attempt(self, task: Task, claimed: Claimed) -> None:
        outlet = self._outlets.get(claimed.channel)
        if outlet is None:
            self._end(task, claimed, State.TECHNICAL_FAILURE, Reason.NO_CHANNEL, f"no way out by {claimed.channel}")
            return
        try:
            with tracing.span(f"send {claimed.channel}", tracing.Kind.CLIENT, **{"idesluss.kind": claimed.kind}):
                taken = outlet.send(claimed)
        except SetAside as aside:
            self._set_aside(task, claimed, aside)
        except TemporaryFailure as failure:
            self._try_again(task, claimed, failure)
        except Refused as refusal:
            self._refused(task, claimed, refusal)
        except Exception as error:
            self._own_fault(task, claimed, error)
        else:
            moment = self._clock()
            with task.transaction() as session:
                row = notifications.close_attempt(session, claimed, Outcome.SENT, now=moment, reply=taken.reply)
                row.provider_id = taken.provider_id or row.provider_id
                lifecycle.change(session, row, State.SENT, now=moment, reply=taken.reply)
            if claimed.kind is Kind.CONFIRMATION:
                meters.handed_over(task.correlation_id, moment)
            log.info("notification_sent", notification_id=str(claimed.id), attempt=claimed.number)

    def _refused(self, task: Task, claimed: Claimed, refusal: Refused) -> None:
        """Whether it was refused for good depends on why: of a full mailbox a server says 5xx, too."""
        why = None if isinstance(refusal, CannotCarry) else self._why(claimed, refusal.reason)
        if isinstance(refusal, SenderRefused) and why is not BounceClass.BLOCKED:
            why = None
        if why is BounceClass.MAILBOX_FULL:
            self._try_again(task, claimed, RelayBusy(refusal.reason))
            return
        if why is BounceClass.BLOCKED:
            domain = claimed.address.rpartition("@")[2]
            log.error("relay_blocked", notification_id=str(claimed.id), domain=domain)
        self._end(task, claimed, State.PERMANENT_FAILURE, why or Reason.RELAY_REFUSED, refusal.reason)

    @staticmethod
    def _why(claimed: Claimed, reply: str) -> BounceClass | None:
        return why_refused(reply) if claimed.channel is Channel.EMAIL else None

    def _try_again(self, task: Task, claimed: Claimed, failure: TemporaryFailure) -> None:
        moment = self._clock()
        is_full = isinstance(failure, RelayBusy) and self._why(claimed, str(failure)) is BounceClass.MAILBOX_FULL
        if backoff.is_hopeless(claimed.due_at, moment, claimed.channel):
            given_up = BounceClass.MAILBOX_FULL if is_full else Reason.EXPIRED
            self._end(task, claimed, State.PERMANENT_FAILURE, given_up, str(failure))
            return
        pausing = backoff.pause_while_full if is_full else backoff.pause
        # What the other side asks for is the least: else all that waits for it comes back at one moment.
        pause = max(failure.retry_after or NO_TIME, pausing(claimed.number, random.random()))  # noqa: S311 - no secret
        busy = BounceClass.MAILBOX_FULL if is_full else Reason.RELAY_BUSY
        self._put_off(
            claimed,
            Outcome.INTERRUPTED if isinstance(failure, Unanswered) else Outcome.TEMPORARY_FAILURE,
            Reason.RELAY_AWAY if isinstance(failure, RelayAway) else busy,
            reply=str(failure),
            next_try=moment + pause,
        )
        log.warning("notification_not_sent_yet", notification_id=str(claimed.id), pause=pause.total_seconds())
        raise TemporaryFailure(str(failure), retry_after=pause) from failure

    def _set_aside(self, task: Task, claimed: Claimed, aside: SetAside) -> None:
        """Nobody tries it again by themselves: the duty is done, and whoever may ask for it finds the row waiting."""
        moment, reason = self._clock(), aside.reason
        with task.transaction() as session:
            still = aside.still(session)
            row = notifications.close_attempt(session, claimed, Outcome.TEMPORARY_FAILURE, now=moment, reply=reason)
            lifecycle.change(session, row, State.TEMPORARY_FAILURE, now=moment, reason=reason, next_try=moment)
            if not still:
                row.due_message_id = outbox.put(
                    session, NOTIFICATION_DUE, {"notification_id": row.id}, priority=Priority(row.priority)
                )
        log.info("notification_set_aside", notification_id=str(claimed.id), reason=reason, still=still)

    def _own_fault(self, task: Task, claimed: Claimed, error: Exception) -> None:
        """Our code or a template failed: let the bus try a few times (an upgrade may mend it), then say so."""
        fault = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        log.error("notification_fault", notification_id=str(claimed.id), kind=claimed.kind, fault=type(error).__name__)
        with self._database.transaction() as session:
            earlier = notifications.count_outcomes(session, claimed.id, Outcome.TECHNICAL_FAILURE)
        if earlier + 1 >= MAX_ATTEMPTS:
            self._end(task, claimed, State.TECHNICAL_FAILURE, Reason.OWN_FAULT, fault)
            return
        self._put_off(claimed, Outcome.TECHNICAL_FAILURE, Reason.OWN_FAULT, reply=fault, next_try=self._clock())
        raise error

    def _put_off(self, claimed: Claimed, outcome: Outcome, reason: str, *, reply: str, next_try: datetime) -> None:
        moment = self._clock()
        with self._database.transaction() as session:
            row = notifications.close_attempt(session, claimed, outcome, now=moment, reply=reply)
            lifecycle.change(
                session, row, State.TEMPORARY_FAILURE, now=moment, reason=reason, reply=reply, next_try=next_try
            )

    def _end(self, task: Task, claimed: Claimed, state: State, reason: str, reply: str) -> None:
        given_up = reason in (Reason.EXPIRED, BounceClass.MAILBOX_FULL)
        outcome = Outcome.TEMPORARY_FAILURE if given_up else Outcome(state.value)
        moment = self._clock()
        with task.transaction() as session:
            row = notifications.close_attempt(session, claimed, outcome, now=moment, reply=reply)
            if lifecycle.change(session, row, state, now=moment, reason=reason, reply=reply):
                if reason == BounceClass.RECIPIENT_GONE:
                    suppress.because_of(session, row, Cause.RECIPIENT_GONE, one_line(reply, suppress.LONGEST), moment)
                self._queue(session, undelivered.notices(session, self._settings, row, moment))
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
