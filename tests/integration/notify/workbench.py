"""notify with everything real but the broker: the test rings the bell itself, when and as often as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.notify.actors import handlers
from services.notify.app import create_app
from services.notify.channels.relay_url import Relay
from services.notify.channels.smtp import SmtpChannel
from services.notify.domain.kinds import Channel
from services.notify.render import Renderer
from services.notify.store.tables import Attempt, Notification
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.gate import Gate
from services.notify.usecases.send_mail import SendMail
from shared.bus import outbox
from shared.bus.inbox import Inbox
from shared.clock import Clock, now
from shared.contracts.base import MessageType
from shared.db import Database, Role
from shared.settings import Settings


@dataclass
class Notify:
    """One worker of notify."""

    settings: Settings
    database: Database
    inbox: Inbox

    def tell(self, message: MessageType, payload: dict[str, Any]) -> UUID:
        """Put a message on the bus, as another service would."""
        with self.database.transaction() as session:
            return outbox.put(session, message, payload)

    def open_deliveries(self, *, due: bool = False) -> list[UUID]:
        """What notify has yet to do, in the order of its ringing; ``due``: only what is due by now."""
        with self.database.transaction() as session:
            rows = session.execute(
                text(
                    "SELECT message_id FROM bus.delivery WHERE consumer = 'notify' AND done_at IS NULL"
                    " AND parked_at IS NULL AND (NOT :due OR next_try <= now()) ORDER BY next_try, message_id"
                ),
                {"due": due},
            )
            return [row[0] for row in rows]

    def ring_all(self, *, due: bool = False) -> None:
        """Ring once for everything that is open (or due); what is new by then as well."""
        rung: set[UUID] = set()
        while fresh := [each for each in self.open_deliveries(due=due) if each not in rung]:
            for message_id in fresh:
                rung.add(message_id)
                self.inbox.run(message_id)

    def notifications(self) -> list[Notification]:
        """All notifications, oldest first."""
        with self.database.transaction() as session:
            return list(session.scalars(select(Notification).order_by(Notification.id)))

    def only(self, kind: str) -> Notification:
        """The one notification of a kind."""
        (found,) = [each for each in self.notifications() if each.kind == kind]
        return found

    def attempts(self, notification: Notification) -> list[Attempt]:
        """A notification's attempts in order."""
        with self.database.transaction() as session:
            return attempts_of(session, notification.id)


def attempts_of(session: Session, identity: UUID) -> list[Attempt]:
    """A notification's attempts in order."""
    return list(session.scalars(select(Attempt).where(Attempt.notification_id == identity).order_by(Attempt.number)))


@contextmanager
def worker(
    settings: Settings, port: int, *, renderer: Renderer | None = None, clock: Clock = now, timeout: float = 5.0
) -> Iterator[Notify]:
    """One worker that sends to a relay on a port of 127.0.0.1."""
    database = Database(settings, Role.NOTIFY, pool_size=8)
    channel = SmtpChannel(
        Relay("smtp", "127.0.0.1", port), hostname="notify.test", timeout=timeout, final_timeout=timeout
    )
    mail = SendMail(settings, channel, renderer or Renderer())
    deliver = Deliver(settings, database, {Channel.EMAIL: mail}, Gate(settings, database, channel.first_choice), clock)
    try:
        yield Notify(settings, database, Inbox(database, "notify", handlers(settings, deliver, clock)))
    finally:
        channel.close()
        database.dispose()


@contextmanager
def web_client(settings: Settings) -> Iterator[FlaskClient]:
    """A browser in front of notify's web app; the app's connections are closed at the end."""
    app = create_app(settings)
    try:
        yield app.test_client()
    finally:
        for name in ("idesluss_database", "idesluss_bus_database", "idesluss_mailbox_database"):
            if name in app.extensions:
                app.extensions[name].dispose()
