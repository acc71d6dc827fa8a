"""Mails about events on their way: in order where a calendar depends on it, and heard of where they do not arrive."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notify.store.tables import Notification
from services.notify.usecases import gate, queue_message
from shared.contracts.registry import EVENT_CHANGED, EVENT_MAIL_WANTED, REPLY_RECEIVED
from shared.ids import new_id
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support.clocks import StillClock, swedish
from tests.support.notify_facts import event_mail_wanted
from tests.support.relays import ScriptedRelay

GREY, GONE = "451 4.7.1 come back later", "550 5.1.1 user unknown"


@pytest.fixture
def relay() -> Iterator[ScriptedRelay]:
    with ScriptedRelay().listening() as found:
        yield found


@pytest.fixture
def clock() -> StillClock:
    return StillClock(swedish("2026-11-24 10:00"))


@pytest.fixture
def notify(settings: Settings, relay: ScriptedRelay, clock: StillClock) -> Iterator[Notify]:
    with worker(settings, relay.port, clock=clock) as found:
        yield found


def in_series(series: str, number: int, method: str) -> dict:
    kind = "event-cancelled" if method == "CANCEL" else "reply-received"
    content = f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nX-PLACE:{series}/{number}\r\nEND:VCALENDAR\r\n"
    calendar = {"method": method, "content": content}
    return event_mail_wanted(kind, calendar=calendar, series=series, number=number, address=f"{series}@example.org")


def ask(notify: Notify, payload: dict) -> UUID:
    """Ask for a mail, and have its row made; the duty to send it."""
    notify.inbox.run(notify.tell(EVENT_MAIL_WANTED, payload))
    (row,) = [each for each in notify.notifications() if payload["about"] in each.idempotency_key]
    assert row.due_message_id is not None
    return row.due_message_id


def methods(relay: ScriptedRelay) -> list[str]:
    return [re.search(rb"method=\"?(\w+)", each)[1].decode() for each in relay.taken]


def states(notify: Notify) -> list[tuple[str, str | None]]:
    return [(each.state, each.reason) for each in sorted(notify.notifications(), key=lambda row: row.series_number)]


def test_a_cancellation_waits_for_its_invitation_even_where_it_is_made_first(
    notify: Notify, relay: ScriptedRelay
) -> None:
    cancel = ask(notify, in_series("a", 2, "CANCEL"))
    notify.inbox.run(cancel)
    assert (relay.taken, states(notify)) == ([], [("created", "in-order")])

    request = ask(notify, in_series("a", 1, "REQUEST"))
    notify.inbox.run(cancel)
    notify.inbox.run(request)
    notify.inbox.run(cancel)
    assert methods(relay) == ["REQUEST", "CANCEL"]


def test_what_is_tried_again_holds_up_its_series_alone_and_what_failed_holds_up_nobody(
    notify: Notify, relay: ScriptedRelay
) -> None:
    request, cancel = ask(notify, in_series("a", 1, "REQUEST")), ask(notify, in_series("a", 2, "CANCEL"))
    other = ask(notify, in_series("b", 1, "REQUEST"))
    relay.script["RCPT"] = lambda: GREY if "<a@" in relay.commands[-1] else "250 ok"
    for duty in (request, cancel, other):
        notify.inbox.run(duty)
    assert methods(relay) == ["REQUEST"], "the other series goes on"
    assert states(notify)[-1] == ("created", "in-order")
    waiting = next(each for each in notify.notifications() if each.series_number == 2)
    earlier = next(each for each in notify.notifications() if (each.series, each.series_number) == ("a", 1))
    assert waiting.due_at > earlier.next_try, "nobody looks again and again for an hour"

    relay.script["RCPT"] = lambda: GONE
    notify.inbox.run(request)
    relay.script["RCPT"] = "250 ok"
    notify.inbox.run(cancel)
    assert methods(relay) == ["REQUEST", "CANCEL"]


def test_one_that_nobody_makes_is_waited_for_and_then_not(
    notify: Notify, relay: ScriptedRelay, clock: StillClock
) -> None:
    cancel = ask(notify, in_series("a", 2, "CANCEL"))
    clock.moment += gate.MISSING - timedelta(seconds=1)
    notify.inbox.run(cancel)
    assert relay.taken == []
    clock.moment += timedelta(seconds=1)
    notify.inbox.run(cancel)
    assert methods(relay) == ["CANCEL"]


def test_two_workers_in_any_order_send_each_series_in_its_own(
    settings: Settings, notify: Notify, relay: ScriptedRelay, clock: StillClock
) -> None:
    draw = random.Random(6)
    duties = [notify.tell(EVENT_MAIL_WANTED, in_series(f"s{n % 6}", 1 + n // 6, "REQUEST")) for n in range(18)]
    draw.shuffle(duties)
    with worker(settings, relay.port, clock=clock) as second, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: (notify, second)[n % 2].inbox.run(duties[n]), range(18)))
        for _ in range(12):
            left = notify.open_deliveries()
            draw.shuffle(left)
            list(pool.map(lambda each: (notify, second)[each.int % 2].inbox.run(each), left))
            if len(relay.taken) == 18:
                break
    assert len(relay.taken) == 18
    for number in range(6):
        mine = [_number(each) for each in relay.taken if f"s{number}@example.org".encode() in each]
        assert mine == [1, 2, 3]


def _number(mail: bytes) -> int:
    (part,) = [each for each in message_from_bytes(mail).walk() if each.get_content_type() == "text/calendar"]
    return int(re.search(rb"X-PLACE:\w+/(\d)", part.get_payload(decode=True))[1])


def of_kind(notify: Notify, kind: str) -> list[Notification]:
    return [each for each in notify.notifications() if each.kind == kind]


def test_an_invitation_that_does_not_arrive_is_told_to_the_events_contacts_and_to_rsvp(
    notify: Notify, relay: ScriptedRelay
) -> None:
    relay.script["RCPT"] = lambda: GONE if "asa@" in relay.commands[-1] else "250 ok"
    payload = event_mail_wanted("invitation")
    notify.inbox.run(notify.tell(EVENT_MAIL_WANTED, payload))
    notify.ring_all()

    assert sorted(each.recipient_address for each in of_kind(notify, "unreached")) == [
        "alva@region.example",
        "kim@krokom.example",
    ]
    assert any(b"kom inte fram" in each for each in relay.taken)
    with notify.database.transaction() as session:
        found = session.execute(text("SELECT payload FROM bus.message WHERE name = 'guest.unreached.v1'"))
        told = [json.loads(each) for each in found.scalars()]
    assert [(each["guest_id"], each["reason"]) for each in told] == [(str(payload["guest_id"]), "recipient-gone")]


def test_a_link_that_is_pressed_over_and_over_does_not_fill_its_guests_mailbox(notify: Notify) -> None:
    most = notify.settings.confirmations_per_hour
    for _ in range(most + 2):
        notify.inbox.run(
            notify.tell(EVENT_MAIL_WANTED, event_mail_wanted("reply-received", address="gast@example.org"))
        )

    assert [each.reason for each in of_kind(notify, "reply-received")].count("rate") == 2


def test_many_replies_do_not_fill_a_contacts_mailbox(notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_message, "MOST_REPLY_NOTICES", 2)
    for _ in range(4):
        ask_for = event_mail_wanted("reply-notice", address="kim@krokom.example", guest_id=None, is_bulk=True)
        notify.inbox.run(notify.tell(EVENT_MAIL_WANTED, ask_for))
    assert sorted(each.reason or "" for each in of_kind(notify, "reply-notice")) == ["", "", "rate", "rate"]


def test_a_registration_form_cannot_be_used_to_fill_a_mailbox(notify: Notify, settings: Settings) -> None:
    for _ in range(settings.stranger_confirmations_per_day + 2):
        notify.inbox.run(
            notify.tell(EVENT_MAIL_WANTED, event_mail_wanted("reply-received", is_to_stranger=True, guest_id=new_id()))
        )
    created = [each for each in of_kind(notify, "reply-received") if each.state == "created"]
    assert len(created) == settings.stranger_confirmations_per_day


def test_programs_hear_of_events_and_replies_and_never_who_replied(notify: Notify) -> None:
    with notify.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO notify.endpoint (id, name, url, format, language, events, state, created_at, created_by)"
                " VALUES (:id, 'A', 'https://example.org/', 'standard', 'sv',"
                " ARRAY['event.changed', 'reply.received'], 'paused', now(), 'test')"
            ),
            {"id": new_id()},
        )
    event, moment = new_id(), swedish("2026-11-24 10:00")
    changed = {
        "id": event, "slug": "kreativa", "sluice": "krokom", "tour": None, "state": "published",
        "title": {"sv": "Kreativa"}, "place": "Kulturhuset", "starts_at": moment, "ends_at": moment, "version": 2, "at": moment,
    }  # fmt: skip
    reply = {
        "entry_id": new_id(), "guest_id": new_id(), "event_id": event, "event": "kreativa", "sluice": "krokom",
        "answer": "yes", "state": "coming", "party_size": 2, "at": moment,
    }  # fmt: skip
    for message, payload in (
        (EVENT_CHANGED, changed),
        (EVENT_CHANGED, changed),
        (EVENT_CHANGED, {**changed, "state": "draft", "title": {}}),
        (REPLY_RECEIVED, reply),
        (REPLY_RECEIVED, reply),
    ):
        notify.inbox.run(notify.tell(message, payload))
    told = [json.loads(each.facts) for each in of_kind(notify, "event")]
    assert [each["event"] for each in told] == ["event.changed", "reply.received"]
    assert told[0]["data"]["title"] == "Kreativa"
    assert set(told[1]["data"]) == {"event", "reply", "answer", "state", "party_size", "sluice", "path"}
