"""What a second process brings: ideas read and mails sent in a second, by one and by two workers of each kind.

`python -m bench.scaling [--mails N] [--rounds N]`

On PostgreSQL and RabbitMQ, each role a process of its own, as on several machines. All mails are accepted while no
worker runs; then the workers of intake start, and when all is read and as many messages wait, those of notify. A
report, no bar: on two cores the database and the relay need theirs. Listeners are compared by
`python -m bench.smtp_accept --processes 1 2`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from bench.places import engines
from idesluss import demo, migrate
from shared import logs
from shared.db import admin_url, conninfo
from shared.settings import load
from tests.support.bulk import queue_news
from tests.support.cluster import Cluster, Member
from tests.support.waiting import wait_until

READ = """
    SELECT count(*), count(*), extract(epoch FROM max(read_at) - min(read_at))
      FROM intake.inbound_email WHERE read_at IS NOT NULL
"""
SENT = """
    SELECT count(*) FILTER (WHERE note.idempotency_key LIKE 'bulk:%'), count(*),
           extract(epoch FROM max(finished_at) - min(finished_at))
      FROM notify.attempt AS attempt JOIN notify.notification AS note ON note.id = attempt.notification_id
     WHERE attempt.outcome = 'sent'
"""
"""What is waited for, all that was sent by then (news wait for confirmations and notices), and in how many seconds."""


def main() -> None:
    """Run each number of workers in turn, round by round, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    found: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for _ in range(given.rounds):
        for workers, rates in found.items():
            rates.append(_measure(workers, given.mails))
    print(f"{given.rounds} rounds of {given.mails} mails, {os.cpu_count()} cores, median")
    print("| workers of each kind | ideas read a second | mails sent a second |\n| --- | --- | --- |")
    for workers, rates in found.items():
        reading, sending = (statistics.median(each) for each in zip(*rates, strict=True))
        print(f"| {workers} | {reading:.0f} | {sending:.0f} |")


def _measure(workers: int, mails: int) -> tuple[float, float]:
    """Ideas read and mails sent in a second."""
    numbers = {"listener": 1, "web": 1, "relay": 1, "mailbox": 1, "worker-intake": workers, "worker-notify": workers}
    with engines() as environment, tempfile.TemporaryDirectory() as folder:
        migrate.run(load({**environment, "IDESLUSS_DATA_DIR": folder}))
        cluster = Cluster(Path(folder) / "cluster", environment, numbers)
        logs.configure(cluster.settings, "bench")
        demo.seed(cluster.settings)
        later = [*cluster.of("worker-intake"), *cluster.of("worker-notify")]
        cluster.members = [member for member in cluster.members if member not in later]
        cluster.start()
        try:
            with psycopg.connect(conninfo(admin_url(cluster.settings)), autocommit=True) as connection:
                _accept(cluster, mails)
                reading = _rate(connection, cluster, "worker-intake", later, READ, mails)
                queue_news(cluster.settings, mails)
                return reading, _rate(connection, cluster, "worker-notify", later, SENT, mails)
        finally:
            cluster.stop()


def _accept(cluster: Cluster, mails: int) -> None:
    command = ["smtp-source", "-s", "10", "-l", "4096", "-m", str(mails), "-f", "bench@krokom.example"]
    subprocess.run([*command, "-t", "ide@krokom.example", f"127.0.0.1:{cluster.smtp_ports[0]}"], check=True)


def _rate(
    connection: psycopg.Connection, cluster: Cluster, role: str, later: list[Member], asked: str, wanted: int
) -> float:
    """Start the workers of a role, and wait for what they have to do; how much of it in a second."""
    for member in later:
        if member.role == role:
            member.start()
            cluster.members.append(member)
    # Seldom, so that the looking takes nothing from what is looked at.
    wait_until(lambda: _number(connection, asked) >= wanted, 600, every=1.0)
    row = connection.execute(asked.encode()).fetchone()
    assert row is not None
    return int(row[1]) / float(row[2])


def _number(connection: psycopg.Connection, asked: str) -> int:
    row = connection.execute(asked.encode()).fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    sys.exit(main())
