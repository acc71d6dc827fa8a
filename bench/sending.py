"""How fast notify sends, beside plain smtplib over one connection to the same mailbox.

`python -m bench.sending [embedded] [rabbitmq]`

Notify claims each message, sends it under its fixed Message-ID and records what came of it, durably and safe against
kill -9; smtplib sends the same bytes and records nothing. Both meet a mailbox that stores each mail before its 250.
"""

from __future__ import annotations

import os
import smtplib
import statistics
import sys
import time

import psycopg

from bench.places import PLACES, running
from shared.db import admin_url, conninfo
from shared.settings import Settings
from tests.support.bulk import queue_news
from tests.support.ports import free_port

MAILS = 2000
ROUNDS = 3

SENT = """
    SELECT count(*), extract(epoch FROM max(finished_at) - min(started_at))
      FROM notify.attempt AS attempt JOIN notify.notification AS note ON note.id = attempt.notification_id
     WHERE note.idempotency_key LIKE %s AND attempt.outcome = 'sent'
"""


def main() -> None:
    """Run it at each place and print a table for each."""
    for place in sys.argv[1:] or PLACES:
        _measure(place)


def _measure(place: str) -> None:
    port = free_port()
    with running(place, {"IDESLUSS_LOG_LEVEL": "warning", "IDESLUSS_MAILBOX_PORT": str(port)}) as suite:
        ours, plain = [], []
        for number in range(ROUNDS):
            ours.append(_notify(suite.settings, f"round{number}"))
            plain.append(_smtplib(suite.settings, port, f"round{number}"))
    print(f"\n{place}: {ROUNDS} rounds of {MAILS} mails, {os.cpu_count()} cores, median")
    print("| who | mails a second | ratio |\n| --- | --- | --- |")
    base = statistics.median(plain)
    print(f"| smtplib, one connection, records nothing | {base:.0f} | 1 |")
    print(f"| notify | {statistics.median(ours):.0f} | {statistics.median(ours) / base:.2f} |")


def _notify(settings: Settings, name: str) -> float:
    queue_news(settings, MAILS, name=name)
    with psycopg.connect(conninfo(admin_url(settings)), autocommit=True) as connection:

        def sent() -> tuple[int, float]:
            row = connection.execute(SENT, [f"{name}:%"]).fetchone()
            assert row is not None
            return row[0], float(row[1] or 0)

        # Seldom, so that the looking takes nothing from what is looked at.
        while sent()[0] < MAILS:
            time.sleep(1)
        return MAILS / sent()[1]


def _smtplib(settings: Settings, port: int, name: str) -> float:
    with psycopg.connect(conninfo(admin_url(settings))) as connection:
        rows = connection.execute(
            "SELECT raw, recipients FROM mailbox.message WHERE recipients[1] LIKE %s", [f"{name}%"]
        ).fetchall()
    # Another Message-ID of the same length, so that the mailbox stores it as a mail of its own.
    mails = [(bytes(raw).replace(b"<idesluss.", b"<idesluzz."), recipients) for raw, recipients in rows]
    began = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as client:
        for raw, recipients in mails:
            client.sendmail("bench@krokom.example", recipients, raw)
    return len(mails) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
