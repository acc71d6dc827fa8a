"""A mail comes in, and another system hears of it: signed, once, though it was away when it happened."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from services.notify.domain.webhook import verify
from tests.support.ports import free_port
from tests.support.receivers import Receiver
from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

API = "/api/notify/v1/webhooks"
HEARD_SECONDS = 60
SENDER, IDEAS = "asa@ostersund.example", "ide@ostersund.example"


def test_an_idea_reaches_a_webhook_that_was_away(suite: Suite) -> None:
    port = free_port()
    asked = {"name": "System", "url": f"http://127.0.0.1:{port}/in", "events": ["idea.received"], "sluice": "ostersund"}
    webhook = suite.api(API, "POST", json=asked)
    suite.send(letter("Elcyklar", "Vi kör bil korta sträckor.", sender=SENDER, to=IDEAS), SENDER, IDEAS)

    wait_until(lambda: suite.api(f"{API}/{webhook['id']}")["failing_since"], HEARD_SECONDS, every=0.2)
    with Receiver(port=port).listening() as receiver:
        wait_until(lambda: receiver.taken, HEARD_SECONDS)

    (taken,) = receiver.taken
    assert verify(webhook["secret"], taken.headers, taken.body, datetime.now(UTC))
    told = json.loads(taken.body)
    assert told["type"] == "idea.received"
    [idea] = [each for each in suite.ideas(sluice="ostersund") if each["title"] == "Elcyklar"]
    assert told["data"]["reference"] == idea["reference"]
    assert "sträckor" not in taken.body.decode()
