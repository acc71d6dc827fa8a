"""Receivers and providers that answer late take some of a worker's threads, and never those that mails need."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from uuid import UUID

import pytest

from services.notify.actors import handlers
from services.notify.channels.guarded_http import GuardedHttp
from services.notify.channels.relay_url import Relay
from services.notify.channels.sms import SmsChannel
from services.notify.channels.sms_url import parse_sms_url
from services.notify.channels.smtp import SmtpChannel
from services.notify.channels.webhook import WebhookChannel
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel
from services.notify.domain.webhook import Event
from services.notify.render import Renderer
from services.notify.usecases.deliver import Deliver
from services.notify.usecases.endpoints import Endpoints
from services.notify.usecases.gate import Gate
from services.notify.usecases.outlet import Outlet
from services.notify.usecases.send_mail import SendMail
from services.notify.usecases.send_sms import SendSms
from services.notify.usecases.send_webhook import SendWebhook
from shared.bus.inbox import Inbox
from shared.contracts import registry
from shared.db import Database, Role
from shared.settings import Settings
from tests.integration.notify.sms_bench import ask
from tests.support import notify_facts as facts
from tests.support.providers import Answer, ScriptedProvider
from tests.support.receivers import OK, Receiver
from tests.support.relays import ScriptedRelay
from tests.support.waiting import wait_until
from tests.support.webhooks import LOOPBACK, Time, Webhooks

HANGS = 6.0
"""Seconds that a slow one takes; a mail must not wait for it."""


@contextmanager
def whole_worker(settings: Settings, relay_port: int, sms_url: str) -> Iterator[Webhooks]:
    """A worker with every way out."""
    database, time = Database(settings, Role.NOTIFY, pool_size=10), Time()
    http = GuardedHttp(networks=LOOPBACK, connect_seconds=1, total_seconds=HANGS)
    smtp = SmtpChannel(Relay("smtp", "127.0.0.1", relay_port), hostname="notify.test", timeout=5, final_timeout=5)
    outlets: dict[Channel, Outlet] = {
        Channel.EMAIL: SendMail(settings, smtp, Renderer()),
        Channel.SMS: SendSms(settings, database, SmsChannel(parse_sms_url(sms_url), timeout=(1.0, HANGS))),
        Channel.WEBHOOK: SendWebhook(settings, database, WebhookChannel(http)),
    }
    inbox = Inbox(
        database,
        "notify",
        handlers(settings, Deliver(settings, database, outlets, Gate(settings, database, lambda: None))),
    )
    try:
        yield Webhooks(settings, database, inbox, Endpoints(settings, database, http, time), time)
    finally:
        smtp.close()
        database.dispose()


@contextmanager
def threads_at_work(notify: Webhooks, due: Sequence[UUID]) -> Iterator[None]:
    """As many as the worker has, each taking what is due next, until all has been tried once."""
    waiting: queue.SimpleQueue[UUID] = queue.SimpleQueue()
    for each in due:
        waiting.put(each)

    def work() -> None:
        while not waiting.empty():
            notify.inbox.run(waiting.get())

    threads = [threading.Thread(target=work, daemon=True) for _ in range(notify.settings.worker_threads)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(HANGS * 3)


@pytest.mark.parametrize("slow", [Channel.WEBHOOK, Channel.SMS])
def test_a_mail_leaves_at_once_while_three_receivers_hang(settings: Settings, slow: Channel) -> None:
    let_go = threading.Event()

    def late(_peer: socket.socket) -> bytes:
        let_go.wait(HANGS - 1)
        return OK

    with ExitStack() as stack:
        relay = stack.enter_context(ScriptedRelay().listening())
        provider = stack.enter_context(ScriptedProvider().listening())
        provider.says(*[Answer(hangs=True)] * 3)
        notify = stack.enter_context(whole_worker(settings, relay.port, provider.url))
        receivers = [stack.enter_context(Receiver(reply=late).listening()) for _ in range(3)]
        if slow is Channel.WEBHOOK:
            for receiver in receivers:
                notify.add(receiver.port, name=str(receiver.port), events=[Event.IDEA_RECEIVED])
        else:
            for number in range(3):
                ask(notify, str(number))
        notify.inbox.run(notify.tell(registry.IDEA_RECEIVED, facts.idea_received(contacts=[])))
        by_id = {each.due_message_id: each.channel for each in notify.notifications()}
        due = sorted(notify.open_deliveries(), key=lambda each: by_id[each] == Channel.EMAIL)

        with threads_at_work(notify, due):
            try:
                wait_until(lambda: relay.taken, 2.0)
            finally:
                let_go.set()
                provider.closing.set()

        others = [each for each in notify.notifications() if each.channel == slow]
        assert len(others) == 3
        assert sorted(len(notify.attempts(each)) for each in others) == [0, 0, 1]
        assert [each.state for each in others].count(State.CREATED) == 2
        if slow is Channel.WEBHOOK:
            wait_until(lambda: _all_told(notify, receivers), 15)


def _all_told(notify: Webhooks, receivers: Sequence[Receiver]) -> bool:
    notify.ring_all(due=True)
    return all(len(each.taken) == 1 for each in receivers)
