"""Mails about events that come too late or out of turn: a reminder of what has been, an invitation after its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew
from shared.contracts.registry import EVENT_MAIL_WANTED
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support.clocks import StillClock, swedish
from tests.support.notify_facts import event_mail_wanted
from tests.support.relays import ScriptedRelay


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    with ScriptedRelay().listening() as found:
        yield found


@pytest.fixture
def clock() -> StillClock:
    return StillClock(swedish("2026-11-27 19:30"))  # a Friday


@pytest.fixture
def notify(settings: Settings, relay: ScriptedRelay, clock: StillClock) -> Iterator[Notify]:
    with worker(settings, relay.port, clock=clock) as found:
        yield found


def ask(notify: Notify, payload: dict) -> UUID:
    """Ask for a mail, and have its row made; the duty to send it."""
    notify.inbox.run(notify.tell(EVENT_MAIL_WANTED, payload))
    (row,) = [each for each in notify.notifications() if payload["about"] in each.idempotency_key]
    assert row.due_message_id is not None
    return row.due_message_id


def test_a_reminder_that_could_not_leave_in_time_does_not_leave_at_all(
    notify: Notify, relay: ScriptedRelay, clock: StillClock
) -> None:
    made = {}
    for kind, name in (("day-reminder", "starts_at"), ("reply-reminder", "reply_by"), ("event-changed", "starts_at")):
        for moment in ("2026-11-30T08:30:00+01:00", "2026-11-30T08:31:00+01:00"):
            payload = event_mail_wanted(kind, address=f"{kind}@example.org")
            payload["facts"] = {**payload["facts"], "event": {**payload["facts"]["event"], name: moment}}
            made[kind, moment[11:16]] = ask(notify, payload)
    relay.script["RCPT"] = "451 4.7.1 come back later"  # the relay is away until after the weekend
    for duty in made.values():
        notify.inbox.run(duty)
    relay.script["RCPT"] = "250 ok"
    clock.set("2026-11-30 08:30")
    for duty in made.values():
        notify.inbox.run(duty)

    ended = {row.due_message_id: (row.state, row.reason) for row in notify.notifications()}
    found = {name: ended[duty] for name, duty in made.items()}
    sent, lapsed = ("sent", None), ("suppressed", "lapsed")
    assert found == {
        ("day-reminder", "08:30"): lapsed,
        ("day-reminder", "08:31"): sent,
        ("reply-reminder", "08:30"): lapsed,
        ("reply-reminder", "08:31"): sent,
        ("event-changed", "08:30"): sent,
        ("event-changed", "08:31"): sent,
    }
    assert {each.kind for each in notify.notifications()} == {"day-reminder", "reply-reminder", "event-changed"}, (
        "nobody is told that a reminder did not arrive"
    )


def test_an_invitation_that_is_sent_anew_is_not_overtaken_by_its_withdrawal(
    notify: Notify, relay: ScriptedRelay, clock: StillClock
) -> None:
    def in_series(number: int, method: str) -> dict:
        kind = "event-cancelled" if method == "CANCEL" else "reply-received"
        calendar = {"method": method, "content": f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nEND:VCALENDAR\r\n"}
        return event_mail_wanted(kind, calendar=calendar, series="a", number=number)

    relay.script["RCPT"] = "550 5.7.1 not today"
    notify.inbox.run(ask(notify, in_series(1, "REQUEST")))
    (failed,) = [row for row in notify.notifications() if row.series == "a"]
    relay.script["RCPT"] = "451 4.7.1 come back later"
    with notify.database.transaction() as session:
        anew = SendAnew(QueueMessage(notify.settings, clock))(session, failed.id, address=None, actor="drift")
    notify.inbox.run(anew.due_message_id)
    relay.script["RCPT"] = "250 ok"
    cancel = ask(notify, in_series(2, "CANCEL"))
    notify.inbox.run(cancel)
    assert relay.taken == []
    clock.moment += timedelta(days=1)
    notify.inbox.run(anew.due_message_id)
    notify.inbox.run(cancel)

    assert [re.search(rb"method=\"?(\w+)", each)[1] for each in relay.taken] == [b"REQUEST", b"CANCEL"]
