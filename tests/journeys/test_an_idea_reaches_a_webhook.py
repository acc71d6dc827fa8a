"""A mail comes in, and another system hears of it: signed, once, though it was away when it happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from services.notify.domain.webhook import verify
from tests.support.ports import free_port
from tests.support.receivers import Receiver
from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

API = "/api/notify/v1/webhooks"
HEARD_SECONDS = 60


@pytest.fixture
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    folder = tmp_path_factory.mktemp("suite")
    running = Suite(folder, {"IDESLUSS_WEBHOOK_NETWORKS": "127.0.0.1"}).start()
    yield running
    assert running.stop() == 0


def test_an_idea_reaches_a_webhook_that_was_away(suite: Suite) -> None:
    port = free_port()
    asked = {"name": "System", "url": f"http://127.0.0.1:{port}/in", "events": ["idea.received"]}
    webhook = suite.api(API, "POST", json=asked)
    suite.send(letter("Elcyklar", "Vi kör bil korta sträckor."), "asa@krokom.example", "ide@krokom.example")

    wait_until(lambda: suite.api(f"{API}/{webhook['id']}")["failing_since"], HEARD_SECONDS, every=0.2)
    with Receiver(port=port).listening() as receiver:
        wait_until(lambda: receiver.taken, HEARD_SECONDS)

    (taken,) = receiver.taken
    assert verify(webhook["secret"], taken.headers, taken.body, datetime.now(UTC))
    told = json.loads(taken.body)
    assert told["type"] == "idea.received"
    [idea] = [each for each in suite.ideas(sluice="krokom") if each["title"] == "Elcyklar"]
    assert told["data"]["reference"] == idea["reference"]
    assert "sträckor" not in taken.body.decode()
