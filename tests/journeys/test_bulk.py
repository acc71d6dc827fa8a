"""Very many messages at once under kill -9: each leaves under one Message-ID, and what somebody waits for overtakes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from shared.db import conninfo, embedded_url
from shared.settings import Settings
from tests.support.bulk import queue_news, settings_of
from tests.support.running import Suite, letter
from tests.support.storm import Killer
from tests.support.waiting import wait_until

WORKERS = ("worker-notify", "worker-notify", "relay", "mailbox", "postgres")
"""Whom a kill may meet: the one that sends twice as often as the rest."""

COUNTS = """
    SELECT (SELECT count(*) FROM notify.notification WHERE idempotency_key LIKE 'bulk:%'),
           (SELECT count(*) FROM notify.notification WHERE idempotency_key LIKE 'bulk:%' AND state = 'sent'),
           (SELECT count(*) FROM notify.notification AS note JOIN mailbox.message AS mail
                ON note.message_id = '<' || mail.message_id || '>' AND note.idempotency_key LIKE 'bulk:%'),
           (SELECT count(*) FROM mailbox.message WHERE recipients[1] LIKE 'bulk%'),
           (SELECT coalesce(sum(submissions - 1), 0) FROM mailbox.message WHERE recipients[1] LIKE 'bulk%'),
           (SELECT count(*) FROM notify.attempt WHERE outcome = 'interrupted')
"""


@dataclass(frozen=True)
class Counts:
    """What the database knows of the bulk."""

    asked: int
    sent: int
    arrived: int
    mails: int
    submitted_again: int
    interrupted: int


def count(settings: Settings) -> Counts:
    with psycopg.connect(conninfo(embedded_url(settings))) as connection:
        row = connection.execute(COUNTS).fetchone()
        assert row is not None
        return Counts(*map(int, row))


@contextmanager
def suite_with_news(tmp_path: Path, number: int) -> Iterator[tuple[Suite, Settings]]:
    """A running suite in which so many messages have just become due."""
    suite = Suite(tmp_path / "var", {"IDESLUSS_LOG_LEVEL": "warning"}).start()
    try:
        settings = settings_of(suite.data_dir)
        queue_news(settings, number)
        yield suite, settings
    finally:
        assert suite.stop() == 0


def kill_until_sent(suite: Suite, settings: Settings, number: int, kills: int, seed: int) -> Counts:
    """Kill workers at random moments, spread over the work, until all is sent."""
    killer = Killer(suite, random.Random(seed), WORKERS)
    for nth in range(kills):
        share = number * (nth + 1) // (kills + 1)
        wait_until(lambda share=share: _sent(settings) >= share, 600, every=0.1)  # type: ignore[misc] # bound at once
        killer.kill(killer.chance.choice(WORKERS))
    wait_until(lambda: _sent(settings) == number, 600, every=0.1)
    print(f"\n{dict(killer.kills)}")
    return count(settings)


def _sent(settings: Settings) -> int:
    try:
        return count(settings).sent
    except psycopg.OperationalError:  # it may be the one that was killed
        return -1


def check(suite: Suite, found: Counts, number: int, kills: int) -> None:
    print(found)
    assert (found.asked, found.sent, found.arrived, found.mails) == (number, number, number, number)
    # A killed worker was sending one mail in each of its threads; a killed database or mailbox leaves as many open.
    assert found.submitted_again <= found.interrupted <= kills * 3
    books = suite.api("/api/notify/v1/summary")["books"]
    assert books["difference"] == 0


def test_each_of_many_messages_leaves_once_whatever_is_killed_and_a_confirmation_overtakes_them(tmp_path: Path) -> None:
    with suite_with_news(tmp_path, 400) as (suite, settings):
        suite.send(letter("En idé", "Fler bänkar."), "asa@krokom.example", "ide@krokom.example")
        wait_until(lambda: _confirmed(suite), 30, every=0.1)

        assert count(settings).sent < 400, "the confirmation waited for the last of them"
        check(suite, kill_until_sent(suite, settings, 400, kills=4, seed=1), 400, 4)


def _confirmed(suite: Suite) -> bool:
    return any("asa@krokom.example" in str(mail["To"]) for mail in suite.caught_page(0, 200))


@pytest.mark.soak
def test_twenty_thousand_messages_under_kills(tmp_path: Path) -> None:
    with suite_with_news(tmp_path, 20_000) as (suite, settings):
        check(suite, kill_until_sent(suite, settings, 20_000, kills=60, seed=7), 20_000, 60)
