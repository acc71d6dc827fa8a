"""What an administrator does with webhooks: make, change, pause, resume, change the secret, send again, delete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.channels.guarded_http import GuardedHttp
from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Reason
from services.notify.domain.webhook import (
    SUBSCRIBABLE,
    EndpointState,
    Event,
    Format,
    Happened,
    PausedReason,
    secrets_of,
)
from services.notify.domain.words import one_line
from services.notify.store import books, endpoints, operations, sluices
from services.notify.store.tables import Endpoint
from services.notify.usecases import fan_out, lifecycle
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import Clock, now
from shared.contracts.registry import NOTIFICATION_DUE
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.settings import Settings

log = logs.get(__name__)

T = TypeVar("T")

LONGEST_NAME = 80
MOST_AT_ONCE = 1000
"""How many failed messages one order sends again."""
LONGEST_BACK = timedelta(days=30)
"""How far back failed messages are sent again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An endpoint as somebody wants it."""

    name: str
    url: str = field(repr=False)
    format: Format
    language: str
    events: Sequence[Event]
    sluice_slug: str | None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Each method is one act of one administrator, whom it names in the record of what was done by hand."""

    settings: Settings
    database: Database
    http: GuardedHttp
    clock: Clock = now

    def create(self, wanted: Wanted, by: str, key: str | None = None) -> Endpoint:
        """Make an endpoint. Asked again under one idempotency key, it is the one that was made.

        :raises Rejected: a field cannot be taken; the address leads inside, or nowhere.
        :raises Conflict: the key was used for another one.
        """
        wanted = self._checked(wanted)
        self.http.check_url(wanted.url)  # asks a name server: never in a transaction
        row = Endpoint(
            id=new_id(),
            idempotency_key=key,
            **_values(wanted),
            generation=1,
            state=EndpointState.ACTIVE,
            created_at=self.clock(),
            created_by=by,
        )
        with self.database.transaction() as session:
            self._check_sluice(session, wanted)
            made = endpoints.insert_once(session, row)
            if made.id == row.id:
                self._record(session, made, "webhook-created", by)
            elif _wanted(made) != wanted:
                raise Conflict("That Idempotency-Key was used for another webhook.")
        return made

    def read(self, identity: UUID) -> Endpoint:
        """An endpoint as it is.

        :raises NotFound: there is no such endpoint.
        """
        with self.database.transaction() as session:
            return _found(endpoints.find(session, identity))

    def change(self, identity: UUID, changes: Mapping[str, Any], by: str) -> Endpoint:
        """Change some of name, url, language, events and sluice_slug. The format stays: what waits has it already.

        :raises Rejected, NotFound: as for ``create``.
        """
        before = _wanted(self.read(identity))
        wanted = self._checked(replace(before, **changes))
        if wanted.url != before.url:
            self.http.check_url(wanted.url)
        with self._act(identity, "webhook-changed", by) as (session, row):
            self._check_sluice(session, wanted)
            for name, value in _values(wanted).items():
                setattr(row, name, value)
        return row

    def pause(self, identity: UUID, by: str) -> Endpoint:
        """Let nothing more leave; what comes waits."""
        with self._act(identity, "webhook-paused", by) as (_, row):
            if row.state == EndpointState.ACTIVE:
                row.state, row.paused_reason = EndpointState.PAUSED, PausedReason.BY_HAND
        return row

    def resume(self, identity: UUID, by: str) -> Endpoint:
        """Let what waited go on, oldest first, each with a whole day of its own again."""
        with self._act(identity, "webhook-resumed", by) as (session, row):
            row.state, row.paused_reason, row.failing_since = EndpointState.ACTIVE, None, None
            for each in endpoints.waiting(session, identity):
                each.due_at = self.clock()
                if each.reason == Reason.PAUSED:
                    each.due_message_id = new_id()
                    outbox.put(
                        session,
                        NOTIFICATION_DUE,
                        {"notification_id": each.id},
                        priority=Priority.BULK,
                        message_id=each.due_message_id,
                    )
                    each.reason = None
        return row

    def rotate(self, identity: UUID, by: str) -> Endpoint:
        """Make a new secret. The one before goes on signing beside it, until the next rotation."""
        with self._act(identity, "webhook-secret-changed", by) as (_, row):
            row.generation += 1
        return row

    def delete(self, identity: UUID, by: str) -> None:
        """Remove an endpoint; what waits for it is cancelled, what was sent stays on record."""
        with self._act(identity, "webhook-deleted", by) as (session, row):
            for each in endpoints.waiting(session, identity):
                # What is on its way in this moment finds no endpoint at its next attempt, if it needs one.
                lifecycle.change(session, each, State.CANCELLED, now=self.clock(), reason=Reason.CANCELLED)
            session.delete(row)

    def test(self, identity: UUID, by: str) -> UUID:
        """Send a test event, to a paused endpoint too; its id."""
        with self._act(identity, "webhook-tested", by) as (session, row):
            data = {"path": f"/kontakt/drift/webhookar/{identity}"}
            happened = Happened(Event.TEST, row.sluice_slug, data, f"test:{new_id()}")
            made = fan_out.queue(session, row, happened, self.clock())
        assert made is not None  # the key is new
        return made

    def replay(self, identity: UUID, notification: UUID, by: str) -> UUID:
        """Send one message again under its webhook-id; the new message's id, or that of one already on its way.

        :raises NotFound: there is no such endpoint, or no such message of its.
        :raises Conflict: the message itself has yet to leave.
        """
        with self._act(identity, "webhook-replayed", by, reason=str(notification)) as (session, row):
            found = _found(endpoints.delivery(session, identity, notification))
            again = endpoints.waiting_replay(session, notification)
            if again is not None:
                return again
            if books.account(found) is Account.WAITING:
                raise Conflict("It has yet to leave.")
            made = fan_out.queue_again(session, row, found, self.clock())
        assert made is not None  # the key is new
        return made

    def replay_failed(self, identity: UUID, since: datetime, by: str) -> int:
        """Send everything again that did not get through since then, oldest first; how much.

        At most ``MOST_AT_ONCE``, and not what has been sent again already.
        """
        since = max(since, self.clock() - LONGEST_BACK)
        with self._act(identity, "webhook-replayed", by, reason=f"since {since.isoformat()}") as (session, row):
            failed = endpoints.failed_since(session, identity, since, limit=MOST_AT_ONCE)
            for each in failed:
                fan_out.queue_again(session, row, each, self.clock())
        return len(failed)

    def secret(self, row: Endpoint) -> str:
        """What the receiver checks signatures with. Derived, so an administrator may see it at any time."""
        return secrets_of(self.settings.signer, str(row.id), row.generation)[0]

    @contextmanager
    def _act(self, identity: UUID, act: str, by: str, *, reason: str = "") -> Iterator[tuple[Session, Endpoint]]:
        """One transaction with the endpoint's row locked and the act on record.

        :raises NotFound: there is no such endpoint.
        """
        with self.database.transaction() as session:
            row = _found(endpoints.locked(session, identity))
            self._record(session, row, act, by, reason=reason)
            yield session, row

    def _record(self, session: Session, row: Endpoint, act: str, by: str, *, reason: str = "") -> None:
        operations.record(session, at=self.clock(), actor=by, act=act, target=f"webhook:{row.id}", reason=reason)
        log.info("webhook_acted_on", webhook=str(row.id), act=act, actor=by)

    def _checked(self, wanted: Wanted) -> Wanted:
        name = one_line(wanted.name, LONGEST_NAME)
        if not name:
            raise Rejected("name", "webhook.name.missing")
        events = tuple(event for event in SUBSCRIBABLE if event in wanted.events)
        if not events:
            raise Rejected("events", "webhook.events.missing")
        return replace(wanted, name=name, url=wanted.url.strip(), events=events)

    @staticmethod
    def _check_sluice(session: Session, wanted: Wanted) -> None:
        if wanted.sluice_slug is not None and sluices.find(session, wanted.sluice_slug) is None:
            raise Rejected("sluice", "webhook.sluice.unknown")


def _values(wanted: Wanted) -> dict[str, Any]:
    names = ("name", "url", "format", "language", "sluice_slug")
    return {name: getattr(wanted, name) for name in names} | {"events": [event.value for event in wanted.events]}


def _wanted(row: Endpoint) -> Wanted:
    return Wanted(
        name=row.name,
        url=row.url,
        format=Format(row.format),
        language=row.language,
        events=tuple(Event(each) for each in row.events),
        sluice_slug=row.sluice_slug,
    )


def _found(row: T | None) -> T:
    if row is None:
        raise NotFound
    return row
