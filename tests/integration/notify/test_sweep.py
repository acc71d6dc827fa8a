"""What hangs is found in the tables and goes on; what only waits is left in peace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from idesluss.scheduler import watch_notifications
from services.notify.domain.kinds import Category, Kind, Rhythm
from services.notify.store import books, preferences
from services.notify.store.tables import Notification
from services.notify.usecases import sweep as sweeping
from services.notify.usecases.sweep import Sweep
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support.outgoing import Outgoing, confirmation
from tests.support.relays import ScriptedRelay

LATE = timedelta(minutes=6)


@pytest.fixture
def notify(settings: Settings) -> Iterator[Notify]:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as found:
        yield found


def do(made: Outgoing, statement: str, **facts: Any) -> None:
    with made.database.transaction() as session:
        session.execute(text(statement), facts)


def read(made: Outgoing, identity: UUID) -> Notification:
    with made.database.transaction() as session:
        return session.get_one(Notification, identity)


def sweep(made: Outgoing, later: timedelta = LATE) -> dict[str, int]:
    """A sweep as it would be so much later."""
    return dict(Sweep(made.settings, made.database, lambda: now() + later)())


def difference(made: Outgoing) -> int:
    with made.database.transaction() as session:
        return books.read(session).difference


LOST = {
    "done by mistake": "UPDATE bus.delivery SET done_at = now() WHERE consumer = 'notify' AND message_id = :duty",
    "never there": "UPDATE notify.notification SET due_message_id = :other WHERE due_message_id = :duty",
    "not even named": "UPDATE notify.notification SET due_message_id = NULL WHERE due_message_id = :duty",
}


@pytest.mark.parametrize("how", LOST)
def test_a_message_whose_duty_is_lost_is_sent_after_all_and_once(made: Outgoing, notify: Notify, how: str) -> None:
    identity = made.ask()
    duty = read(made, identity).due_message_id
    do(made, LOST[how], duty=duty, other=uuid4())
    if how != "done by mistake":
        do(made, "UPDATE bus.delivery SET done_at = now() WHERE message_id = :duty", duty=duty)

    assert sweep(made) == {"lost": 1}
    assert sweep(made) == {}

    notify.ring_all()
    assert [(row.state, row.attempts) for row in notify.notifications()] == [("sent", 1)]
    assert difference(made) == 0


def test_one_left_behind_while_it_was_being_sent_goes_on(made: Outgoing, notify: Notify) -> None:
    identity = made.ask()
    do(made, "UPDATE notify.notification SET state = 'sending', attempts = 1 WHERE id = :id", id=identity)
    do(made, "INSERT INTO notify.attempt (notification_id, number, started_at) VALUES (:id, 1, now())", id=identity)
    do(made, "UPDATE bus.delivery SET done_at = now()")

    assert sweep(made) == {"lost": 1}
    notify.ring_all()
    assert read(made, identity).state == "sent"
    assert [each.outcome for each in notify.attempts(read(made, identity))] == ["interrupted", "sent"]


LEFT_ALONE = {
    "open": "SELECT 1",
    "parked just now": "UPDATE bus.delivery SET parked_at = now(), attempts = 5",
    "due only now": "UPDATE notify.notification SET due_at = now() + interval '4 min'",
    "tried again later": "UPDATE notify.notification SET state = 'temporary-failure', next_try = now() + interval '1 h'",
    "failed for good": "UPDATE notify.notification SET state = 'temporary-failure', next_try = NULL",
    "sent": "UPDATE notify.notification SET state = 'sent'",
    "cancelled": "UPDATE notify.notification SET state = 'cancelled'",
    "paused": "UPDATE notify.notification SET state = 'temporary-failure', next_try = now(), reason = 'paused'",
    "carried": "UPDATE notify.notification SET carried_by = :other",
}


@pytest.mark.parametrize("how", LEFT_ALONE)
def test_what_does_not_hang_is_left_alone(made: Outgoing, how: str) -> None:
    made.ask()
    if how not in ("open", "parked just now"):
        do(made, "UPDATE bus.delivery SET done_at = now()")
    do(made, LEFT_ALONE[how], **({"other": uuid4()} if ":other" in LEFT_ALONE[how] else {}))

    assert sweep(made) == {}


def test_a_duty_that_stopped_is_tried_again_after_an_hour_under_the_same_name(made: Outgoing, notify: Notify) -> None:
    identity = made.ask()
    duty = made.park(identity)

    assert sweep(made, timedelta(minutes=59)) == {}
    assert sweep(made, timedelta(minutes=61)) == {"parked": 1}
    assert read(made, identity).due_message_id == duty
    notify.ring_all()
    assert read(made, identity).state == "sent"


def test_what_a_person_gave_up_ends_as_failed_with_the_reason(made: Outgoing) -> None:
    identity = made.ask()
    made.park(identity)
    do(made, "UPDATE bus.delivery SET done_at = now(), discarded = 'the idea was deleted'")

    assert sweep(made) == {"discarded": 1}
    row = read(made, identity)
    assert (row.state, row.reason) == ("technical-failure", "own-fault")
    assert row.reply == "given up by hand: the idea was deleted"
    assert difference(made) == 0
    assert sweep(made) == {}


def test_a_digest_that_nobody_calls_for_is_called_for_once(made: Outgoing, notify: Notify) -> None:
    with made.database.transaction() as session:
        address = "kontakt@krokom.example"
        preferences.save(session, address, Category.IDEAS, Rhythm.DAILY, by="test", now=now())
    facts = {**confirmation(), "idea_url": "https://idesluss.example/x", "added": "En sak till", "author": "Åsa"}
    wanted = {"kind": Kind.ADDED, "category": Category.IDEAS, "facts": facts}
    held = [made.ask(address, **wanted) for _ in range(2)]
    assert {read(made, each).reason for each in held} == {"collected"}
    slot = read(made, held[0]).due_at
    after = slot - datetime.now(UTC) + timedelta(minutes=6)
    assert sweep(made, after) == {}

    do(made, "UPDATE bus.delivery SET done_at = now() WHERE consumer = 'notify'")
    assert sweep(made, after) == {"digest": 1}
    assert sweep(made, after) == {}


def test_many_that_hang_are_mended_in_bounded_batches(made: Outgoing, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        made.ask(f"p{number}@invanare.example")
    do(made, "UPDATE bus.delivery SET done_at = now()")
    monkeypatch.setattr(sweeping, "BATCH", 2)
    monkeypatch.setattr(sweeping, "MOST_BATCHES", 2)

    assert sweep(made) == {"lost": 4}
    assert sweep(made) == {"lost": 1}


def test_one_that_a_worker_holds_is_left_to_it(made: Outgoing) -> None:
    held, free = made.ask("a@invanare.example"), made.ask("b@invanare.example")
    do(made, "UPDATE bus.delivery SET done_at = now()")
    with made.database.transaction() as session:
        session.get_one(Notification, held, with_for_update=True)
        assert sweep(made) == {"lost": 1}
        assert read(made, free).due_message_id != read(made, held).due_message_id


def test_books_that_do_not_balance_and_messages_unsent_are_said_loudly(
    made: Outgoing, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("idesluss.scheduler.log.error", lambda event, **facts: said.append((event, facts)))
    relay = Database(settings, Role.RELAY, pool_size=1)
    identity = made.ask()
    watch_notifications(settings, made.database, relay)
    assert said == []

    do(made, "UPDATE notify.notification SET due_at = now() - interval '20 min'")
    watch_notifications(settings, made.database, relay)
    do(made, "DELETE FROM notify.notification WHERE id = :id", id=identity)
    watch_notifications(settings, made.database, relay)
    relay.dispose()

    assert [event for event, _ in said] == ["messages_unsent", "books_do_not_balance"]
    assert 1195 < said[0][1]["oldest_seconds"] < 1260
    assert said[1][1] == {"difference": 1, "waiting": 0, "asked": 1}
