"""What a newcomer relies on: it starts, says where to look, keeps everything, and stops cleanly."""

from __future__ import annotations

from pathlib import Path

import requests

from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

ROLES = {
    "supervisor",
    "postgres",
    "listener",
    "web",
    "relay",
    "worker-intake",
    "worker-rsvp",
    "worker-notify",
    "scheduler",
    "mailbox",
}


def test_a_second_run_finds_everything_again(tmp_path: Path) -> None:
    suite = Suite(tmp_path / "var").start()
    sender = "asa@krokom.example"
    suite.send(letter("Finns kvar", "Över natten.", sender=sender), sender, "ide@krokom.example")
    wait_until(lambda: len(suite.caught_to(sender)) == 1, 30)
    assert set(suite.run["pids"]) == ROLES
    assert requests.get(f"{suite.url}/health/ready", timeout=10).status_code == 200
    front = requests.get(suite.url, timeout=10)
    assert front.status_code == 200
    assert "ide@krokom.example" in front.text
    assert suite.stop() == 0
    assert not (tmp_path / "var" / "run.json").exists()

    again = Suite(tmp_path / "var", dict(suite.environment)).start()
    assert [idea["title"] for idea in again.ideas(sluice="krokom")] == ["Finns kvar"]
    assert len(again.caught_to(sender)) == 1
    assert again.stop() == 0
