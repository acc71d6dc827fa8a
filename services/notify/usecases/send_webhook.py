"""The way out by webhook: an event becomes a signed POST, and each endpoint's luck is remembered.

One endpoint must not hold up the others, nor mails: a process has one message at a time on its way to each, and
after some faults in a row leaves it alone for a while. Order is not promised, then: what failed is overtaken.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.channels.base import Refused, RelayAway, RelayBusy
from services.notify.channels.breaker import Breaker
from services.notify.channels.webhook import Gone, WebhookChannel
from services.notify.domain import chat_formats, webhook
from services.notify.domain.kinds import Reason
from services.notify.domain.webhook import EndpointState, Event, Format, PausedReason, WebhookRequest
from services.notify.store import endpoints
from services.notify.store.notifications import Claimed
from services.notify.store.tables import Endpoint
from services.notify.usecases.outlet import SetAside, Taken
from shared import logs
from shared.clock import Clock, now
from shared.db import Database
from shared.settings import Settings

log = logs.get(__name__)

GIVES_UP_ON_ENDPOINT = timedelta(hours=24)
"""An endpoint to which nothing has got through for so long is paused, and somebody is told."""
TURN_SECONDS = 0.2
"""How long a thread waits while another sends to the same endpoint: others' mails must not wait for it."""


class SendWebhook:
    """An ``Outlet``. The body is the same at every attempt; timestamp and signatures are the attempt's own."""

    def __init__(self, settings: Settings, database: Database, channel: WebhookChannel, clock: Clock = now) -> None:
        self._settings = settings
        self._database = database
        self._channel = channel
        self._clock = clock
        self._lines: dict[UUID, _Line] = {}
        self._lock = threading.Lock()

    def send(self, claimed: Claimed) -> Taken:
        """See ``Outlet``. Every fault that may pass is a ``RelayBusy``: a mail's relay says nothing about it.

        :raises SetAside: the endpoint is paused; whoever resumes it asks for the message again.
        """
        identity = UUID(claimed.address)
        with self._database.transaction() as session:
            endpoint = endpoints.find(session, identity)
        if endpoint is None:
            raise Refused("the webhook has been deleted")
        facts = json.loads(claimed.facts)
        if endpoint.state == EndpointState.PAUSED and facts["event"] != Event.TEST:
            raise SetAside(Reason.PAUSED, lambda session: _is_paused(session, identity))
        with self._turn(identity) as breaker:
            try:
                reply = self._channel.submit(self._request(endpoint, claimed, facts))
            except RelayAway as away:
                breaker.failed()
                self._failed(identity)
                raise RelayBusy(str(away)) from away
            except RelayBusy:
                breaker.succeeded()  # somebody answers there, if not as we wish
                self._failed(identity)
                raise
            except Gone:
                breaker.succeeded()
                self._pause(identity, PausedReason.GONE)
                raise
            breaker.succeeded()
        with self._database.transaction() as session:
            endpoints.note_success(session, identity, self._clock())
        return Taken(reply)

    def close(self) -> None:
        """Nothing is kept open."""

    @contextmanager
    def _turn(self, identity: UUID) -> Iterator[Breaker]:
        """Alone with an endpoint, in this process.

        :raises RelayBusy: another thread is sending to it, or it is left alone for a while.
        """
        with self._lock:
            line = self._lines.setdefault(identity, _Line(Breaker(f"webhook {identity}")))
        if not line.taken.acquire(timeout=TURN_SECONDS):
            raise RelayBusy("waits for the message before it")
        try:
            if not line.breaker.admits():
                raise RelayBusy("the receiver did not answer a moment ago")
            try:
                yield line.breaker
            finally:
                line.breaker.gave_up()  # says nothing where the outcome has been told
        finally:
            line.taken.release()

    def _request(self, endpoint: Endpoint, claimed: Claimed, facts: Mapping[str, Any]) -> WebhookRequest:
        body = body_of(facts, claimed.language, self._settings.base_url)
        secrets = webhook.secrets_of(self._settings.signer, str(endpoint.id), endpoint.generation)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Ideslussen-Webhook/1",
            "Accept-Encoding": "identity",
            **webhook.signed_headers(secrets, facts.get("id", str(claimed.id)), self._clock(), body),
        }
        return WebhookRequest(endpoint.url, headers, body)

    def _failed(self, identity: UUID) -> None:
        moment = self._clock()
        with self._database.transaction() as session:
            since = endpoints.note_failure(session, identity, moment)
        if since is not None and moment - since >= GIVES_UP_ON_ENDPOINT:
            self._pause(identity, PausedReason.FAILING)

    def _pause(self, identity: UUID, reason: PausedReason) -> None:
        with self._database.transaction() as session:
            paused = endpoints.pause(session, identity, reason)
        if paused:
            log.error("webhook_paused", webhook=str(identity), reason=reason)


@dataclass(slots=True)
class _Line:
    """The way to one endpoint."""

    breaker: Breaker
    taken: threading.Lock = field(default_factory=threading.Lock)


def body_of(facts: Mapping[str, Any], language: str, base_url: str) -> bytes:
    """The body that an event's facts make, in the format that the endpoint had when it happened."""
    event, form = Event(facts["event"]), Format(facts["format"])
    data = {name: value for name, value in facts["data"].items() if name != "path"}
    data["url"] = base_url + facts["data"]["path"]
    if form is Format.STANDARD:
        return webhook.payload(event, datetime.fromisoformat(facts["at"]), data)
    return chat_formats.body(form, chat_formats.say(event, data, language))


def _is_paused(session: Session, identity: UUID) -> bool:
    """Looks at the endpoint's locked row: whoever resumes it meanwhile waits, and then finds the message."""
    endpoint = endpoints.locked(session, identity)
    return endpoint is not None and endpoint.state == EndpointState.PAUSED
