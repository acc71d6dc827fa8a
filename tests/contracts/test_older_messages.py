"""Messages that were on the bus before a newer version came are still understood, and do what they did."""

from __future__ import annotations

from typing import Any

from services.notify.usecases import announce
from shared.contracts.base import MessageType
from shared.contracts.registry import IDEA_ADDED_TO, IDEA_ANSWERED, IDEA_RECEIVED
from tests.support import notify_facts as facts


def as_of_old(message: MessageType, payload: dict[str, Any], *lacking: str) -> dict[str, Any]:
    """The payload as an older sender dumped it."""
    dumped = message.dump(payload)
    for name in lacking:
        del dumped[name]
    for contact in dumped.get("contacts", []):
        del contact["acts"]
    return message.load(dumped)


def test_an_older_idea_is_confirmed_and_noticed_without_what_is_new() -> None:
    old = as_of_old(IDEA_RECEIVED, facts.idea_received(), "similar")
    confirmation, notice = announce.idea_received(old)

    assert confirmation.facts["similar"] == []
    assert set(notice.facts["acts"].values()) == {None}


def test_an_older_addition_and_answer_are_told_of() -> None:
    (added,) = announce.idea_added_to(as_of_old(IDEA_ADDED_TO, facts.idea_added_to()))
    (answer,) = announce.idea_answered(as_of_old(IDEA_ANSWERED, facts.idea_answered(), "stage_before", "close_reason"))

    assert set(added.facts["acts"].values()) == {None}
    assert answer.facts["stage"] is None
