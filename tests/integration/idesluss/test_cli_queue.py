"""`idesluss queue`: the same figures as on the page, and the same record of what is done by hand."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from services.notify.store import operations
from tests.integration.idesluss.test_cli import environ, run
from tests.support.outgoing import Outgoing, in_every_state

__all__ = ["environ"]  # the fixture


def acts(made: Outgoing) -> list[tuple[str, str]]:
    with made.database.transaction() as session:
        return [(each.act, each.reason) for each in operations.newest(session, 10)]


def test_the_status_of_an_empty_queue_is_calm(environ: dict[str, str]) -> None:
    code, output = run(environ, "queue", "status")

    assert code == 0
    assert "0 asked = 0 sent + 0 failed + 0 suppressed + 0 waiting" in output
    assert "they balance" in output
    assert "nothing is late" in output
    assert "ALARM" not in output


def test_the_status_names_each_alarm_and_fails(environ: dict[str, str], made: Outgoing) -> None:
    found = in_every_state(made)
    with made.database.transaction() as session:
        late = text("UPDATE notify.notification SET due_at = now() - interval '20 min' WHERE id = :id")
        session.execute(late, {"id": found["waiting"]})
    code, output = run(environ, "queue", "status")

    assert code == 1
    assert "7 asked = 1 sent + 1 failed + 1 suppressed + 4 waiting" in output
    assert "ALARM    unsent" in output
    assert "ALARM    parked" in output
    assert "ALARM    books" not in output

    code, output = run(environ, "queue", "status", "--json")
    told = json.loads(output)
    assert (code, told["alarms"]) == (1, ["unsent", "parked"])
    assert told["books"] == {"asked": 7, "sent": 1, "failed": 1, "suppressed": 1, "waiting": 4, "difference": 0}
    assert 1195 < told["oldest_unsent_seconds"] < 1260
    (queue,) = [each for each in told["queues"] if each["consumer"] == "notify"]
    assert queue["parked"] == 2
    assert queue["open"] == queue["due"] + queue["working"] + queue["retrying"] + queue["scheduled"]
    assert queue["scheduled"] == 1


def test_a_machine_reads_what_has_stopped(environ: dict[str, str], made: Outgoing) -> None:
    parked = made.parked("first line\nsecond")
    code, output = run(environ, "queue", "list", "--json")

    told = json.loads(output)
    assert code == 0
    assert (told["message_id"], told["name"], told["attempts"]) == (str(parked), "notification.due.v1", 5)
    assert told["last_error"] == "first line\nsecond"


def test_all_of_a_name_are_tried_again_and_it_is_recorded(environ: dict[str, str], made: Outgoing) -> None:
    made.parked()
    made.parked()

    assert run(environ, "queue", "retry", "--all", "idea.received.v1")[0] == 1
    assert run(environ, "queue", "retry", "--all", "notification.due.v1") == (0, "2 are tried again\n")
    assert run(environ, "queue", "list") == (0, "")
    assert acts(made) == [("queue-retry-all", "")]


def test_each_act_is_recorded_with_who_did_it(environ: dict[str, str], made: Outgoing) -> None:
    retried, discarded = str(made.parked()), str(made.parked())
    run(environ, "queue", "retry", "notify", retried)
    assert run(environ, "queue", "discard", "notify", discarded, "--reason", " ")[0] == 2
    run(environ, "queue", "discard", "notify", discarded, "--reason", "sent by hand")

    assert acts(made) == [("queue-discard", "sent by hand"), ("queue-retry", "")]
    with made.database.transaction() as session:
        newest, _ = operations.newest(session, 2)
    assert newest.actor.startswith("cli")
    assert newest.target == f"queue:notify/{discarded}"


@pytest.mark.parametrize("arguments", [[], ["notify"], ["notify", "x"], ["notify", "--all", "a.b.v1"]])
def test_a_retry_that_names_neither_or_both_is_refused(environ: dict[str, str], arguments: list[str]) -> None:
    assert run(environ, "queue", "retry", *arguments)[0] == 2
