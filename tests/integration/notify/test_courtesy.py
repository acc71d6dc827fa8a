"""Nobody is reminded at night, and nobody's mailbox is filled through our forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Category, Channel, Kind
from services.notify.mailbox.store import MailStore
from services.notify.store import books
from services.notify.usecases import queue_message
from services.notify.usecases.gate import Gate
from services.notify.usecases.queue_message import QueueMessage
from shared.contracts.registry import IDEA_RECEIVED
from shared.db import Database
from shared.errors import MisconfiguredError
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.clocks import StillClock, swedish
from tests.support.relays import ScriptedRelay, catching_mailbox

VICTIM = "offer@grannkommun.example"


@pytest.fixture
def clock() -> StillClock:
    return StillClock(swedish("2026-11-24 10:00"))


@pytest.fixture
def house(settings: Settings, clock: StillClock) -> Iterator[tuple[Notify, MailStore]]:
    with catching_mailbox(settings) as (port, store), worker(settings, port, clock=clock) as notify:
        yield notify, store
        assert_balanced(notify)


def assert_balanced(notify: Notify) -> None:
    with notify.database.transaction() as session:
        assert books.read(session).difference == 0


def remind(notify: Notify, clock: StillClock, address: str = "asa@invanare.example", **how: Any) -> None:
    """Let notify take a reminder."""
    wanted = Asked(
        key="reminder",
        kind=Kind.MESSAGE,
        address=address,
        name="Åsa Öberg",
        language="sv",
        sluice_slug="krokom",
        sluice_address="ide@krokom.example",
        idea_reference=None,
        facts={
            "subject": "Träffen är på torsdag",
            "text": "Vi ses klockan 9.",
            "link": {"label": None, "url": None},
            "sluice": facts.SLUICE,
            "reply_to": "ide@krokom.example",
            "thread": {"in_reply_to": None, "references": []},
        },
        category=Category.REMINDERS,
        **how,
    )
    with notify.database.transaction() as session:
        QueueMessage(notify.settings, clock)(session, [wanted])


def form(notify: Notify, address: str = VICTIM, **changes: Any) -> None:
    """Somebody types an address into a sluice's form."""
    told = facts.idea_received(
        via="form", vouched=False, submitter=facts.person(address), contacts=[], idea=facts.idea(), **changes
    )
    notify.inbox.run(notify.tell(IDEA_RECEIVED, told))


def ended(notify: Notify) -> Counter[tuple[str, str | None]]:
    return Counter((each.state, each.reason) for each in notify.notifications())


@pytest.mark.parametrize(
    ("asked_at", "how", "due", "reason"),
    [
        ("2026-11-24 10:00", {}, "2026-11-24 10:00", None),
        ("2026-11-24 20:30", {}, "2026-11-25 08:00", "quiet-hours"),
        ("2026-12-23 20:00", {}, "2026-12-28 08:00", "quiet-hours"),
        ("2026-11-24 10:00", {"not_before": swedish("2026-11-26 09:00")}, "2026-11-26 09:00", "scheduled"),
        ("2026-11-24 10:00", {"not_before": swedish("2026-11-28 09:00")}, "2026-11-30 08:00", "quiet-hours"),
    ],
)
def test_a_reminder_is_due_when_people_are_at_work(
    house: tuple[Notify, MailStore], clock: StillClock, asked_at: str, how: dict[str, Any], due: str, reason: str | None
) -> None:
    notify, _ = house
    clock.set(asked_at)
    remind(notify, clock, **how)

    [waiting] = notify.notifications()
    assert (waiting.state, waiting.reason, waiting.due_at) == ("created", reason, swedish(due))
    with notify.database.transaction() as session:
        rings = session.execute(text("SELECT due_at FROM bus.delivery WHERE done_at IS NULL")).scalar_one()
    assert rings == swedish(due) or not reason


def test_a_reminder_by_text_message_keeps_quiet_hours_too(house: tuple[Notify, MailStore], clock: StillClock) -> None:
    clock.set("2026-11-24 22:00")
    remind(house[0], clock, "+46701740605", channel=Channel.SMS)

    [waiting] = house[0].notifications()
    assert (waiting.reason, waiting.due_at) == ("quiet-hours", swedish("2026-11-25 08:00"))


def test_a_confirmation_knows_no_quiet_hours(house: tuple[Notify, MailStore], clock: StillClock) -> None:
    notify, store = house
    clock.set("2026-12-25 03:00")
    notify.inbox.run(notify.tell(IDEA_RECEIVED, facts.idea_received()))
    notify.ring_all()

    assert len(store.newest(0, 10)[1]) == 2


def test_a_reminder_that_slipped_into_the_night_waits_for_morning_and_counts_no_attempt(
    settings: Settings, clock: StillClock
) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port, clock=clock) as notify:
        clock.set("2026-12-23 19:59")
        relay.script["MAIL"] = "451 4.3.2 not now"
        remind(notify, clock)
        notify.ring_all()
        del relay.script["MAIL"]

        for moment in ("2026-12-23 20:00", "2026-12-24 12:00", "2026-12-28 07:59"):
            clock.set(moment)
            notify.ring_all()
            [waiting] = notify.notifications()
            assert (waiting.state, waiting.reason) == ("temporary-failure", "quiet-hours")
            assert waiting.due_at == waiting.next_try == swedish("2026-12-28 08:00")
            assert waiting.attempts == 1
            with notify.database.transaction() as session:
                away, attempts = session.execute(
                    text("SELECT next_try - now(), attempts FROM bus.delivery WHERE done_at IS NULL")
                ).one()
            assert abs(away - (swedish("2026-12-28 08:00") - clock())) < timedelta(minutes=1)
            assert attempts == 0
            assert_balanced(notify)

        # Four days after it was first due: a holiday does not make it hopeless.
        clock.set("2026-12-28 08:00")
        notify.ring_all()
        assert ended(notify) == {("sent", None): 1}
        assert len(relay.taken) == 1
        assert_balanced(notify)


def test_hundreds_of_forms_with_one_address_give_it_three_mails(
    house: tuple[Notify, MailStore], clock: StillClock
) -> None:
    notify, store = house
    spellings = [VICTIM, "Offer+1@grannkommun.example", "OFFER@grannkommun.example", '"offer"@grannkommun.example']

    def post(number: int) -> None:
        sluice = facts.SLUICE | {"slug": f"nr{number % 7}"}
        form(notify, spellings[number % 4], sluice=sluice)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, range(300)))
    notify.ring_all()

    assert ended(notify) == {("sent", None): 3, ("suppressed", "rate"): 297}
    assert len(store.newest(0, 100)[1]) == 3
    assert notify.open_deliveries() == []


def test_a_days_limit_is_over_after_a_day(house: tuple[Notify, MailStore], clock: StillClock) -> None:
    notify, _ = house
    for _ in range(4):
        form(notify)
    clock.moment += timedelta(hours=23, minutes=59)
    form(notify)
    clock.moment += timedelta(minutes=2)
    form(notify)

    assert ended(notify) == {("created", None): 4, ("suppressed", "rate"): 2}


def test_a_mail_of_ones_own_is_confirmed_beyond_the_strangers_limit(house: tuple[Notify, MailStore]) -> None:
    notify, _ = house
    for _ in range(5):
        told = facts.idea_received(contacts=[], idea=facts.idea())
        notify.inbox.run(notify.tell(IDEA_RECEIVED, told))

    assert ended(notify) == {("created", None): 5}


def test_one_sluice_writes_to_so_many_strangers_in_an_hour_and_no_more(
    house: tuple[Notify, MailStore], clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_message, "MOST_STRANGERS", 5)
    notify, _ = house
    for _ in range(6):
        notify.inbox.run(notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[], idea=facts.idea())))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: form(notify, f"nummer{number}@invanare.example"), range(12)))
    assert ended(notify) == {("created", None): 6 + 5, ("suppressed", "rate"): 7}

    form(notify, "annan@invanare.example", sluice=facts.SLUICE | {"slug": "are"})
    notify.inbox.run(notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[], idea=facts.idea())))
    clock.moment += timedelta(hours=1)
    form(notify, "senare@invanare.example")
    assert ended(notify) == {("created", None): 6 + 5 + 3, ("suppressed", "rate"): 7}


@pytest.mark.parametrize(
    "address", ["no-reply@krokom.example", "MAILER-DAEMON@krokom.example", "list-request@x.example"]
)
def test_a_programs_address_in_a_form_gets_nothing(house: tuple[Notify, MailStore], address: str) -> None:
    form(house[0], address)

    assert ended(house[0]) == {("suppressed", "automatic-address"): 1}


def test_a_worker_does_not_start_with_quiet_hours_it_cannot_read(settings: Settings) -> None:
    wrong = replace(settings, quiet_hours="20:00-08:00")

    with pytest.raises(MisconfiguredError, match="IDESLUSS_QUIET_HOURS"):
        Gate(wrong, Database.__new__(Database), lambda: None)
