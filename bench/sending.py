"""How fast notify sends, beside plain smtplib over one connection to the same mailbox. `python -m bench.sending`

Notify claims each message, sends it under its fixed Message-ID and records what came of it, durably and safe against
kill -9; smtplib sends the same bytes and records nothing. Both meet a mailbox that stores each mail before its 250.
"""

from __future__ import annotations

import os
import smtplib
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from shared.db import conninfo, embedded_url
from shared.settings import Settings
from tests.support.bulk import queue_news, settings_of
from tests.support.ports import free_port
from tests.support.running import Suite

MAILS = 2000
ROUNDS = 3

SENT = """
    SELECT count(*), extract(epoch FROM max(finished_at) - min(started_at))
      FROM notify.attempt AS attempt JOIN notify.notification AS note ON note.id = attempt.notification_id
     WHERE note.idempotency_key LIKE %s AND attempt.outcome = 'sent'
"""


def main() -> None:
    """Run it and print one table."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"IDESLUSS_LOG_LEVEL": "warning", "IDESLUSS_MAILBOX_PORT": str(port)}
        suite = Suite(Path(folder) / "var", environment).start()
        try:
            settings = settings_of(suite.data_dir)
            ours, plain = [], []
            for number in range(ROUNDS):
                ours.append(_notify(settings, f"round{number}"))
                plain.append(_smtplib(settings, port, f"round{number}"))
        finally:
            suite.stop()
    print(f"{ROUNDS} rounds of {MAILS} mails, {os.cpu_count()} cores, median")
    print("| who | mails a second | ratio |\n| --- | --- | --- |")
    base = statistics.median(plain)
    print(f"| smtplib, one connection, records nothing | {base:.0f} | 1 |")
    print(f"| notify | {statistics.median(ours):.0f} | {statistics.median(ours) / base:.2f} |")


def _notify(settings: Settings, name: str) -> float:
    queue_news(settings, MAILS, name=name)
    with psycopg.connect(conninfo(embedded_url(settings)), autocommit=True) as connection:

        def sent() -> tuple[int, float]:
            row = connection.execute(SENT, [f"{name}:%"]).fetchone()
            assert row is not None
            return row[0], float(row[1] or 0)

        # Seldom, so that the looking takes nothing from what is looked at.
        while sent()[0] < MAILS:
            time.sleep(1)
        return MAILS / sent()[1]


def _smtplib(settings: Settings, port: int, name: str) -> float:
    with psycopg.connect(conninfo(embedded_url(settings))) as connection:
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
