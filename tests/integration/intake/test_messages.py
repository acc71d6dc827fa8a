"""What notify tells: what became of messages about an idea, and that a submitter's address was corrected."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from services.intake.store.tables import Idea, IdeaMessage
from services.intake.usecases import submitter
from services.intake.usecases.announce import Announcer
from shared.clock import now
from shared.contracts.registry import ADDRESS_CORRECTED, NOTIFICATION_CHANGED
from shared.ids import new_id
from tests.integration.intake.desk import VOUCHED, Desk, mail

MOMENT = now().replace(microsecond=0)


def changed(idea: Idea, state: str, seconds: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "notification_id": new_id(),
        "idea_reference": idea.reference,
        "kind": "confirmation",
        "channel": "email",
        "recipient": "asa@krokom.example",
        "state": state,
        "reason": None,
        "line": None,
        "at": MOMENT + timedelta(seconds=seconds),
    } | more


def corrected(idea: Idea, **more: Any) -> dict[str, Any]:
    return {
        "idea_reference": idea.reference,
        "wrong": "asa@krokom.example",
        "right": "asa.oberg@krokom.example",
        "corrected_by": "Kim Kontakt",
        "at": MOMENT,
    } | more


def messages(desk: Desk) -> list[IdeaMessage]:
    with desk.database.transaction() as session:
        return list(session.scalars(select(IdeaMessage)))


@pytest.fixture
def idea(desk: Desk) -> Idea:
    return desk.idea_of(desk.receive(mail("Elcyklar", "text"), verdict=VOUCHED))


def test_what_became_of_a_message_is_kept_with_its_idea(desk: Desk, idea: Idea) -> None:
    told = changed(
        idea, "permanent-failure", reason="recipient-gone", line="550 5.1.1 \x00Okänd", recipient="borta@krokom.example"
    )

    desk.tell(NOTIFICATION_CHANGED, told)

    [kept] = messages(desk)
    assert (kept.notification_id, kept.idea_id) == (told["notification_id"], idea.id)
    assert (kept.kind, kept.channel, kept.recipient) == ("confirmation", "email", "borta@krokom.example")
    assert (kept.state, kept.reason, kept.line) == ("permanent-failure", "recipient-gone", "550 5.1.1 Okänd")
    assert kept.at == MOMENT


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])), ids=str)
def test_the_newest_state_wins_in_whatever_order_and_however_often_it_is_told(
    desk: Desk, idea: Idea, order: tuple[int, ...]
) -> None:
    identity = new_id()
    states = {1: "temporary-failure", 2: "sent", 3: "permanent-failure"}

    for second in (*order, *order):
        reason = "mailbox-full" if second != 2 else None
        desk.tell(NOTIFICATION_CHANGED, changed(idea, states[second], second, notification_id=identity, reason=reason))

    [kept] = messages(desk)
    assert (kept.state, kept.reason, kept.at) == ("permanent-failure", "mailbox-full", MOMENT + timedelta(seconds=3))


def test_a_message_about_an_idea_that_is_not_here_is_dropped(desk: Desk, idea: Idea) -> None:
    desk.tell(NOTIFICATION_CHANGED, changed(idea, "sent", idea_reference="KRO-2026-9999"))

    assert messages(desk) == []


def test_an_erased_address_does_not_come_back_by_what_is_told_later(desk: Desk, idea: Idea) -> None:
    known = changed(idea, "sent", line="250 2.1.5 asa@krokom.example")
    desk.tell(NOTIFICATION_CHANGED, known)
    with desk.database.transaction() as session:
        submitter.erase(session, Announcer(desk.settings), idea.reference)
    erased = messages(desk)

    desk.tell(NOTIFICATION_CHANGED, known | {"state": "permanent-failure", "at": MOMENT + timedelta(seconds=9)})
    desk.tell(NOTIFICATION_CHANGED, changed(idea, "sent", recipient="kontakt@krokom.example", kind="notice"))

    assert [(each.recipient, each.line) for each in erased] == [("…", None)]
    told = {(each.recipient, each.line, each.state) for each in messages(desk)}
    assert told == {("…", None, "permanent-failure"), ("kontakt@krokom.example", None, "sent")}


@pytest.mark.parametrize("spelling", ["asa@krokom.example", "ASA@Krokom.Example", " asa@krokom.example "])
def test_a_corrected_address_becomes_the_ideas_and_leaves_a_note_that_its_submitter_does_not_see(
    desk: Desk, idea: Idea, spelling: str
) -> None:
    other = desk.idea_of(desk.receive(mail("Fika", "text")))

    for _ in range(2):
        desk.tell(ADDRESS_CORRECTED, corrected(idea, wrong=spelling))

    after, untouched = desk.ideas()
    assert after.submitter_address == "asa.oberg@krokom.example"
    assert after.vouched is False
    assert (untouched.id, untouched.submitter_address) == (other.id, "asa@krokom.example")
    [note] = [entry for entry in desk.timeline(idea) if entry.event == "address_corrected"]
    assert (note.actor, note.actor_kind, note.at, note.public) == ("Kim Kontakt", "contact", MOMENT, False)
    assert note.facts == {"wrong": "asa@krokom.example", "right": "asa.oberg@krokom.example"}


def test_a_correction_of_an_address_that_the_idea_no_longer_has_changes_nothing(desk: Desk, idea: Idea) -> None:
    desk.tell(ADDRESS_CORRECTED, corrected(idea))

    desk.tell(ADDRESS_CORRECTED, corrected(idea, right="nagon.annan@krokom.example"))
    desk.tell(ADDRESS_CORRECTED, corrected(idea, idea_reference="KRO-2026-9999"))

    assert [each.submitter_address for each in desk.ideas()] == ["asa.oberg@krokom.example"]
    assert [entry.event for entry in desk.timeline(idea)].count("address_corrected") == 1
