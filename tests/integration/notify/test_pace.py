"""Rates kept by the database: many workers at once, one order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from services.notify.store.pace import domain_key, relay_key, reserve
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings

MOMENT = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    found = Database(settings, Role.NOTIFY, pool_size=8)
    yield found
    found.dispose()


def test_eight_threads_never_let_more_through_than_burst_and_rate_allow(database: Database) -> None:
    per_minute, burst, mails = 3000, 5, 160
    key = relay_key("relay.example", 25)
    clock_start = time.monotonic()
    started = now()

    def send(_: int) -> float:
        """Ask, wait as told, and say when it went."""
        with database.transaction() as session:
            asked = started + timedelta(seconds=time.monotonic() - clock_start)
            wait = reserve(session, key, per_minute, asked, burst=burst)
        return (asked + wait - started).total_seconds()

    with ThreadPoolExecutor(8) as threads:
        goes = sorted(threads.map(send, range(mails)))

    for first in range(mails):
        for last in range(first, mails):
            assert last - first + 1 <= burst + (goes[last] - goes[first]) * per_minute / 60 + 0.001
    assert goes[-1] >= (mails - burst) * 60 / per_minute - 0.001


def test_slots_are_given_once_and_in_order(database: Database) -> None:
    key = relay_key("relay.example", 25)
    waits = []
    for _ in range(6):
        with database.transaction() as session:
            waits.append(reserve(session, key, 60, MOMENT, burst=2).total_seconds())

    assert waits == [0, 0, 1, 2, 3, 4]


def test_all_slots_of_a_moment_are_different_ones_whoever_asks(database: Database) -> None:
    key = relay_key("relay.example", 25)

    def ask(_: int) -> float:
        with database.transaction() as session:
            return reserve(session, key, 60, MOMENT, burst=1).total_seconds()

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ask, range(40))) == list(range(40))


def test_a_prompt_mail_does_not_wait_and_those_behind_it_do(database: Database) -> None:
    key = relay_key("relay.example", 25)
    with database.transaction() as session:
        waits = [
            reserve(session, key, 60, MOMENT, burst=1, overtakes=prompt).total_seconds()
            for prompt in (False, False, True, False)
        ]

    assert waits == [0, 1, 0, 3]


def test_a_slot_that_was_not_committed_is_free_again(database: Database) -> None:
    key = relay_key("relay.example", 25)

    def ask_and_fail() -> None:
        with database.transaction() as session:
            reserve(session, key, 60, MOMENT, burst=1)
            raise KeyError

    with pytest.raises(KeyError):
        ask_and_fail()
    with database.transaction() as session:
        assert reserve(session, key, 60, MOMENT, burst=1) == timedelta()


def test_each_key_has_a_pace_of_its_own_and_a_domain_one_for_all_its_spellings(database: Database) -> None:
    assert domain_key("Åsa@KROKOM.example") == domain_key("bo@krokom.example") == "domain:krokom.example"
    assert domain_key("a@exämple.se") == domain_key("a@EXÄMPLE.se") == "domain:xn--exmple-cua.se"
    assert relay_key("::1", 25) != relay_key("::1", 26)
    with database.transaction() as session:
        for key in ("relay:a:25", "relay:b:25", domain_key("a@exämple.se")):
            assert reserve(session, key, 1, MOMENT, burst=1) == timedelta()


def test_a_slot_costs_two_statements(database: Database) -> None:
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *arguments: said.append(arguments[2]))
    with database.transaction() as session:
        reserve(session, "relay:a:25", 60, MOMENT, burst=1)

    assert len(said) == 2
