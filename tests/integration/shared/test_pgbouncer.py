"""Through PgBouncer in transaction mode: each transaction may come to another server process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notify.usecases.deliver import Deliver
from services.notify.usecases.gate import Gate
from shared.db import Database, Role
from shared.errors import MisconfiguredError, TemporaryFailure
from shared.settings import Settings, load
from tests.integration.intake.smtp.harness import Stored, client, listening
from tests.integration.shared.test_both_brokers import bus_with, recorder
from tests.support import rabbitmq
from tests.support.pgbouncer import pooled
from tests.support.waiting import wait_until


@pytest.fixture
def through(settings: Settings) -> Iterator[Settings]:
    with pooled(settings) as changed:
        yield changed


def test_statements_said_often_and_by_many_are_never_missing_and_limits_hold(through: Settings) -> None:
    database = Database(through, Role.INTAKE, pool_size=8)
    together = threading.Barrier(3)

    def ask(number: int) -> Any:
        with database.transaction() as session:
            if number < 3:
                together.wait()  # three server processes at once, whom the later ones meet in turn
            statement = text(
                "SELECT CAST(:n AS int), pg_backend_pid(), current_setting('statement_timeout'),"
                " current_setting('TimeZone')"
            )
            return session.execute(statement, {"n": number}).one()

    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(ask, range(200)))
    database.dispose()

    assert [each[0] for each in answers] == list(range(200))
    assert {each[2:] for each in answers} == {("30s", "UTC")}
    assert len({each[1] for each in answers}) == 3


def test_what_is_said_is_rung_for_and_done(through: Settings) -> None:
    heard: list[UUID] = []
    with rabbitmq.queues() as queues, bus_with(through, queues) as bus:
        said = [bus.say() for _ in range(20)]
        with bus.working(recorder(heard)):
            wait_until(lambda: bus.relay.look() == 0 and all(map(bus.is_done, said)))
    assert sorted(heard) == sorted(said)


def test_the_listener_stores_one_mail_after_the_other(settings: Settings, through: Settings) -> None:
    stored = Stored(settings)
    stored.add_sluice("krokom", "ide@krokom.example")
    with listening(through) as running, client(running) as sender:
        for number in range(12):
            assert sender.mail(f"Subject: {number}\r\n\r\nhej\r\n".encode()).startswith("250")
    assert stored.count() == 12


def test_one_notification_is_sent_by_one_worker_at_a_time(through: Settings) -> None:
    database = Database(through, Role.NOTIFY, pool_size=6)
    deliver = Deliver(through, database, {}, Gate(through, database, lambda: None))
    one, other = uuid4(), uuid4()
    with (
        deliver._alone(one),
        deliver._alone(other),
        pytest.raises(TemporaryFailure, match="another worker"),
        deliver._alone(one),
    ):
        pass
    with deliver._alone(one):
        pass
    database.dispose()


def test_postgresql_cannot_ring_through_it() -> None:
    with pytest.raises(MisconfiguredError, match=r"IDESLUSS_DATABASE_POOLER: .*BROKER_URL"):
        load({"IDESLUSS_DATABASE_POOLER": "yes", "IDESLUSS_SECRET_KEY": "k" * 32})
