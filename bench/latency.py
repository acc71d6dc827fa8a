"""From mail to confirmation handed to the relay, on an idle system, broken down by hop.

Mails are sent one at a time; each hop's time is what the database recorded.
`python -m bench.latency [embedded] [rabbitmq]`
"""

from __future__ import annotations

import os
import statistics
import sys
import time

import psycopg

from bench.places import PLACES, running
from shared.db import admin_url, conninfo
from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

MAILS = 200

HOPS = """
    SELECT extract(epoch FROM read.done_at - mail.received_at) * 1000 AS read,
           extract(epoch FROM told.done_at - read.done_at) * 1000 AS told,
           extract(epoch FROM attempt.started_at - told.done_at) * 1000 AS begun,
           extract(epoch FROM caught.created_at - attempt.started_at) * 1000 AS handed,
           extract(epoch FROM caught.created_at - mail.received_at) * 1000 AS whole
      FROM intake.inbound_email AS mail
      JOIN intake.idea AS idea ON idea.id = mail.idea_id
      JOIN bus.message AS said ON said.correlation_id = mail.correlation_id AND said.name = 'mail.received.v1'
      JOIN bus.delivery AS read ON read.message_id = said.id
      JOIN bus.message AS heard ON heard.correlation_id = mail.correlation_id AND heard.name = 'idea.received.v1'
      JOIN bus.delivery AS told ON told.message_id = heard.id
      JOIN notify.notification AS note
        ON note.idea_reference = idea.reference AND note.kind = 'confirmation'
      JOIN notify.attempt AS attempt ON attempt.notification_id = note.id
      JOIN mailbox.message AS caught ON '<' || caught.message_id || '>' = note.message_id
"""


def main() -> None:
    """Run it at each place and print a table for each."""
    for place in sys.argv[1:] or PLACES:
        _measure(place)


def _measure(place: str) -> None:
    with running(place, {"IDESLUSS_LOG_LEVEL": "warning"}) as suite:
        dialogues = [_send(suite, number) for number in range(MAILS)]
        rows = _hops(suite)
    print(f"\n{place}: {len(rows)} mails, one at a time, {os.cpu_count()} cores; milliseconds")
    print("| hop | p50 | p90 | p99 |\n| --- | --- | --- | --- |")
    _row("SMTP session, connect to 250 (client's side)", dialogues)
    for index, name in enumerate(
        (
            "250 → read, checked, stored as an idea",
            "→ notification made",
            "→ its sending begun",
            "→ the relay has it",
            "**mail accepted → confirmation handed to the relay**",
        )
    ):
        _row(name, [row[index] for row in rows])


def _send(suite: Suite, number: int) -> float:
    sender = f"bench{number}@krokom.example"
    began = time.perf_counter()
    suite.send(letter(f"Idé {number}", "Hej " * 200, sender=sender), sender, "ide@krokom.example")
    took = (time.perf_counter() - began) * 1000
    wait_until(lambda: any(sender in str(mail["To"]) for mail in suite.caught_page(0, 4)), 30)
    return took


def _hops(suite: Suite) -> list[tuple[float, ...]]:
    with psycopg.connect(conninfo(admin_url(suite.settings))) as connection:
        return [tuple(float(value) for value in row) for row in connection.execute(HOPS).fetchall()]


def _row(name: str, values: list[float]) -> None:
    points = statistics.quantiles(values, n=100)
    print(f"| {name} | {points[49]:.0f} | {points[89]:.0f} | {points[98]:.0f} |")


if __name__ == "__main__":
    sys.exit(main())
