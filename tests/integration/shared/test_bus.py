"""The bus: done when the delivery says so, whatever the broker lost, doubled or held back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from shared.bus import admin, inbox, outbox
from shared.bus.broker import build_broker
from shared.bus.inbox import Inbox, Task
from shared.bus.relay import Relay
from shared.clock import now
from shared.contracts.registry import CALENDAR_REPLY, MAIL_RECEIVED, MESSAGES, NOTIFICATION_DUE, RSVP
from shared.db import Database, Role, admin_url
from shared.errors import NotFound, TemporaryFailure
from shared.settings import Settings
from tests.support.said import say

EFFECTS = "CREATE TABLE IF NOT EXISTS rsvp.effect (message_id uuid, note text)"


@pytest.fixture
def intake(settings: Settings) -> Iterator[Database]:
    database = Database(settings, Role.INTAKE)
    yield database
    database.dispose()


@pytest.fixture
def rsvp(settings: Settings) -> Iterator[Database]:
    """The consumer's database, with a table where its effects can be counted."""
    as_owner(settings, EFFECTS, "GRANT ALL ON rsvp.effect TO idesluss_rsvp")
    database = Database(settings, Role.RSVP)
    yield database
    database.dispose()


def as_owner(settings: Settings, *statements: str) -> None:
    engine = create_engine(admin_url(settings))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def effect(task: Task) -> None:
    with task.transaction() as session:
        session.execute(text("INSERT INTO rsvp.effect VALUES (:id, :note)"), {"id": task.message_id, "note": task.name})


def effects(rsvp: Database) -> int:
    with rsvp.transaction() as session:
        return session.execute(text("SELECT count(*) FROM rsvp.effect")).scalar_one()


def delivery(rsvp: Database, message_id: UUID) -> dict[str, object]:
    with rsvp.transaction() as session:
        row = session.execute(
            text("SELECT * FROM bus.delivery WHERE consumer = 'rsvp' AND message_id = :id"), {"id": message_id}
        ).mappings()
        return dict(row.one())


def make_due(rsvp: Database, message_id: UUID) -> None:
    """Let the time pass that a lease or a pause lasts."""
    with rsvp.transaction() as session:
        session.execute(
            text("UPDATE bus.delivery SET next_try = now(), claimed_until = NULL WHERE message_id = :id"),
            {"id": message_id},
        )


def test_a_message_leaves_only_if_its_change_commits(intake: Database, rsvp: Database) -> None:
    def change_and_fail() -> None:
        with intake.transaction() as session:
            outbox.put(session, MAIL_RECEIVED, {"inbound_email_id": uuid4()})
            raise TemporaryFailure("the change failed")

    with pytest.raises(TemporaryFailure):
        change_and_fail()

    with intake.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM bus.message")).scalar_one() == 0


def test_a_bell_that_rings_three_times_has_one_effect(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)
    box = Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect})

    for _ in range(3):
        box.run(message_id)

    assert effects(rsvp) == 1
    assert delivery(rsvp, message_id)["done_at"] is not None


def test_bells_that_ring_at_the_same_moment_have_one_effect(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)
    box = Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect})
    threads = [threading.Thread(target=box.run, args=(message_id,)) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert effects(rsvp) == 1
    assert delivery(rsvp, message_id)["attempts"] == 1


def test_a_worker_that_slept_past_its_lease_cannot_act_twice(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)
    other = Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect})

    def sleeper(task: Task) -> None:
        make_due(rsvp, message_id)
        other.run(message_id)
        effect(task)

    Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: sleeper}).run(message_id)

    assert effects(rsvp) == 1


def test_an_effect_whose_transaction_fails_leaves_nothing_and_is_tried_again(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)

    def half(task: Task) -> None:
        with task.transaction() as session:
            session.execute(text("INSERT INTO rsvp.effect VALUES (:id, 'half')"), {"id": message_id})
            raise ValueError("in the middle")

    Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: half}).run(message_id)
    assert effects(rsvp) == 0
    assert "in the middle" in str(delivery(rsvp, message_id)["last_error"])

    make_due(rsvp, message_id)
    Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect}).run(message_id)
    assert effects(rsvp) == 1


def test_poison_is_parked_listed_retried_and_discarded(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)

    def poison(task: Task) -> None:
        raise ValueError("cannot be handled")

    box = Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: poison})
    for _ in range(inbox.MAX_ATTEMPTS + 2):
        box.run(message_id)
        make_due(rsvp, message_id)

    assert delivery(rsvp, message_id)["attempts"] == inbox.MAX_ATTEMPTS
    [parked] = admin.list_parked(rsvp)
    assert parked.message_id == message_id
    assert "cannot be handled" in parked.last_error

    admin.retry(rsvp, RSVP, message_id)
    assert admin.list_parked(rsvp) == []
    Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect}).run(message_id)
    assert effects(rsvp) == 1

    with pytest.raises(NotFound):
        admin.discard(rsvp, RSVP, message_id, "not parked any more")


@pytest.mark.parametrize("payload", ["no json", "{}", "null", "[]", '{"inbound_email_id": "x"}', "[" * 100_000])
def test_a_payload_that_is_not_what_was_agreed_is_parked_with_what_is_wrong(
    settings: Settings, intake: Database, rsvp: Database, payload: str
) -> None:
    message_id = say(intake)
    as_owner(settings, f"UPDATE bus.message SET payload = '{payload}'")

    box = Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect})
    for _ in range(inbox.MAX_ATTEMPTS):
        box.run(message_id)
        make_due(rsvp, message_id)

    [parked] = admin.list_parked(rsvp)
    assert parked.attempts == inbox.MAX_ATTEMPTS
    assert parked.last_error.split(":")[0] in ("JSONDecodeError", "ValidationError", "RecursionError")


def test_discarding_keeps_the_reason_and_ends_the_delivery(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)
    with rsvp.transaction() as session:
        session.execute(text("UPDATE bus.delivery SET parked_at = now()"))

    admin.discard(rsvp, RSVP, message_id, "sent by mistake")

    assert delivery(rsvp, message_id)["discarded"] == "sent by mistake"
    assert admin.list_parked(rsvp) == []


def test_a_message_that_kills_its_worker_is_parked_too(settings: Settings, intake: Database, rsvp: Database) -> None:
    message_id = say(intake)
    script = (
        "import os, signal, sys\nfrom uuid import UUID\n"
        "from shared.bus.inbox import Inbox\nfrom shared.db import Database, Role\n"
        "from shared.settings import load\n"
        "database = Database(load(), Role.RSVP)\n"
        "kill = lambda task: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Inbox(database, 'rsvp', {'mail.calendar_reply.v1': kill}).run(UUID(sys.argv[1]))\n"
    )
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "IDESLUSS_SECRET_KEY": settings.secret_keys[0],
        "IDESLUSS_DATA_DIR": str(settings.data_dir),
    }
    deaths = 0
    while delivery(rsvp, message_id)["parked_at"] is None:
        ended = subprocess.run([sys.executable, "-c", script, str(message_id)], env=environment, check=False)
        deaths += ended.returncode == -signal.SIGKILL
        assert deaths <= inbox.MAX_ATTEMPTS
        make_due(rsvp, message_id)

    assert deaths == inbox.MAX_ATTEMPTS
    assert "ended its worker" in admin.list_parked(rsvp)[0].last_error


def test_a_temporary_failure_waits_as_told_and_does_not_count(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)

    def later(task: Task) -> None:
        raise TemporaryFailure("relay away", retry_after=timedelta(hours=1))

    box = Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: later})
    for _ in range(inbox.MAX_ATTEMPTS * 2):
        box.run(message_id)
        make_due(rsvp, message_id)

    state = delivery(rsvp, message_id)
    assert state["attempts"] == 0
    assert state["parked_at"] is None
    assert state["last_error"] == "relay away"


def test_a_role_sees_and_changes_only_its_own_deliveries(intake: Database, rsvp: Database) -> None:
    message_id = say(intake)

    with intake.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM bus.delivery")).scalar_one() == 0
        changed = session.execute(text("UPDATE bus.delivery SET done_at = now()"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]
    assert delivery(rsvp, message_id)["done_at"] is None

    def look_into_intake() -> None:
        with rsvp.transaction() as session:
            session.execute(text("SELECT * FROM intake.idea"))

    with pytest.raises(ProgrammingError, match="permission denied"):
        look_into_intake()


@pytest.fixture
def relay(settings: Settings) -> Iterator[Relay]:
    database, broker = Database(settings, Role.RELAY), build_broker(settings, Role.RELAY)
    yield Relay(database, broker)
    broker.close()
    database.dispose()


def rings(rsvp: Database, message_id: UUID) -> object:
    return delivery(rsvp, message_id)["rings"]


def test_what_is_planned_for_later_is_not_rung_for_now_and_is_not_late(
    settings: Settings, relay: Relay, intake: Database, rsvp: Database
) -> None:
    later = say(intake, not_before=now() + timedelta(days=1))

    assert relay.look() == 0
    (backlog,) = admin.backlog(relay._database)
    assert (backlog.open, backlog.oldest_seconds) == (1, 0)

    as_owner(settings, "UPDATE bus.delivery SET next_try = now(), due_at = now() - interval '90 s'")
    (backlog,) = admin.backlog(relay._database)
    assert 89 < backlog.oldest_seconds < 120
    assert relay.look() == 1
    assert rings(rsvp, later) == 1


def test_cleaning_takes_what_is_long_done_and_nothing_else(
    settings: Settings, intake: Database, rsvp: Database
) -> None:
    relay_database = Database(settings, Role.RELAY)
    done, waiting = say(intake), say(intake)
    Inbox(rsvp, RSVP, {CALENDAR_REPLY.name: effect}).run(done)
    as_owner(
        settings,
        "UPDATE bus.message SET created_at = now() - interval '30 days'",
        "UPDATE bus.delivery SET done_at = done_at - interval '30 days'",
    )

    assert admin.clean(relay_database, 14) == 1

    assert delivery(rsvp, waiting)["done_at"] is None
    relay_database.dispose()


def test_every_message_has_a_consumer_and_a_versioned_name() -> None:
    for name, message in MESSAGES.items():
        assert message.consumers, name
        assert name.rsplit(".", 1)[1].startswith("v"), name
    assert NOTIFICATION_DUE.consumers == ("notify",)
