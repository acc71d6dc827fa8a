"""A worker of notify whose way out is SMS, and messages for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.notify.actors import handlers
from services.notify.channels.sms import SmsChannel
from services.notify.channels.sms_url import parse_sms_url
from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Category, Channel, Kind
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.gate import Gate
from services.notify.usecases.outlet import Outlet
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_sms import SendSms
from shared.bus.inbox import Inbox
from shared.clock import Clock, now
from shared.db import Database, Role
from shared.settings import Settings
from tests.integration.notify.workbench import Notify
from tests.support import notify_facts as facts

NUMBER = "+46701234567"
LINK = {"label": "Läs mer", "url": "https://ide.krokom.example/i/KRO-2026-0042?t=abcdefghij"}


@contextmanager
def sms_worker(settings: Settings, url: str, *, clock: Clock = now, patience: float = 2.0) -> Iterator[Notify]:
    """One worker that sends to the provider at ``url``, or has no provider where that is empty.

    :param clock: the outlet's, by which it decides whether the history can be believed.
    """
    database = Database(settings, Role.NOTIFY, pool_size=8)
    outlets: dict[Channel, Outlet] = {}
    if url:
        channel = SmsChannel(parse_sms_url(url), timeout=(1.0, patience))
        outlets[Channel.SMS] = SendSms(settings, database, channel, clock)
    deliver = Deliver(settings, database, outlets, Gate(settings, database, lambda: None))
    try:
        yield Notify(settings, database, Inbox(database, "notify", handlers(settings, deliver)))
    finally:
        database.dispose()


def ask(notify: Notify, key: str = "one", *, number: str = NUMBER, idea: str | None = None, **changes: Any) -> None:
    """Let one SMS become due."""
    wanted = Asked(
        key=key,
        kind=Kind.MESSAGE,
        address=number,
        name="Åsa Öberg",
        language="sv",
        sluice_slug="krokom",
        sluice_address="ide@krokom.example",
        idea_reference=idea,
        facts={"subject": "Svar", "text": "Hej Åsa! Du har fått svar – “ja”…", "link": LINK, "sluice": facts.SLUICE}
        | changes,
        category=Category.ASKED_FOR,
        channel=Channel.SMS,
    )
    with notify.database.transaction() as session:
        QueueMessage(notify.settings)(session, [wanted])
