"""Mails that another service asks for by name: each goes out once, in time, and nobody is flooded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.usecases.ask_for_mail import LETTERS as ASKED
from services.notify.domain.kinds import Kind
from services.notify.domain.variables import samples
from shared.contracts.registry import MAIL_WANTED
from shared.contracts.wanted import LETTERS
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.clocks import StillClock

EVENING = datetime(2026, 11, 6, 20, 0, tzinfo=UTC)
"""A Friday."""
NOT_FACTS = ("reply_to", "thread", "sluice")


@pytest.fixture(scope="module")
def clock() -> StillClock:
    return StillClock(EVENING)


@pytest.fixture(scope="module")
def notify(module_settings: Settings, clock: StillClock) -> Iterator[Notify]:
    with worker(module_settings, 1, clock=clock) as bench:
        yield bench


def wanted(kind: str, **more: Any) -> dict[str, Any]:
    """A mail of that kind with the facts that its wording needs."""
    known = {name: fact for name, fact in samples(Kind(kind), "sv").items() if name not in NOT_FACTS}
    return facts.mail_wanted(kind, **more) | {"facts": {name: known[name] for name in ASKED[kind]}}


def tell(notify: Notify, payload: dict[str, Any]) -> None:
    notify.inbox.run(notify.tell(MAIL_WANTED, payload))


def test_every_letter_is_a_kind_that_says_all_its_facts() -> None:
    assert set(LETTERS) == set(ASKED)
    for kind in LETTERS:
        known = set(samples(Kind(kind), "sv")) - set(NOT_FACTS)
        assert known == ASKED[kind], kind


def test_a_letter_asked_for_twice_is_one_and_each_goes_in_its_time(notify: Notify) -> None:
    asked = [wanted(kind, reference="KRO-2026-0042") for kind in LETTERS]
    for payload in [*asked, *asked]:
        tell(notify, payload)

    made = {each.kind: each for each in notify.notifications()}
    assert len(notify.notifications()) == len(LETTERS)
    monday = datetime(2026, 11, 9, 7, 0, tzinfo=UTC)
    assert {kind for kind, each in made.items() if each.due_at == monday} == {"reminder", "escalation"}
    assert {kind for kind, each in made.items() if each.priority > made["sign-in"].priority} == {"followed", "news"}
    stoppable = {kind for kind, each in made.items() if "unsubscribe_url" in each.facts}
    assert stoppable == {"followed", "news"}


def test_a_stranger_is_asked_so_often_and_no_more(notify: Notify, clock: StillClock) -> None:
    def verify(address: str, *, stranger: bool = True) -> None:
        payload = wanted("verify", stranger=stranger)
        tell(notify, payload | {"person": payload["person"] | {"address": address}})

    def sent(address: str) -> int:
        rows = [each for each in notify.notifications() if each.recipient_address == address]
        return sum(each.state == "created" for each in rows)

    for _ in range(12):
        verify("offer@invanare.example")
    verify("annan@invanare.example")
    for _ in range(12):
        verify("sin.egen@invanare.example", stranger=False)
    assert (sent("offer@invanare.example"), sent("annan@invanare.example")) == (3, 1)
    assert sent("sin.egen@invanare.example") == 10

    clock.moment += timedelta(days=1, minutes=1)
    verify("offer@invanare.example")
    assert sent("offer@invanare.example") == 4
