"""Hostile mails between honest ones: all are kept, nobody is held up, no worker is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.support.hostile import hostile_mails
from tests.support.running import Suite, letter
from tests.support.waiting import wait_until


@pytest.fixture
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    running = Suite(tmp_path_factory.mktemp("suite"), {"IDESLUSS_LOG_LEVEL": "warning"}).start()
    yield running
    assert running.stop() == 0


def test_hostile_mails_are_kept_unchanged_and_honest_ones_go_on(suite: Suite) -> None:
    workers = suite.pids("worker-intake")
    mails = hostile_mails()

    for number, (_, raw) in enumerate(mails):
        suite.send(raw, f"elak{number}@hostile.example", "ide@krokom.example")
        honest = f"snall{number}@krokom.example"
        suite.send(letter(f"Ärlig {number}", "Hej", sender=honest), honest, "ide@krokom.example")

    wait_until(lambda: all(mail["kind"] for mail in suite.inbound(sluice="krokom")), 120, every=0.5)
    received = suite.inbound(sluice="krokom")
    assert len(received) == 2 * len(mails)
    kept = {mail["sha256"] for mail in received}
    for name, raw in mails:
        assert hashlib.sha256(raw).hexdigest() in kept, f"{name} is not kept as it came"
    for mail in received:
        assert mail["idea"] or mail["kind"] != "idea", mail
        assert mail["reasons"], mail
    titles = {idea["title"] for idea in suite.ideas(sluice="krokom")}
    assert {f"Ärlig {number}" for number in range(len(mails))} <= titles
    assert suite.pids("worker-intake") == workers, "a worker was lost"
    assert suite.api("/health/ready")["status"]
