"""kill -9 of any process at any moment: what got 250 becomes exactly one idea and exactly one answer each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.running import Suite
from tests.support.storm import TARGETS, Killer, Outcome, Senders, settle
from tests.support.waiting import wait_until


@contextmanager
def storm(tmp_path: Path, seed: int) -> Iterator[tuple[Suite, Senders, Killer]]:
    """A running suite with mail coming in; everything is stopped at the end, whatever happened."""
    suite = Suite(tmp_path / "var", {"IDESLUSS_LOG_LEVEL": "warning"}).start()
    senders = Senders(suite)
    senders.start()
    try:
        yield suite, senders, Killer(suite, random.Random(seed))
    finally:
        senders.stop()
        assert suite.stop() == 0


REPLACED_SECONDS = 60
"""Within which the supervisor has replaced a process that stands still: thrice its patience."""


def check(outcome: Outcome, kills: int) -> None:
    assert outcome.accepted > 0
    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.unconfirmed == []
    assert outcome.confirmed_twice == []
    assert outcome.unnoticed == 0
    assert outcome.submitted_twice <= kills


def test_every_process_may_be_killed_and_one_frozen(tmp_path: Path) -> None:
    with storm(tmp_path, 1) as (suite, senders, killer):
        for name in TARGETS:
            killer.kill(name)
            _mails_go_on(senders, len(senders.accepted))
        halted = killer.halt("worker-intake")
        _mails_go_on(senders, len(senders.accepted))
        senders.stop()
        wait_until(lambda: halted not in suite.pids("worker-intake"), REPLACED_SECONDS)

        check(settle(suite, senders.accepted, 60), sum(killer.kills.values()))


def test_the_supervisor_may_be_killed_and_started_again(tmp_path: Path) -> None:
    with storm(tmp_path, 2) as (suite, senders, killer):
        _mails_go_on(senders, 0)
        killer.kill("supervisor")
        assert suite.process is not None
        suite.process.wait(timeout=30)
        (suite.data_dir / "run.json").unlink(missing_ok=True)
        suite.start()
        _mails_go_on(senders, len(senders.accepted))
        senders.stop()

        # With the supervisor all die: each of the worker's three threads may have been sending one.
        check(settle(suite, senders.accepted, 60), 3)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_random_kills(tmp_path: Path, seed: int) -> None:
    with storm(tmp_path, 100 + seed) as (suite, senders, killer):
        killer.kill_some(95, (0.2, 3.0))
        longest = senders.slowest
        for name in ("worker-intake", "worker-notify", "relay", "listener", "mailbox"):
            killer.freeze(name, 40)
        senders.stop()

        outcome = settle(suite, senders.accepted, 300)
        print(f"\n{dict(killer.kills)}\n{outcome}\nlongest wait for a 250 under kills: {longest:.1f} s")
        check(outcome, sum(killer.kills.values()))


def _mails_go_on(senders: Senders, seen: int) -> None:
    wait_until(lambda: len(senders.accepted) >= seen + 5, 60)
