"""The same behaviour on both brokers: what a bell loses, doubles or holds back costs a delay and nothing else."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq_postgres import PostgresBroker
from sqlalchemy import text

from shared.bus import admin
from shared.bus.broker import build_broker, queue, ring
from shared.bus.inbox import MAX_ATTEMPTS, Handler, Inbox
from shared.bus.outbox import Priority
from shared.bus.rabbitmq import addresses
from shared.bus.relay import WINDOWS, Relay
from shared.clock import now
from shared.contracts.registry import CALENDAR_REPLY, RSVP
from shared.db import Database, Role
from shared.settings import Settings
from shared.worker import declare
from tests.support import rabbitmq
from tests.support.forwarder import Forwarder, forwarding
from tests.support.rabbitmq import Queues
from tests.support.said import say
from tests.support.waiting import wait_until


@dataclass
class Bus:
    """One sender, one relay and one consumer on one broker."""

    settings: Settings
    queues: Queues | None
    intake: Database
    rsvp: Database
    relays: Database
    broker: dramatiq.Broker
    relay: Relay

    def say(self, **choices: Any) -> UUID:
        return say(self.intake, **choices)

    def row(self, message_id: UUID) -> Any:
        with self.rsvp.transaction() as session:
            statement = text("SELECT * FROM bus.delivery WHERE consumer = 'rsvp' AND message_id = :id")
            return session.execute(statement, {"id": message_id}).one()

    def is_done(self, message_id: UUID) -> bool:
        return self.row(message_id).done_at is not None

    def make_due(self, message_id: UUID) -> None:
        """Let the time pass that a bell, a lease or a pause lasts."""
        with self.rsvp.transaction() as session:
            session.execute(
                text("UPDATE bus.delivery SET next_try = now(), claimed_until = NULL WHERE message_id = :id"),
                {"id": message_id},
            )

    def waiting(self) -> int:
        """Bells in the broker that nobody has taken."""
        if self.queues is not None:
            return self.queues.waiting(RSVP)
        with self.relays.transaction() as session:
            return int(session.execute(text("SELECT count(*) FROM dramatiq.queue")).scalar_one())

    def lose_all(self) -> None:
        if self.queues is not None:
            self.queues.purge(RSVP)
        else:
            with self.relays.transaction() as session:
                session.execute(text("DELETE FROM dramatiq.queue"))

    def carried(self) -> str:
        if self.queues is not None:
            return self.queues.carried(RSVP).decode()
        with self.relays.transaction() as session:
            return str(session.execute(text("SELECT message::text FROM dramatiq.queue")).scalar_one())

    @contextmanager
    def working(self, handlers: dict[str, Handler], *, threads: int = 2) -> Iterator[None]:
        """A worker as it runs in its own process."""
        broker = build_broker(self.settings, Role.RSVP)
        declare(broker, RSVP, Inbox(self.rsvp, RSVP, handlers))
        names = {queue(broker, RSVP)}
        worker = dramatiq.Worker(broker, queues=names, worker_threads=threads, worker_timeout=100)
        worker.start()
        try:
            yield
        finally:
            worker.stop(timeout=5000)
            close(broker)


@contextmanager
def bus_with(settings: Settings, queues: Queues | None, **changes: Any) -> Iterator[Bus]:
    if queues is not None:
        changes = {"broker_url": queues.url, "queue_prefix": queues.prefix, **changes}
    settings = replace(settings, **changes)
    databases = [Database(settings, role, pool_size=4) for role in (Role.INTAKE, Role.RSVP, Role.RELAY)]
    broker = build_broker(settings, Role.RELAY)
    try:
        yield Bus(settings, queues, *databases, broker, Relay(databases[2], broker))
    finally:
        close(broker)
        for database in databases:
            database.dispose()


def close(broker: dramatiq.Broker) -> None:
    """With its connections, which a process of its own need not close."""
    broker.close()
    if isinstance(broker, PostgresBroker):
        broker.pool.close()


@pytest.fixture(params=["postgresql", "rabbitmq"])
def bus(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Bus]:
    with ExitStack() as held:
        queues = held.enter_context(rabbitmq.queues()) if request.param == "rabbitmq" else None
        yield held.enter_context(bus_with(settings, queues))


def recorder(heard: list[UUID]) -> dict[str, Handler]:
    """A handler whose effect is a line in a list, at the moment when it would commit."""

    def handle(task: Any) -> None:
        with task.transaction():
            heard.append(task.message_id)

    return {CALENDAR_REPLY.name: handle}


def test_bells_that_were_doubled_have_one_effect(bus: Bus) -> None:
    heard: list[UUID] = []
    said = [bus.say() for _ in range(5)]
    assert bus.relay.look() == 5
    for message_id in said:
        for _ in range(2):
            ring(bus.broker, RSVP, CALENDAR_REPLY.name, message_id)
    assert bus.waiting() == 15

    with bus.working(recorder(heard)):
        wait_until(lambda: bus.waiting() == 0 and all(map(bus.is_done, said)))

    assert sorted(heard) == sorted(said)


def test_for_what_the_broker_lost_it_is_rung_again_and_for_what_is_done_it_is_not(bus: Bus) -> None:
    message_id = bus.say()
    assert bus.relay.look() == 1
    assert bus.relay.look() == 0, "a bell that has just rung is given time"

    bus.lose_all()
    assert bus.waiting() == 0
    bus.make_due(message_id)
    assert bus.relay.look() == 1
    assert bus.waiting() == 1

    with bus.working(recorder([])):
        wait_until(lambda: bus.is_done(message_id))
    bus.make_due(message_id)
    assert bus.relay.look() == 0


def test_what_is_prompt_overtakes_what_is_bulk_and_was_said_before(bus: Bus) -> None:
    heard: list[UUID] = []
    many = [bus.say(priority=Priority.BULK) for _ in range(WINDOWS[Priority.BULK] + 10)]
    assert bus.relay.look() == WINDOWS[Priority.BULK]
    prompt = bus.say()

    with bus.working(recorder(heard), threads=1):
        wait_until(lambda: bus.relay.look() == 0 and len(heard) == len(many) + 1)

    assert heard.index(prompt) <= WINDOWS[Priority.BULK], "the bulk that had not been rung for yet came after it"


def test_what_fails_is_tried_again_by_our_tables_clock_and_parked_after_five(bus: Bus) -> None:
    tried: list[int] = []

    def fail(task: Any) -> None:
        tried.append(task.attempt)
        raise ValueError("cannot be handled")

    message_id = bus.say()
    with bus.working({CALENDAR_REPLY.name: fail}):
        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert bus.relay.look() == 1
            wait_until(
                lambda attempt=attempt: bus.row(message_id).attempts == attempt and bus.row(message_id).last_error
            )  # type: ignore[misc]
            wait_until(lambda: bus.row(message_id).claimed_until is None)
            if attempt == 1:
                assert 0.5 < (bus.row(message_id).next_try - now()).total_seconds() < 1.3
                assert bus.relay.look() == 0, "not before its pause is over"
            bus.make_due(message_id)
        assert bus.relay.look() == 0

    assert tried == list(range(1, MAX_ATTEMPTS + 1))
    [parked] = admin.list_parked(bus.rsvp)
    assert (parked.message_id, parked.last_error) == (message_id, "ValueError: cannot be handled")


def test_what_this_worker_does_not_know_waits_for_one_that_does(bus: Bus) -> None:
    message_id = bus.say()
    bus.relay.look()
    with bus.working({}):
        wait_until(lambda: bus.row(message_id).last_error)
    row = bus.row(message_id)
    assert (row.attempts, row.last_error) == (0, f"no handler for {CALENDAR_REPLY.name} here")

    bus.make_due(message_id)
    bus.relay.look()
    with bus.working(recorder([])):
        wait_until(lambda: bus.is_done(message_id))


def test_what_is_planned_happens_then_and_not_before(bus: Bus) -> None:
    when = now() + timedelta(seconds=0.8)
    heard: list[float] = []

    def handle(task: Any) -> None:
        with task.transaction():
            heard.append((now() - when).total_seconds())

    message_id = bus.say(not_before=when)
    with bus.working({CALENDAR_REPLY.name: handle}):
        wait_until(lambda: bus.relay.look() + bus.is_done(message_id), every=0.05)
        wait_until(lambda: bus.is_done(message_id))

    assert 0 <= heard[0] < 2


def test_the_broker_carries_a_name_and_an_id(bus: Bus) -> None:
    message_id = bus.say()
    bus.relay.look()

    carried = bus.carried()

    assert "b.example" not in carried
    assert CALENDAR_REPLY.name in carried
    assert str(message_id) in carried


def test_two_relays_ring_once_for_each(bus: Bus) -> None:
    for _ in range(40):
        bus.say()
    rung: list[int] = []

    def look(other: Callable[[], int]) -> None:
        rung.append(other())

    with bus_with(bus.settings, bus.queues) as second:
        threads = [threading.Thread(target=look, args=(relay.look,)) for relay in (bus.relay, second.relay)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sum(rung) == 40
    assert bus.waiting() == 40


def to_server(queues: Queues) -> AbstractContextManager[Forwarder]:
    [address] = addresses(queues.url)
    return forwarding(*address)


def through(proxy: Forwarder, queues: Queues) -> str:
    return re.sub(r"(?<=@)[^/]+", f"127.0.0.1:{proxy.port}", queues.url)


def test_while_rabbitmq_is_away_nothing_waits_the_longer_and_then_all_goes_on(settings: Settings) -> None:
    heard: list[UUID] = []
    with rabbitmq.queues() as queues, to_server(queues) as proxy:
        url = through(proxy, queues)
        with bus_with(settings, queues, broker_url=url) as bus, bus.working(recorder(heard)):
            first = bus.say()
            bus.relay.look()
            wait_until(lambda: bus.is_done(first))

            proxy.cut()
            second = bus.say()
            for _ in range(3):
                with pytest.raises(dramatiq.errors.BrokerConnectionError):
                    bus.relay.look()
            assert bus.row(second).rings == 0

            proxy.restore()
            assert bus.relay.look() == 1
            wait_until(lambda: bus.is_done(second))
    assert heard == [first, second]


def test_a_bell_that_was_not_confirmed_is_rung_for_again_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rabbitmq.queues() as queues, to_server(queues) as proxy:
        url = through(proxy, queues)
        with bus_with(settings, queues, broker_url=url) as bus:
            said = [bus.say() for _ in range(3)]
            # it goes away between the look into the table and the second bell
            rung = iter([lambda: None, proxy.cut])
            enqueue = bus.broker.enqueue
            monkeypatch.setattr(bus.broker, "enqueue", lambda message: (next(rung)(), enqueue(message)))
            with pytest.raises(dramatiq.errors.BrokerConnectionError):
                bus.relay.look()
            monkeypatch.undo()
            assert sorted(bus.row(each).rings for each in said) == [0, 0, 1]

            proxy.restore()
            assert bus.relay.look() == 2


def rung(relay: Relay) -> int:
    """As the relay's own process does: a broker that is away is tried again."""
    try:
        return relay.look()
    except dramatiq.errors.BrokerConnectionError:
        return 0


def test_a_server_that_fell_silent_is_given_up(settings: Settings) -> None:
    with rabbitmq.queues() as queues, to_server(queues) as proxy:
        url = f"{through(proxy, queues)}/?heartbeat=1&stack_timeout=1&socket_timeout=1"
        with bus_with(settings, queues, broker_url=url) as bus:
            bus.relay.look()
            proxy.hold()
            bus.say()
            with pytest.raises(dramatiq.errors.BrokerConnectionError):
                bus.relay.look()

            with pytest.raises(dramatiq.errors.BrokerConnectionError):
                bus.relay.look()

            proxy.restore()
            wait_until(lambda: rung(bus.relay))
            assert bus.waiting() == 1


def test_a_relay_that_has_nothing_to_say_keeps_its_connection(settings: Settings) -> None:
    with rabbitmq.queues() as queues, bus_with(settings, queues, broker_url=f"{queues.url}/?heartbeat=1") as bus:
        bus.relay.look()
        before = bus.broker.connection  # type: ignore[attr-defined]
        ends = now() + timedelta(seconds=4)
        wait_until(lambda: bus.relay.look() or now() > ends, every=0.3)
        bus.say()
        assert bus.relay.look() == 1
        assert bus.broker.connection is before  # type: ignore[attr-defined]
