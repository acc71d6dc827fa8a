"""notify with webhooks that go to receivers on this machine, at a time that the test sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from services.notify.actors import handlers
from services.notify.channels.guarded_http import GuardedHttp
from services.notify.channels.webhook import WebhookChannel
from services.notify.domain.kinds import Channel
from services.notify.domain.webhook import SUBSCRIBABLE, Format
from services.notify.store import endpoints, sluices
from services.notify.store.tables import Endpoint, Notification
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.endpoints import Endpoints, Wanted
from services.notify.usecases.gate import Gate
from services.notify.usecases.send_webhook import SendWebhook
from shared.bus.inbox import Inbox
from shared.db import Database, Role
from shared.settings import Settings
from tests.integration.notify.workbench import Notify
from tests.support import notify_facts

LOOPBACK = (ip_network("127.0.0.0/8"),)
BY = "anna"


@dataclass
class Time:
    """A clock that moves when it is told to."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **amount: float) -> None:
        """Let time pass: ``hours=25``."""
        self.at += timedelta(**amount)


@dataclass
class Webhooks(Notify):
    """One worker, and an administrator."""

    endpoints: Endpoints
    time: Time

    def add(self, port: int, **changes: Any) -> Endpoint:
        """An endpoint on a port of 127.0.0.1 that hears of everything."""
        wanted = {
            "name": "Kommunens chatt",
            "url": f"http://127.0.0.1:{port}/hook?key=secret",
            "format": Format.STANDARD,
            "language": "sv",
            "events": SUBSCRIBABLE,
            "sluice_slug": None,
        }
        return self.endpoints.create(Wanted(**(wanted | changes)), BY)

    def now(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint as it is now."""
        with self.database.transaction() as session:
            found = endpoints.find(session, endpoint.id)
        assert found is not None
        return found

    def of(self, endpoint: Endpoint) -> list[Notification]:
        """An endpoint's messages, oldest first."""
        return [each for each in self.notifications() if each.recipient_address == str(endpoint.id)]


@contextmanager
def webhooks(settings: Settings) -> Iterator[Webhooks]:
    """A worker that sends webhooks alone; mails end as ``technical-failure``, for want of a way out."""
    database, time = Database(settings, Role.NOTIFY, pool_size=8), Time()
    http = GuardedHttp(networks=LOOPBACK, connect_seconds=1, total_seconds=3)
    sending = SendWebhook(settings, database, WebhookChannel(http, time), time)
    deliver = Deliver(settings, database, {Channel.WEBHOOK: sending}, Gate(settings, database, lambda: None), time)
    inbox = Inbox(database, "notify", handlers(settings, deliver))
    with database.transaction() as session:
        told = {**notify_facts.SLUICE, "contacts": [], "at": time.at}
        sluices.keep(session, told)
    try:
        yield Webhooks(settings, database, inbox, Endpoints(settings, database, http, time), time)
    finally:
        database.dispose()
