"""Webhooks from what happened to what a receiver gets, and back to what an administrator sees."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Reason
from services.notify.domain.webhook import Event, Format, Happened, verify
from services.notify.store import books, sluices
from services.notify.store.tables import Operation
from services.notify.usecases import fan_out, send_webhook
from services.notify.usecases.endpoints import Wanted
from shared.contracts import registry
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.settings import Settings
from tests.support import notify_facts
from tests.support.ports import free_port
from tests.support.receivers import OK, Receiver, answer
from tests.support.webhooks import BY, Webhooks, webhooks


@pytest.fixture
def notify(settings: Settings) -> Iterator[Webhooks]:
    with webhooks(settings) as notify:
        yield notify


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


def happen(notify: Webhooks, number: int = 1, event: Event = Event.IDEA_RECEIVED) -> None:
    """Let something happen in Krokom."""
    data = {"reference": f"KRO-2026-{number:04}", "sluice": "krokom", "path": f"/kontakt/ide/KRO-2026-{number:04}"}
    with notify.database.transaction() as session:
        fan_out.fan_out(session, Happened(event, "krokom", data, f"{event}:{number}"), notify.time())


def references(receiver: Receiver) -> list[str]:
    return [json.loads(each.body)["data"]["reference"][-4:] for each in receiver.taken]


def test_an_idea_reaches_a_webhook_signed_and_without_anybody_s_name_or_words(
    notify: Webhooks, receiver: Receiver
) -> None:
    endpoint = notify.add(receiver.port, events=[Event.IDEA_RECEIVED])
    payload = notify_facts.idea_received()
    notify.tell(registry.IDEA_RECEIVED, payload)
    notify.ring_all()

    (taken,) = receiver.taken
    (row,) = notify.of(endpoint)
    assert row.state == State.SENT
    assert verify(notify.endpoints.secret(endpoint), taken.headers, taken.body, notify.time())
    assert taken.headers["webhook-id"] == str(row.id)
    assert taken.headers["content-type"] == "application/json; charset=utf-8"
    told = json.loads(taken.body)
    assert told["type"] == "idea.received"
    assert told["data"] == {
        "reference": "KRO-2026-0042",
        "title": "Cykelpump vid busstorget",
        "stage": "received",
        "sluice": "krokom",
        "sluice_name": "Idéslussen Krokom",
        "held": False,
        "url": f"{notify.settings.base_url}/kontakt/ide/KRO-2026-0042",
    }
    for words in ("Åsa", "asa@invanare.example", "kontakt@", "fem minuter", "?t=", "idesluss.example/i/"):
        assert words not in taken.body.decode()


def test_a_held_idea_s_title_is_left_out(notify: Webhooks, receiver: Receiver) -> None:
    notify.add(receiver.port, events=[Event.IDEA_RECEIVED])
    notify.tell(registry.IDEA_RECEIVED, notify_facts.idea_received(held="spam"))
    notify.ring_all()

    assert json.loads(receiver.taken[0].body)["data"]["title"] is None


def test_each_event_of_an_idea_is_told_once_to_each_that_wants_it(notify: Webhooks, receiver: Receiver) -> None:
    everything = notify.add(receiver.port)
    answers = notify.add(receiver.port, events=[Event.IDEA_ANSWERED])
    elsewhere = _elsewhere(notify, receiver)
    for message, payload in (
        (registry.IDEA_RECEIVED, notify_facts.idea_received(contacts=[], submitter=None)),
        (registry.IDEA_ADDED_TO, notify_facts.idea_added_to(contacts=[])),
        (registry.IDEA_ANSWERED, notify_facts.idea_answered(submitter=None)),
    ):
        notify.tell(message, payload)
        notify.tell(message, payload)  # another message that says the same
    notify.ring_all()

    told = [json.loads(each.facts)["event"] for each in notify.of(everything)]
    assert told == ["idea.received", "idea.added", "idea.answered"]
    assert [json.loads(each.facts)["event"] for each in notify.of(answers)] == ["idea.answered"]
    assert notify.of(elsewhere) == []
    assert len(receiver.taken) == 4


def _elsewhere(notify: Webhooks, receiver: Receiver):
    with notify.database.transaction() as session:
        sluices.keep(session, {**notify_facts.SLUICE, "slug": "berg", "contacts": [], "at": notify.time()})
    return notify.add(receiver.port, sluice_slug="berg")


def test_a_mail_s_end_is_told_and_a_webhook_s_own_is_not(notify: Webhooks, receiver: Receiver) -> None:
    """There is no way out for mail here, so the two mails fail, and nothing goes round in a circle."""
    endpoint = notify.add(receiver.port, events=[Event.NOTIFICATION_FAILED, Event.NOTIFICATION_SENT])
    notify.tell(registry.IDEA_RECEIVED, notify_facts.idea_received())
    notify.ring_all()

    told = [json.loads(each.body) for each in receiver.taken]
    mails = {str(each.id): each for each in notify.notifications() if each.channel == "email"}
    assert len(mails) == 2
    assert {each["type"] for each in told} == {"notification.failed"}
    assert {each["data"]["notification"] for each in told} == set(mails)
    assert {each["data"]["state"] for each in told} == {"technical-failure"}
    assert "@" not in "".join(each.body.decode() for each in receiver.taken)
    assert [each.state for each in notify.of(endpoint)] == [State.SENT] * 2


def test_what_is_held_back_is_told(notify: Webhooks, receiver: Receiver) -> None:
    notify.add(receiver.port, events=[Event.NOTIFICATION_SUPPRESSED])
    payload = notify_facts.idea_received(no_confirmation="automatic", contacts=[])
    notify.tell(registry.IDEA_RECEIVED, payload)
    notify.ring_all()

    (told,) = [json.loads(each.body) for each in receiver.taken]
    assert (told["type"], told["data"]["reason"]) == ("notification.suppressed", "automatic")


@pytest.mark.parametrize(("form", "key"), [(Format.SLACK, "blocks"), (Format.TEAMS, "attachments")])
def test_a_chat_gets_its_own_format(form: Format, key: str, notify: Webhooks, receiver: Receiver) -> None:
    notify.add(receiver.port, format=form, events=[Event.IDEA_RECEIVED])
    notify.tell(registry.IDEA_RECEIVED, notify_facts.idea_received(contacts=[], submitter=None))
    notify.ring_all()

    assert key in json.loads(receiver.taken[0].body)
    assert "Cykelpump vid busstorget" in receiver.taken[0].body.decode()


def test_a_retry_sends_the_same_bytes_under_the_same_id_with_a_new_timestamp(
    notify: Webhooks, receiver: Receiver
) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("500 Oops", b"broken")
    happen(notify)
    notify.ring_all()
    (row,) = notify.of(endpoint)
    assert (row.state, row.reply) == (State.TEMPORARY_FAILURE, "500 broken")

    receiver.reply = OK
    notify.time.pass_by(minutes=10)
    notify.ring_all()
    first, second = receiver.taken
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 600
    assert verify(notify.endpoints.secret(endpoint), second.headers, second.body, notify.time())
    assert [each.state for each in notify.of(endpoint)] == [State.SENT]
    assert (notify.now(endpoint).failing_since, notify.now(endpoint).succeeded_at) == (None, notify.time())


def test_a_receiver_that_asks_us_to_wait_is_waited_for(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("429 Too Many Requests", retry_after="1800")
    happen(notify)
    notify.ring_all()

    assert notify.of(endpoint)[0].next_try == notify.time() + timedelta(minutes=30)


def test_after_a_day_a_message_expires_and_its_endpoint_is_paused(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("500 Oops")
    happen(notify, 1)
    notify.ring_all()
    notify.time.pass_by(hours=23, minutes=59)
    notify.ring_all()
    assert [each.state for each in notify.of(endpoint)] == [State.TEMPORARY_FAILURE]
    assert notify.now(endpoint).state == "active"

    notify.time.pass_by(minutes=1)
    notify.ring_all()
    (old,) = notify.of(endpoint)
    assert (old.state, old.reason) == (State.PERMANENT_FAILURE, Reason.EXPIRED)
    assert (notify.now(endpoint).state, notify.now(endpoint).paused_reason) == ("paused", "failing")

    asked = len(receiver.taken)
    happen(notify, 2)
    notify.ring_all()
    notify.time.pass_by(days=5)
    notify.ring_all()
    assert len(receiver.taken) == asked, "a paused endpoint is left alone"
    assert notify.of(endpoint)[1].reason == Reason.PAUSED
    assert notify.open_deliveries() == []

    receiver.reply = OK
    notify.endpoints.resume(endpoint.id, BY)
    notify.ring_all()
    assert [each.state for each in notify.of(endpoint)] == [State.PERMANENT_FAILURE, State.SENT]


def test_what_waits_for_an_endpoint_that_is_paused_for_failing_goes_on_when_it_is_resumed(
    notify: Webhooks, receiver: Receiver
) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("500 Oops")
    for number in (1, 2):
        happen(notify, number)
        notify.ring_all()
        notify.time.pass_by(hours=12)
    notify.inbox.run(notify.open_deliveries()[-1])
    notify.ring_all()
    assert notify.now(endpoint).state == "paused"
    assert notify.open_deliveries() == []

    receiver.reply = OK
    notify.endpoints.resume(endpoint.id, BY)
    notify.ring_all()
    assert notify.of(endpoint)[1].state == State.SENT


def test_one_success_begins_the_day_anew(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("500 Oops")
    happen(notify, 1)
    notify.ring_all()
    notify.time.pass_by(hours=20)
    receiver.reply = OK
    notify.ring_all()
    receiver.reply = answer("500 Oops")
    notify.time.pass_by(hours=10)
    happen(notify, 2)
    notify.ring_all()

    assert (notify.now(endpoint).state, notify.now(endpoint).failing_since) == ("active", notify.time())


def test_410_ends_the_message_and_nothing_more_is_made_for_that_endpoint(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("410 Gone")
    happen(notify, 1)
    notify.ring_all()
    happen(notify, 2)
    notify.ring_all()

    (row,) = notify.of(endpoint)
    assert (row.state, row.reason) == (State.PERMANENT_FAILURE, Reason.RELAY_REFUSED)
    assert (notify.now(endpoint).state, notify.now(endpoint).paused_reason) == ("paused", "gone")
    assert len(receiver.taken) == 1


def test_what_comes_while_paused_waits_and_leaves_in_order(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    notify.endpoints.pause(endpoint.id, BY)
    for number in range(1, 6):
        happen(notify, number)
        notify.time.pass_by(minutes=1)
    notify.ring_all()
    assert receiver.taken == []
    assert {each.reason for each in notify.of(endpoint)} == {Reason.PAUSED}
    assert notify.open_deliveries() == []

    notify.time.pass_by(days=10)
    notify.endpoints.resume(endpoint.id, BY)
    notify.ring_all()
    assert references(receiver) == ["0001", "0002", "0003", "0004", "0005"]
    assert {each.state for each in notify.of(endpoint)} == {State.SENT}


def test_a_message_that_finds_its_endpoint_resumed_meanwhile_is_not_lost(
    notify: Webhooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker looked while it was paused; the administrator resumed; then the worker wrote down what it saw."""
    endpoint = notify.add(receiver.port)
    notify.endpoints.pause(endpoint.id, BY)
    happen(notify)
    looks = send_webhook._is_paused

    def resumed_meanwhile(session, identity: UUID) -> bool:
        monkeypatch.undo()
        notify.endpoints.resume(endpoint.id, BY)
        return looks(session, identity)

    monkeypatch.setattr(send_webhook, "_is_paused", resumed_meanwhile)
    notify.ring_all()

    assert [each.state for each in notify.of(endpoint)] == [State.SENT]
    assert len(receiver.taken) == 1


def test_an_endpoint_that_does_not_answer_is_left_alone_and_holds_up_nobody(
    notify: Webhooks, receiver: Receiver
) -> None:
    silent = threading.Event()

    def never(peer: socket.socket) -> bytes:
        silent.wait(8)
        return b""

    with Receiver(reply=never).listening() as dead:
        notify.add(dead.port, name="död")
        alive = notify.add(receiver.port, name="levande")
        for number in range(8):
            happen(notify, number)
        threads = [threading.Thread(target=notify.inbox.run, args=(each,)) for each in notify.open_deliveries()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        silent.set()

    assert dead.connections <= 4, "one at a time, and after three faults none"
    notify.ring_all()
    assert {each.state for each in notify.of(alive)} == {State.SENT}


def test_a_deleted_endpoint_s_messages_are_cancelled(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    happen(notify)
    notify.endpoints.delete(endpoint.id, BY)
    happen(notify, 2)
    notify.ring_all()

    assert [each.state for each in notify.of(endpoint)] == [State.CANCELLED]
    assert receiver.taken == []
    with pytest.raises(NotFound):
        notify.endpoints.pause(endpoint.id, BY)


def test_a_replay_is_the_same_event_under_the_same_id(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    happen(notify)
    notify.ring_all()
    (row,) = notify.of(endpoint)
    again = notify.endpoints.replay(endpoint.id, row.id, BY)
    assert notify.endpoints.replay(endpoint.id, row.id, BY) == again, "asked twice, it is sent once"
    notify.ring_all()
    third = notify.endpoints.replay(endpoint.id, again, BY)
    notify.ring_all()

    assert len({again, third, row.id}) == 3
    assert len({each.body for each in receiver.taken}) == 1
    assert [each.headers["webhook-id"] for each in receiver.taken] == [str(row.id)] * 3


def test_what_has_yet_to_leave_is_not_replayed(notify: Webhooks, receiver: Receiver) -> None:
    endpoint, other = notify.add(receiver.port), notify.add(receiver.port)
    receiver.reply = answer("500 Oops")
    happen(notify)
    notify.ring_all()
    (row,) = notify.of(endpoint)

    with pytest.raises(Conflict):
        notify.endpoints.replay(endpoint.id, row.id, BY)
    for identity in (new_id(), row.id):
        with pytest.raises(NotFound):
            notify.endpoints.replay(other.id, identity, BY)


def test_everything_that_failed_since_a_time_is_sent_again_once(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    receiver.reply = answer("500 Oops")
    for number in range(1, 4):
        happen(notify, number)
        notify.time.pass_by(hours=1)
    since = notify.time() - timedelta(hours=2)
    notify.time.pass_by(hours=24)
    notify.ring_all()
    assert {each.state for each in notify.of(endpoint)} == {State.PERMANENT_FAILURE}

    receiver.reply, receiver.taken = OK, []
    assert notify.endpoints.replay_failed(endpoint.id, since, BY) == 2
    assert notify.endpoints.replay_failed(endpoint.id, since, BY) == 0
    notify.ring_all()
    assert references(receiver) == ["0002", "0003"]


def test_a_test_event_reaches_a_paused_endpoint_too(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port, events=[Event.IDEA_ANSWERED])
    notify.endpoints.pause(endpoint.id, BY)
    notify.endpoints.test(endpoint.id, BY)
    notify.ring_all()

    (told,) = [json.loads(each.body) for each in receiver.taken]
    assert told["type"] == "webhook.test"
    assert told["data"]["url"].endswith(f"/kontakt/drift/webhookar/{endpoint.id}")


def test_after_a_rotation_old_and_new_secret_verify_until_the_next(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(receiver.port)
    old = notify.endpoints.secret(endpoint)
    new = notify.endpoints.secret(notify.endpoints.rotate(endpoint.id, BY))
    happen(notify, 1)
    notify.ring_all()
    notify.endpoints.rotate(endpoint.id, BY)
    happen(notify, 2)
    notify.ring_all()

    first, second = receiver.taken
    verifies = [
        verify(secret, each.headers, each.body, notify.time()) for each in (first, second) for secret in (old, new)
    ]
    assert verifies == [True, True, False, True]


def test_creating_twice_under_one_key_makes_one(notify: Webhooks) -> None:
    wanted = Wanted("A", f"http://127.0.0.1:{free_port()}/", Format.STANDARD, "sv", [Event.IDEA_RECEIVED], "krokom")
    first = notify.endpoints.create(wanted, BY, "key")
    assert notify.endpoints.create(wanted, BY, "key").id == first.id
    with pytest.raises(Conflict):
        notify.endpoints.create(Wanted("B", *_rest(wanted)), BY, "key")


def _rest(wanted):
    return wanted.url, wanted.format, wanted.language, wanted.events, wanted.sluice_slug


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://10.0.0.1:8080/"}, "url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"name": " \n"}, "name"),
        ({"events": []}, "events"),
        ({"events": [Event.TEST]}, "events"),
        ({"sluice_slug": "nowhere"}, "sluice"),
    ],
)
def test_what_cannot_be_taken_is_refused_at_creation_and_at_change(
    changes: dict[str, object], field: str, notify: Webhooks
) -> None:
    with pytest.raises(Rejected) as refusal:
        notify.add(free_port(), **changes)
    assert refusal.value.field == field

    endpoint = notify.add(free_port())
    with pytest.raises(Rejected) as refusal:
        notify.endpoints.change(endpoint.id, changes, BY)
    assert refusal.value.field == field


def test_a_change_leads_what_waits_to_the_new_address(notify: Webhooks, receiver: Receiver) -> None:
    endpoint = notify.add(free_port())
    happen(notify)
    notify.ring_all()
    notify.endpoints.change(endpoint.id, {"url": f"http://127.0.0.1:{receiver.port}/new", "name": "Ny"}, BY)
    notify.ring_all()

    assert [each.line for each in receiver.taken] == ["POST /new HTTP/1.1"]
    assert notify.now(endpoint).name == "Ny"


def test_every_act_is_on_record_with_who_did_it_and_no_address(notify: Webhooks) -> None:
    endpoint = notify.add(free_port())
    notify.endpoints.rotate(endpoint.id, BY)
    notify.endpoints.pause(endpoint.id, "bo")
    with notify.database.transaction() as session:
        acts = session.scalars(select(Operation).order_by(Operation.id)).all()

    assert [(each.act, each.actor) for each in acts] == [
        ("webhook-created", BY),
        ("webhook-secret-changed", BY),
        ("webhook-paused", "bo"),
    ]
    assert all("secret" not in f"{each.target} {each.reason}" for each in acts)


def test_no_secret_is_stored(notify: Webhooks) -> None:
    endpoint = notify.add(free_port())
    secret = notify.endpoints.secret(endpoint).removeprefix("whsec_")
    with notify.database.transaction() as session:
        row = session.execute(text("SELECT to_json(e)::text FROM notify.endpoint AS e")).scalar_one()

    assert secret not in row


def test_the_books_balance_with_webhooks_in_every_state(notify: Webhooks, receiver: Receiver) -> None:
    sent, failing, paused = notify.add(receiver.port), notify.add(free_port()), notify.add(receiver.port)
    deleted = notify.add(receiver.port)
    notify.endpoints.pause(paused.id, BY)
    happen(notify, 1)
    notify.endpoints.delete(deleted.id, BY)
    notify.ring_all()
    with notify.database.transaction() as session:
        found = books.read(session)

    assert [notify.of(each)[0].state for each in (sent, failing, paused, deleted)] == [
        State.SENT,
        State.TEMPORARY_FAILURE,
        State.TEMPORARY_FAILURE,
        State.CANCELLED,
    ]
    assert (found.difference, found.waiting) == (0, 2)
