"""What was sent about an idea is seen on it, and what comes back from it is found again, through real ports."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

SENDER = "asa@krokom.example"
CONTACT = "kontakt@krokom.example"
COACH = "coach@region.example"
HEARD_SECONDS = 30


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    running = Suite(tmp_path_factory.mktemp("suite")).start()
    yield running
    assert running.stop() == 0


def test_every_message_is_seen_on_its_idea_and_an_answer_to_its_return_path_finds_home(suite: Suite) -> None:
    suite.send(letter("Elcyklar", "Vi kör bil korta sträckor."), SENDER, "ide@krokom.example")
    wait_until(lambda: len(suite.caught_to(CONTACT)) == 1, HEARD_SECONDS)
    [reference] = [idea["reference"] for idea in suite.ideas()]

    def messages() -> list[tuple[str, str, str]]:
        found = suite.api(f"/api/intake/v1/ideas/{reference}")["messages"]
        return sorted((each["kind"], each["recipient"], each["state"]) for each in found)

    wanted = [("confirmation", SENDER, "sent"), ("notice", CONTACT, "sent")]
    wait_until(lambda: messages() == wanted, HEARD_SECONDS)

    notice = suite.caught_to(CONTACT)[0]
    away = EmailMessage()
    away["From"], away["To"], away["Subject"] = CONTACT, notice["ReturnPath"], "Autosvar: Ny idé"
    away["Auto-Submitted"] = "auto-replied"
    away.set_content("Jag är borta till måndag.")
    suite.send(away, "", notice["ReturnPath"])

    def events() -> list[tuple[str, str]]:
        timeline = suite.api(f"/api/intake/v1/ideas/{reference}")["timeline"]
        return [(entry["event"], entry["text"]) for entry in timeline]

    told = [("received", ""), ("automatic_reply", "Jag är borta till måndag."), ("absent", "")]
    wait_until(lambda: events() == told, HEARD_SECONDS)
    # The contact has no deputy: the coach hears that somebody else must answer. Nobody else does.
    wait_until(lambda: suite.caught_to(COACH), HEARD_SECONDS)
    assert len(suite.ideas()) == 1
    assert len(suite.caught()) == 3
