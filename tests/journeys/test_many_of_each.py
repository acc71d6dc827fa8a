"""Many of each process side by side, on a PostgreSQL and a RabbitMQ of others': nothing doubled, nothing lost, no gap."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import requests

from idesluss import demo, migrate
from shared.db import admin_url, conninfo
from shared.settings import load
from shared.web import proof
from tests.support import databases
from tests.support.cluster import MANY, Cluster, Harm
from tests.support.cluster_count import ask, settle
from tests.support.cluster_traffic import Traffic
from tests.support.engines import OwnPostgres
from tests.support.rabbitmq import queues
from tests.support.waiting import wait_until

HALT_SECONDS = 12
"""Longer than a worker's lease."""
SETTLE_SECONDS = 60
PERIODS = {"settle_offers": 30, "sweep_notifications": 60, "remind_contacts": 600, "clean_bus": 3600}
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """On a PostgreSQL of its own: so many processes would take the machine's server its last connections."""
    monkeypatch.setattr(proof, "TRIES", (1, 5))  # of our own tasks: the senders are many in one process
    environment = {
        "IDESLUSS_SECRET_KEY": databases.SECRET_KEY,
        "IDESLUSS_DATABASE_POOL": "2",
        "IDESLUSS_WORKER_THREADS": "2",
    }
    postgres = OwnPostgres(load({**environment, "IDESLUSS_DATA_DIR": str(tmp_path / "engine")}))
    with ExitStack() as held:
        doorbell = held.enter_context(queues())
        held.callback(postgres.stop)
        postgres.start()
        made = Cluster(
            tmp_path / "cluster", {**environment, **doorbell.environment, "DATABASE_URL": postgres.url}, MANY
        )
        migrate.run(made.settings)
        demo.seed(made.settings)
        held.callback(made.stop)
        yield made.start()


def test_whatever_is_killed_halted_or_restarted_each_is_taken_once_and_done_once(cluster: Cluster) -> None:
    traffic = Traffic(cluster, {"mail": (3, 0.3), "form": (2, 0.3)})
    harm = Harm(cluster, random.Random(7))
    _a_web_dies_amid_a_form(cluster, traffic)
    wait_until(lambda: ask(cluster.settings, "SELECT count(*) FROM bus.job")[0][0] >= len(PERIODS), 30)
    began = time.monotonic()
    with psycopg.connect(conninfo(admin_url(cluster.settings))) as connection:
        connection.execute("UPDATE bus.job SET due_at = now()")
    traffic.start()
    for role in MANY:
        harm.kill(role)
        _goes_on(traffic, 3)
    # One of each stands still, and the others are restarted as an upgrade does, one by one.
    halted = [cluster.of(role)[0] for role in MANY if role != "mailbox"]
    for member in halted:
        wait_until(lambda member=member: member.code is None, 10)  # type: ignore[misc] # bound at once
        member.signal(signal.SIGSTOP)
    halted_at = time.monotonic()
    codes = [cluster.restart(cluster.of(role)[1]) for role in MANY if role != "mailbox"]
    _goes_on(traffic, 5)
    wait_until(lambda: time.monotonic() > halted_at + HALT_SECONDS, HALT_SECONDS + 5)
    for member in halted:
        member.signal(signal.SIGCONT)
    traffic.stop()

    tally = settle(traffic, SETTLE_SECONDS)
    print(tally, harm.done, traffic.slowest, f"failovers: {traffic.failovers}")
    assert tally.faults == []
    assert tally.taken["mail"] + tally.taken["form"] > 40
    assert set(codes) == {0}
    assert traffic.refusals == {}, "whoever turns to another process hears no refusal"
    assert tally.submitted_twice <= 3 * sum(harm.done.values())
    seconds = time.monotonic() - began
    for job, period in PERIODS.items():
        runs, failures = tally.jobs[job]
        assert 1 <= runs <= 1 + seconds // period, f"{job} ran {runs} times in {seconds:.0f} s"
        assert failures == 0


def _a_web_dies_amid_a_form(cluster: Cluster, traffic: Traffic) -> None:
    """The browser sends it again, to another: one idea."""
    name, typed = traffic.filled_form()
    victim = cluster.of("web")[1]
    with ThreadPoolExecutor(1) as pool, psycopg.connect(conninfo(admin_url(cluster.settings))) as holder:
        holder.execute("LOCK TABLE intake.idea IN EXCLUSIVE MODE")
        sending = pool.submit(traffic.send_form, cluster.urls[1], typed)
        wait_until(lambda: ask(cluster.settings, WAITING)[0][0] > 0)
        victim.signal(signal.SIGKILL)
        assert isinstance(sending.exception(10), requests.ConnectionError)
    for url in (cluster.urls[0], cluster.urls[2], cluster.urls[0]):
        assert traffic.send_form(url, typed)
    traffic.taken["form"].append(name)


def _goes_on(traffic: Traffic, more: int) -> None:
    seen = traffic.number()
    wait_until(lambda: traffic.number() >= seen + more, 30)
