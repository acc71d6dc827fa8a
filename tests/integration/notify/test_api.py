"""The JSON API: what was sent to whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.contracts.registry import IDEA_RECEIVED
from shared.settings import Settings
from shared.web.tokens import issue
from tests.integration.notify.workbench import Notify, web_client, worker
from tests.support import notify_facts as facts
from tests.support.relays import ScriptedRelay

API = "/api/notify/v1"


@pytest.fixture(scope="module")
def sent(module_settings: Settings) -> Iterator[Notify]:
    """Three ideas: their confirmations sent, but one refused, one suppressed; their notices sent."""
    with ScriptedRelay().listening() as relay, worker(module_settings, relay.port) as notify:
        told = [
            facts.idea_received(submitter=facts.person("Asa+x@invanare.example")),
            facts.idea_received(
                submitter=facts.person("bo@invanare.example"),
                idea=facts.idea(reference="KRO-2026-0043"),
                no_confirmation="Precedence: bulk",
            ),
        ]
        for each in told:
            notify.tell(IDEA_RECEIVED, each)
        notify.ring_all()
        relay.script["RCPT"] = "550 5.1.1 nobody of that name"
        notify.tell(IDEA_RECEIVED, facts.idea_received(idea=facts.idea(reference="KRO-2026-0044"), contacts=[]))
        notify.ring_all()
        yield notify


@pytest.fixture(scope="module")
def client(module_settings: Settings) -> Iterator[FlaskClient]:
    with web_client(module_settings) as found:
        yield found


@pytest.fixture
def get(sent: Notify, client: FlaskClient) -> Any:
    token = issue(sent.settings.signer, name="test", scopes=["notify:read"])

    def ask(path: str, status: int = 200) -> Any:
        answer = client.get(f"{API}{path}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status, answer.text
        return answer.json

    return ask


def test_notifications_are_listed_newest_first_in_pages(get: Any) -> None:
    first = get("/notifications?limit=3")
    second = get(f"/notifications?limit=3&cursor={first['next']}")

    assert [len(first["items"]), len(second["items"]), second["next"]] == [3, 2, None]
    whole = first["items"] + second["items"]
    assert len({each["id"] for each in whole}) == 5
    assert [each["created_at"] for each in whole] == sorted((each["created_at"] for each in whole), reverse=True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=sent", 3),
        ("state=suppressed", 1),
        ("state=permanent-failure", 1),
        ("idea=KRO-2026-0043", 2),
        ("recipient=ASA@invanare.example", 2),
        ("recipient=kontakt@krokom.example&state=sent", 2),
        ("recipient=nobody@x.example", 0),
    ],
)
def test_the_list_is_narrowed_by_state_idea_and_recipient(get: Any, query: str, count: int) -> None:
    assert len(get(f"/notifications?{query}")["items"]) == count


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=x", "cursor=x", "unknown=1"])
def test_a_query_that_makes_no_sense_is_refused_by_field(get: Any, query: str) -> None:
    refused = get(f"/notifications?{query}", 422)
    assert query.split("=")[0] in refused["errors"]


def test_one_notification_is_read_with_its_attempts(get: Any) -> None:
    (listed,) = get("/notifications?state=permanent-failure")["items"]
    read = get(f"/notifications/{listed['id']}")

    assert read["reason"] == "recipient-gone"
    assert read["kind"] == "confirmation"
    assert read["recipient"] == "asa@invanare.example"
    assert read["idea"] == "KRO-2026-0044"
    (attempt,) = read["attempts"]
    assert (attempt["number"], attempt["outcome"]) == (1, "permanent-failure")
    assert attempt["reply"] == "550 5.1.1 nobody of that name"
    assert attempt["started_at"] <= attempt["finished_at"]
    get("/notifications/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa", 404)


def test_the_counts_balance(get: Any) -> None:
    summary = get("/summary")
    assert summary["total"] == sum(summary["states"].values()) == 5
    assert (summary["states"]["sent"], summary["states"]["suppressed"]) == (3, 1)
    assert summary["resubmissions"] == 0
    assert summary["oldest_waiting"] is None


@pytest.mark.parametrize("path", ["/notifications", "/notifications/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa", "/summary"])
def test_nothing_is_told_without_the_right_token(module_settings: Settings, client: FlaskClient, path: str) -> None:
    foreign = issue(module_settings.signer, name="test", scopes=["intake:read"])

    assert client.get(f"{API}{path}").status_code == 401
    assert client.get(f"{API}{path}", headers={"Authorization": f"Bearer {foreign}"}).status_code == 403


def test_the_api_describes_itself(client: FlaskClient) -> None:
    described = client.get("/api/notify/openapi.json").json
    assert described is not None
    assert described["openapi"].startswith("3.1")
    assert f"{API}/notifications" in described["paths"]
