"""The list of suppressed addresses over HTTP: as JSON, and as the administrators' page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask.testing import FlaskClient

from shared.clock import now
from shared.contracts.registry import DELIVERY_REPORT, IDEA_ANSWERED
from shared.settings import Settings
from shared.web.tokens import issue
from tests.integration.notify.workbench import Notify, web_client, worker
from tests.support import notify_facts as facts
from tests.support import suppressed as told
from tests.support.pages import PAYLOADS, Elements
from tests.support.relays import ScriptedRelay

API, PAGE = "/api/notify/v1", "/kontakt/drift/sparrar"
ASA = "asa@invanare.example"


@pytest.fixture
def notify(settings: Settings) -> Iterator[Notify]:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as found:
        yield found


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with web_client(settings) as found:
        yield found


@pytest.fixture
def ask(settings: Settings, client: FlaskClient):
    token = issue(settings.signer, name="test", scopes=["notify:read", "notify:write"])

    def send(method: str, path: str, status: int = 200, **body):
        headers = {"Authorization": f"Bearer {token}"}
        answer = client.open(f"{API}{path}", method=method, json=body or None, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    return send


def failed(notify: Notify):
    notify.tell(IDEA_ANSWERED, facts.idea_answered())
    notify.ring_all(due=True)
    row = notify.notifications()[-1]
    notify.tell(DELIVERY_REPORT, told.report(row.id))
    notify.ring_all(due=True)
    return row


def test_the_list_tells_of_each_address_why_since_when_and_until_when(notify, ask) -> None:
    row = failed(notify)
    (entry,) = ask("GET", "/suppressions")["items"]

    assert (entry["address"], entry["cause"], entry["line"]) == (ASA, "recipient-gone", "550 5.1.1 user unknown")
    assert entry["notification_id"] == str(row.id)
    assert entry["in_force"] is True
    assert entry["created_at"] < entry["expires_at"]
    assert ask("GET", f"/suppressions/{entry['id']}") == entry


def test_an_address_is_added_and_released_by_a_program(ask) -> None:
    made = ask("POST", "/suppressions", 201, address="Bo@Invånare.example", reason="Bad om det")
    assert (made["address"], made["cause"], made["created_by"]) == ("bo@xn--invnare-gxa.example", "by-hand", "test")
    assert ask("POST", "/suppressions", 201, address="bo@invånare.example", reason="Igen")["id"] == made["id"]

    released = ask("POST", f"/suppressions/{made['id']}/release", reason="Ångrat")
    assert (released["in_force"], released["released_by"], released["release_reason"]) == (False, "test", "Ångrat")
    ask("POST", f"/suppressions/{made['id']}/release", 409, reason="Igen")
    assert ask("GET", "/suppressions?in_force=true")["items"] == []
    assert len(ask("GET", "/suppressions?address=BO@INV%C3%85NARE.example")["items"]) == 1
    for part, count in (("bo@", 1), ("BO", 1), ("@xn--invn", 1), (".example", 1), ("asa", 0)):
        assert len(ask("GET", f"/suppressions?address={part}")["items"]) == count, part
    assert len(ask("GET", "/suppressions?cause=complaint")["items"]) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"address": "ingen", "reason": "x"}, "address"),
        ({"address": ASA}, "reason"),
        ({"address": ASA, "reason": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"address": ASA, "reason": "x", "expires_at": "0001-01-01T00:00:00+12:00"}, "expires_at"),
        ({"address": ASA, "reason": "x", "expires_at": "9999-12-31T23:00:00Z"}, "expires_at"),
        ({"address": ASA, "reason": "x", "expires_at": "9999-12-31T23:00:00-12:00"}, "expires_at"),
        ({"address": ASA, "reason": "x", "cause": "complaint"}, "cause"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_field(ask, body, field) -> None:
    assert field in ask("POST", "/suppressions", 422, **body)["errors"]


def test_the_list_comes_in_pages(ask) -> None:
    for number in range(5):
        ask("POST", "/suppressions", 201, address=f"person{number}@invanare.example", reason="Bad om det")
    first = ask("GET", "/suppressions?limit=3")
    second = ask("GET", f"/suppressions?limit=3&cursor={first['next']}")
    found = [each["address"][6] for each in first["items"] + second["items"]]
    assert (found, second["next"]) == (["4", "3", "2", "1", "0"], None)


def test_a_program_sends_anew_and_cancels(notify, ask) -> None:
    row = failed(notify)
    made = ask("POST", f"/notifications/{row.id}/resend", 201, address="asa.oberg@invanare.example")
    assert (made["recipient"], made["state"]) == ("asa.oberg@invanare.example", "created")
    same = ask("POST", f"/notifications/{row.id}/resend", 201)
    assert same["recipient"] == ASA
    assert "address" in ask("POST", f"/notifications/{row.id}/resend", 422, address="noreply@x.example")["errors"]
    ask("POST", f"/notifications/{made['id']}/resend", 409)

    cancelled = ask("POST", f"/notifications/{made['id']}/cancel", reason="Fel person")
    assert (cancelled["state"], cancelled["reply"]) == ("cancelled", "Fel person")
    ask("POST", f"/notifications/{made['id']}/cancel", 409, reason="Igen")
    ask("POST", f"/notifications/{made['id']}/cancel", 422)
    ask("POST", "/notifications/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa/cancel", 404, reason="x")
    notify.ring_all(due=True)
    assert [each.state for each in notify.notifications() if each.replaces] == ["cancelled", "sent"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/suppressions"),
        ("POST", "/suppressions/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa/release"),
        ("POST", "/notifications/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa/resend"),
        ("POST", "/notifications/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa/cancel"),
        ("GET", "/suppressions"),
        ("GET", "/suppressions/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa"),
    ],
)
def test_nothing_is_done_without_the_right_scope(settings, client, method, path) -> None:
    scope = "notify:read" if method == "POST" else "notify:write"
    narrow = issue(settings.signer, name="test", scopes=[scope])
    assert client.open(f"{API}{path}", method=method, json={}).status_code == 401
    headers = {"Authorization": f"Bearer {narrow}"}
    assert client.open(f"{API}{path}", method=method, json={}, headers=headers).status_code == 403


@pytest.fixture
def admin(settings: Settings, client: FlaskClient) -> FlaskClient:
    """Somebody signed in."""
    token = issue(settings.signer, name="drift", scopes=["*"])
    assert client.post("/kontakt/drift/in", data={"token": token}).status_code == 303
    return client


def seen(client: FlaskClient, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200, answer.text
    return unescape(answer.text)


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_an_administrator_adds_finds_and_releases_an_address(notify, admin) -> None:
    failed(notify)
    page = seen(admin)
    assert ASA in page
    assert "550 5.1.1 user unknown" in page
    assert "Ingen finns på adressen." in page
    token = form_token(page)

    year = now().year + 2
    given = {"form_token": token, "address": "bo@invanare.example", "reason": "Bad om det", "until": f"{year}-01-31"}
    assert admin.post(f"{PAGE}/ny", data=given).location == f"{PAGE}?done=added"
    page = seen(admin, "?sok=BO@")
    assert "bo@invanare.example" in page
    assert ASA not in page
    assert f"31 januari {year}" not in page, "it ends when that day does"
    assert f"1 februari {year}" in page

    path = re.search(rf'action="({PAGE}/[0-9a-f-]+/slapp)"', page)[1]
    empty = admin.post(path, data={"form_token": token, "reason": " "})
    assert empty.status_code == 422
    assert "Skriv varför" in empty.text
    assert admin.post(path, data={"form_token": token, "reason": "Ångrat"}).location == f"{PAGE}?done=released"
    assert admin.post(path, data={"form_token": token, "reason": "Igen"}).location == f"{PAGE}?done=gone"
    assert "bo@invanare.example" not in seen(admin)
    assert "Ångrat" in seen(admin, "?alla=1")
    assert "Someone" not in seen(admin, "?lang=en")
    assert "Blocked addresses" in seen(admin, "?lang=en")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"address": "ingen", "reason": "x"}, "address"),
        ({"address": ASA, "reason": " "}, "reason"),
        ({"address": ASA, "reason": "x", "until": "i morgon"}, "until"),
        ({"address": ASA, "reason": "x", "until": "2020-01-01"}, "until"),
        ({"address": ASA, "reason": "x", "until": "0001-01-01"}, "until"),
        ({"address": ASA, "reason": "x", "until": "9999-12-30"}, "until"),
        ({"address": ASA, "reason": "x", "until": "9999-12-31"}, "until"),
    ],
)
def test_a_fault_stands_at_its_field_and_what_was_written_is_kept(admin, given, field) -> None:
    answer = admin.post(f"{PAGE}/ny", data={"form_token": form_token(seen(admin)), **given})
    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert f'href="#{field}"' in answer.text
    assert f'value="{given["address"]}"' in answer.text


def test_a_form_of_a_foreign_page_changes_nothing(notify, admin) -> None:
    given = {"address": ASA, "reason": "x"}
    assert admin.post(f"{PAGE}/ny", data=given).status_code == 403
    good = given | {"form_token": form_token(seen(admin))}
    assert admin.post(f"{PAGE}/ny", data=good, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert told.suppressions(notify.database) == []


def test_nobody_sees_the_list_without_signing_in(client) -> None:
    assert client.get(PAGE).status_code == 303
    assert client.post(f"{PAGE}/ny", data={"address": ASA, "reason": "x"}).status_code == 403


def test_an_empty_list_says_what_comes_there(admin) -> None:
    assert "Ingen adress är spärrad." in seen(admin)
    assert "Ingen adress passar in" in seen(admin, "?sok=x")
    assert "Ingen adress är spärrad." in seen(admin, "?efter=nonsense")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_is_shown_runs(notify, admin, payload) -> None:
    token = form_token(seen(admin))
    admin.post(f"{PAGE}/ny", data={"form_token": token, "address": ASA, "reason": payload})
    again = admin.post(f"{PAGE}/ny", data={"form_token": token, "address": payload, "reason": payload})
    for page in (admin.get(PAGE).text, again.text, admin.get(PAGE, query_string={"sok": payload}).text):
        assert not Elements(page).can_run
