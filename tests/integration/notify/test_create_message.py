"""Another program has a message sent: once for each key, to what can be written to, and not without bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from services.notify.store.tables import Notification
from services.notify.usecases import create_message
from shared.clock import now
from shared.settings import Settings
from shared.web.tokens import issue
from tests.integration.notify.workbench import Notify, web_client, worker
from tests.support.relays import ScriptedRelay

PATH = "/api/notify/v1/notifications"


@pytest.fixture(scope="module")
def able(module_settings: Settings) -> Settings:
    """Settings with a way out by SMS."""
    return replace(module_settings, sms_url="https://user:word@sms.example/")


@pytest.fixture(scope="module")
def client(able: Settings) -> Iterator[FlaskClient]:
    with web_client(able) as found:
        yield found


@pytest.fixture(scope="module")
def relay() -> Iterator[ScriptedRelay]:
    with ScriptedRelay().listening() as found:
        yield found


@pytest.fixture(scope="module")
def notify(able: Settings, relay: ScriptedRelay) -> Iterator[Notify]:
    with worker(able, relay.port) as found, found.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO notify.sluice (slug, name, address, language, contacts, told_at)"
                " VALUES ('krokom', 'Krokoms kommun', 'ide@krokom.example', 'sv', '[]', now())"
            )
        )
        session.commit()
        yield found


@pytest.fixture(autouse=True)
def _clean(notify: Notify) -> None:
    with notify.database.transaction() as session:
        for table in ("bus.delivery", "notify.notification", "notify.tally"):
            session.execute(
                text("UPDATE bus.delivery SET done_at = now()" if "bus" in table else f"DELETE FROM {table}")
            )


@pytest.fixture
def send(notify: Notify, client: FlaskClient) -> Any:
    def post(
        body: dict[str, Any], *, key: str | None = "k", name: str = "test", scopes: tuple[str, ...] = ("notify:write",)
    ):
        token = issue(notify.settings.signer, name=name, scopes=scopes)
        headers = {"Authorization": f"Bearer {token}"} | ({} if key is None else {"Idempotency-Key": key})
        return client.post(PATH, json=body, headers=headers)

    return post


def mail(**changes: Any) -> dict[str, Any]:
    return {
        "channel": "email",
        "recipient": {"address": "asa@invanare.example", "name": "Åsa Öberg", "language": "sv"},
        "sluice": "krokom",
        "category": "asked-for",
        "subject": "Din plats är bokad",
        "text": "Hej Åsa!\n\nVi ses klockan nio.",
        "link": {"label": "Läs mer", "url": "https://krokom.example/kalas"},
        **changes,
    }


def to(address: str) -> dict[str, str]:
    return {"address": address, "name": "", "language": "sv"}


def test_a_message_is_made_and_sent(send: Any, notify: Notify, relay: ScriptedRelay) -> None:
    answer = send(mail())

    assert answer.status_code == 201
    made = answer.json
    assert answer.headers["Location"] == f"{notify.settings.base_url}{PATH}/{made['id']}"
    assert (made["kind"], made["state"], made["recipient"]) == ("message", "created", "asa@invanare.example")

    notify.ring_all()
    assert [row.state for row in notify.notifications()] == ["sent"]


def test_the_same_key_makes_one_message(send: Any, notify: Notify) -> None:
    first, again = send(mail()), send(mail())

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]
    assert first.headers["Location"] == again.headers["Location"]
    assert len(notify.notifications()) == 1
    assert send(mail(), key="other").json["id"] != first.json["id"]
    assert send(mail(), name="another-program").json["id"] != first.json["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Annat"},
        {"subject": "Annat"},
        {"category": "news"},
        {"link": None},
        {"send_at": "2030-01-01T08:00:00+01:00"},
        {"idea": "KRO-2026-0042"},
        {"recipient": to("bo@invanare.example")},
    ],
)
def test_a_key_that_was_used_for_another_message_is_a_conflict(send: Any, notify: Notify, change: Any) -> None:
    send(mail())
    answer = send(mail(**change))

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert "Idempotency-Key" in answer.json["detail"]
    assert len(notify.notifications()) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient": to("asa")}, "recipient.address"),
        ({"recipient": to("asa@krokom.example\r\nBcc: x@y.example")}, "recipient.address"),
        ({"recipient": to("noreply@krokom.example")}, "recipient.address"),
        ({"channel": "sms", "recipient": to("08-123 456 78")}, "recipient.address"),
        ({"channel": "sms", "recipient": to("asa@invanare.example")}, "recipient.address"),
        ({"channel": "webhook"}, "channel"),
        ({"sluice": "nowhere"}, "sluice"),
        ({"category": "ideas"}, "category"),
        ({"category": "service"}, "category"),
        ({"subject": " \n"}, "subject"),
        ({"text": " \n "}, "text"),
        ({"text": ""}, "text"),
        ({"link": {"label": "x", "url": "javascript:alert(1)"}}, "link"),
        ({"send_at": "2030-01-01T08:00:00"}, "send_at"),
        ({"send_at": "2020-01-01T08:00:00Z"}, "send_at"),
        ({"send_at": "9999-12-31T23:00:00Z"}, "send_at"),
        ({"send_at": "9999-12-31T23:00:00-12:00"}, "send_at"),
        ({"idea": "42"}, "idea"),
        ({"state": "sent"}, "state"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_field(send: Any, notify: Notify, change: Any, field: str) -> None:
    answer = send(mail(**change))

    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert notify.notifications() == []


@pytest.mark.parametrize("key", [None, "", "å", "x" * 201])
def test_a_key_is_needed(send: Any, key: str | None) -> None:
    answer = send(mail(), key=key and key.encode().decode("latin-1"))
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json["errors"]


def test_without_the_right_to_write_nothing_is_made(send: Any, notify: Notify, client: FlaskClient) -> None:
    assert send(mail(), scopes=("notify:read",)).status_code == 403
    assert client.post(PATH, json=mail()).status_code == 401
    assert notify.notifications() == []


def test_a_mobile_number_is_taken_as_people_write_it(send: Any) -> None:
    made = send(mail(channel="sms", recipient=to("070-174 06 05"), subject="")).json
    assert (made["channel"], made["recipient"]) == ("sms", "+46701740605")


def test_no_sms_is_taken_where_there_is_no_way_out(able: Settings, notify: Notify) -> None:
    settings = replace(able, sms_url="")
    token = issue(settings.signer, name="test", scopes=["notify:write"])
    with web_client(settings) as client:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
        answer = client.post(PATH, json=mail(channel="sms", recipient=to("070-174 06 05")), headers=headers)
    assert list(answer.json["errors"]) == ["channel"]


def test_a_message_waits_for_the_time_that_is_asked_for(send: Any, notify: Notify) -> None:
    later = now() + timedelta(days=2)
    made = send(mail(send_at=later.isoformat())).json

    assert (made["state"], made["reason"]) == ("created", "scheduled")
    assert made["due_at"] == later.isoformat()
    notify.ring_all(due=True)
    assert [row.state for row in notify.notifications()] == ["created"]


def test_too_much_waiting_is_said_with_when_to_come_back(
    send: Any, notify: Notify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create_message, "MOST_WAITING", 2)
    for number in range(2):
        assert send(mail(category="news"), key=f"k{number}").status_code == 201
    answer = send(mail(category="news"), key="k2")

    assert answer.status_code == 429
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert send(mail(category="news"), key="k1").status_code == 200, "what is there already is no burden"
    assert send(mail(), key="k3").status_code == 201, "what somebody waits for is always taken"
    assert len(notify.notifications()) == 3


def test_what_is_planned_for_later_holds_up_nothing(send: Any, notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create_message, "MOST_WAITING", 1)
    later = (now() + timedelta(days=2)).isoformat()
    assert [send(mail(category="news", send_at=later), key=f"k{number}").status_code for number in range(3)] == [
        201
    ] * 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=message", 3),
        ("kind=answer", 0),
        ("channel=sms", 1),
        ("sluice=krokom", 3),
        ("sluice=are", 0),
        ("q=ASA%2Btag@Invanare.Example", 1),
        ("q=070-174%2006%2005", 1),
        ("q=kro-2026-0042", 1),
        ("q=asa", 0),
    ],
)
def test_the_list_is_narrowed_by_every_filter(
    send: Any, notify: Notify, client: FlaskClient, query: str, found: int
) -> None:
    send(mail(), key="1")
    send(mail(channel="sms", recipient=to("+46701740605")), key="2")
    send(mail(recipient=to("bo@invanare.example"), idea="KRO-2026-0042"), key="3")
    token = issue(notify.settings.signer, name="test", scopes=["notify:read"])
    answer = client.get(f"{PATH}?{query}", headers={"Authorization": f"Bearer {token}"})

    assert len(answer.json["items"]) == found


def test_two_requests_at_once_with_one_key_make_one_message(send: Any, notify: Notify) -> None:
    from threading import Thread

    answers: list[int] = []
    threads = [Thread(target=lambda: answers.append(send(mail()).status_code)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200] * 5 + [201]
    assert len(notify.notifications()) == 1
    assert isinstance(notify.notifications()[0], Notification)
