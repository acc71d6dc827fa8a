"""The jobs of the clock: each done once, whoever does it, whatever becomes of who had begun it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import create_engine, text

from shared.bus import jobs
from shared.bus.jobs import Job, Timetable
from shared.db import Database, Role, admin_url
from shared.settings import Settings
from tests.support.ports import free_port
from tests.support.waiting import wait_until

HOUR = 3600.0


class Row(NamedTuple):
    runs: int
    failures: int
    finished_at: datetime | None
    last_error: str | None
    seconds_left: float


class Schedulers:
    """Two databases' worth of schedulers that share one table of jobs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.first, self.second = (Database(settings, Role.RELAY, pool_size=2) for _ in range(2))

    def both(self, job: Callable[[], object], every: float = HOUR) -> tuple[Timetable, Timetable]:
        return tuple(Timetable(each, [Job("job", every, job)]) for each in (self.first, self.second))  # type: ignore[return-value]

    def make_due(self) -> None:
        self.do("UPDATE bus.job SET due_at = now()")

    def end_connections(self) -> None:
        self.do(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE usename = 'idesluss_relay' AND datname = current_database()"
        )

    @property
    def row(self) -> Row:
        found = self.do(
            "SELECT runs, failures, finished_at, last_error, extract(epoch FROM due_at - now())::float FROM bus.job"
        )
        return Row(*found[0])

    def do(self, statement: str) -> list:
        engine = create_engine(admin_url(self.settings))
        try:
            with engine.begin() as connection:
                found = connection.execute(text(statement))
                return list(found) if found.returns_rows else []
        finally:
            engine.dispose()


@pytest.fixture
def schedulers(settings: Settings) -> Iterator[Schedulers]:
    made = Schedulers(settings)
    yield made
    made.first.dispose()
    made.second.dispose()


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=0.4))
    monkeypatch.setattr(jobs, "RENEWAL", timedelta(seconds=0.05))


def test_of_two_schedulers_that_look_at_the_same_moment_one_does_the_job(schedulers: Schedulers) -> None:
    ran: list[int] = []
    both = schedulers.both(lambda: ran.append(1))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Timetable.look, both))
        assert ran == [], "a new job waits a minute"
        for times in range(1, 16):
            schedulers.make_due()
            list(pool.map(Timetable.look, both))
            for each in both:
                each.settle(5)
            assert len(ran) == times
    row = schedulers.row
    assert (row.runs, row.failures, row.last_error) == (15, 0, None)
    assert HOUR - 10 < row.seconds_left <= HOUR


def test_a_job_of_another_release_is_left_alone_until_nobody_has_taken_it_for_days(schedulers: Schedulers) -> None:
    Timetable(schedulers.first, [Job("old", HOUR, lambda: None), Job("newer", HOUR, lambda: None)]).look()
    schedulers.make_due()
    schedulers.do("UPDATE bus.job SET due_at = now() - interval '3 days' WHERE name = 'old'")
    mine, _ = schedulers.both(lambda: None)
    mine.look()
    assert sorted(schedulers.do("SELECT name, runs FROM bus.job")) == [("job", 0), ("newer", 0)]


def test_a_job_that_runs_longer_than_its_lease_and_its_period_is_left_to_who_does_it(
    schedulers: Schedulers, short_lease: None
) -> None:
    done = threading.Event()
    ran: list[int] = []

    def slowly() -> None:
        ran.append(1)
        assert done.wait(10)

    mine, theirs = schedulers.both(slowly, every=0.3)
    mine.look()
    wait_until(lambda: mine.look() or ran)
    begun = schedulers.row
    looks = iter(range(20))
    wait_until(lambda: mine.look() or theirs.look() or next(looks, None) is None, every=0.05)
    assert (len(ran), schedulers.row.runs) == (1, begun.runs)
    done.set()
    mine.settle(5)
    assert schedulers.row.finished_at is not None


def test_what_a_killed_or_halted_scheduler_had_begun_is_done_by_another_and_its_own_end_does_not_count(
    schedulers: Schedulers, short_lease: None
) -> None:
    wakes = threading.Event()
    mine = Timetable(schedulers.first, [Job("job", HOUR, lambda: wakes.wait(10))])
    done: list[int] = []
    theirs = Timetable(schedulers.second, [Job("job", HOUR, lambda: done.append(1))])
    mine.look()
    schedulers.make_due()
    mine.look()  # and never again: it does not renew

    theirs.look()
    assert done == [], "the lease still holds"
    wait_until(lambda: theirs.look() or done, 5)
    theirs.settle(5)
    ended = schedulers.row
    wakes.set()
    mine.settle(5)

    assert (ended.runs, done) == (2, [1])
    assert schedulers.row[:4] == ended[:4]


def test_a_job_that_fails_is_counted_and_tried_again_and_holds_up_no_other(schedulers: Schedulers) -> None:
    faults = [ZeroDivisionError("first line\nwith a secret")]

    def fails_once() -> None:
        if faults:
            raise faults.pop()

    mine, _ = schedulers.both(fails_once)
    mine.look()
    schedulers.make_due()
    mine.look()
    mine.settle(5)
    row = schedulers.row
    assert (row.runs, row.failures, row.finished_at) == (1, 1, None)
    assert row.last_error == "ZeroDivisionError: first line"
    assert 50 < row.seconds_left <= 60

    schedulers.make_due()
    mine.look()
    mine.settle(5)
    row = schedulers.row
    assert (row.runs, row.failures, row.last_error) == (2, 1, None)
    assert row.finished_at is not None


def test_no_connection_is_held_while_a_job_runs_and_a_database_that_is_away_is_waited_for(
    schedulers: Schedulers, short_lease: None
) -> None:
    ran: list[int] = []

    def lose_all_connections() -> None:
        schedulers.end_connections()
        ran.append(1)

    mine, _ = schedulers.both(lose_all_connections)
    mine.look()
    schedulers.make_due()
    mine.look()
    mine.settle(5)
    assert (ran, schedulers.row.failures) == ([1], 0)
    assert schedulers.row.finished_at is not None

    nowhere = replace(schedulers.settings, database_url=f"postgresql://127.0.0.1:{free_port()}/none")
    Timetable(Database(nowhere, Role.RELAY), [Job("job", HOUR, lambda: None)]).look()
