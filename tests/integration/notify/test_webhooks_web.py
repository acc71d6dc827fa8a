"""Webhooks through the API and through the administrators' pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.notify.domain.webhook import Event
from services.notify.store import endpoints
from services.notify.usecases import fan_out
from shared.clock import now
from shared.ids import new_id
from shared.settings import Settings
from shared.web import session
from shared.web.tokens import issue
from tests.integration.notify.workbench import web_client
from tests.support.pages import PAYLOADS, Elements
from tests.support.ports import free_port
from tests.support.receivers import OK, Receiver, answer
from tests.support.webhooks import LOOPBACK, Webhooks, webhooks

API = "/api/notify/v1/webhooks"
PAGES = "/kontakt/drift/webhookar"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


@pytest.fixture
def notify(settings: Settings) -> Iterator[Webhooks]:
    with webhooks(replace(settings, webhook_networks=LOOPBACK)) as notify:
        yield notify


@pytest.fixture
def client(notify: Webhooks) -> Iterator[FlaskClient]:
    with web_client(notify.settings) as client:
        yield client


class Program:
    """A program with a token."""

    def __init__(self, client: FlaskClient, settings: Settings, scope: str = "notify:admin") -> None:
        self._client = client
        token = issue(settings.signer, name="program", scopes=[scope])
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str = "", body: Any = None, **headers: str) -> Any:
        return self._client.open(API + path, method=method, json=body, headers={**self._headers, **headers})


@pytest.fixture
def program(notify: Webhooks, client: FlaskClient) -> Program:
    return Program(client, notify.settings)


def wanted(port: int, **changes: Any) -> dict[str, Any]:
    return {"name": "Chatten", "url": f"http://127.0.0.1:{port}/x?key=y", "events": ["idea.received"], **changes}


def happen(notify: Webhooks, number: int = 1) -> None:
    reference = f"KRO-2026-{number:04}"
    data = {"reference": reference, "sluice": "krokom", "path": f"/kontakt/ide/{reference}"}
    happened = fan_out.Happened(Event.IDEA_RECEIVED, "krokom", data, f"event:{number}")
    with notify.database.transaction() as asked:
        fan_out.fan_out(asked, happened, notify.time())


def test_a_program_makes_reads_changes_and_deletes_a_webhook(program: Program, receiver: Receiver) -> None:
    made = program.ask("POST", body=wanted(receiver.port, sluice="krokom"), **{"Idempotency-Key": "one"})
    assert made.status_code == 201
    assert made.json["secret"].startswith("whsec_")
    assert made.headers["Location"].endswith(f"{API}/{made.json['id']}")
    again = program.ask("POST", body=wanted(receiver.port, sluice="krokom"), **{"Idempotency-Key": "one"})
    assert again.json["id"] == made.json["id"]
    other = program.ask("POST", body=wanted(receiver.port, name="x"), **{"Idempotency-Key": "one"})
    assert other.status_code == 409

    path = f"/{made.json['id']}"
    assert program.ask("GET", path).json == {name: value for name, value in made.json.items() if name != "secret"}
    assert program.ask("GET").json == {"items": [program.ask("GET", path).json], "next": None}
    changed = program.ask("PATCH", path, {"name": "Ny", "events": ["idea.answered"], "sluice": None})
    assert (changed.json["name"], changed.json["events"], changed.json["sluice"]) == ("Ny", ["idea.answered"], None)
    assert changed.json["url"] == made.json["url"]
    assert program.ask("DELETE", path).status_code == 204
    assert program.ask("GET", path).status_code == 404


def test_a_program_pauses_resumes_rotates_tests_and_replays(
    notify: Webhooks, program: Program, receiver: Receiver
) -> None:
    made = program.ask("POST", body=wanted(receiver.port)).json
    path = f"/{made['id']}"
    assert program.ask("POST", f"{path}/pause").json["state"] == "paused"
    assert program.ask("POST", f"{path}/resume").json["state"] == "active"
    rotated = program.ask("POST", f"{path}/rotate-secret").json["secret"]
    assert rotated != made["secret"]
    assert program.ask("GET", f"{path}/secret").json == {"secret": rotated}

    test = program.ask("POST", f"{path}/test")
    notify.ring_all()
    assert test.status_code == 202
    (listed,) = program.ask("GET", f"{path}/deliveries").json["items"]
    assert (listed["id"], listed["event"], listed["state"]) == (test.json["id"], "webhook.test", "sent")
    assert (listed["reply"], listed["attempts_made"], listed["replays"]) == ("200 taken", 1, None)

    replayed = program.ask("POST", f"{path}/deliveries/{test.json['id']}/replay")
    assert (replayed.status_code, program.ask("GET", f"{path}/deliveries").json["items"][0]["replays"]) == (
        202,
        test.json["id"],
    )
    since = (now() - timedelta(days=1)).isoformat()
    assert program.ask("POST", f"{path}/replay", {"since": since}).json == {"count": 0}
    assert program.ask("POST", f"{path}/deliveries/{new_id()}/replay").status_code == 404


def test_pages_of_the_list_hold_everything_once(notify: Webhooks, program: Program) -> None:
    made = [str(notify.add(free_port()).id) for _ in range(5)]
    for number in range(5):
        happen(notify, number)
        notify.time.pass_by(seconds=1)
    listed, cursor = [], ""
    while cursor is not None:
        page = program.ask("GET", f"?limit=2{cursor and '&cursor=' + cursor}").json
        listed, cursor = [*listed, *(each["id"] for each in page["items"])], page["next"]
    assert sorted(listed) == sorted(made)

    first = program.ask("GET", f"/{made[0]}/deliveries?limit=3").json
    rest = program.ask("GET", f"/{made[0]}/deliveries?limit=3&cursor={first['next']}").json
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 5
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "https://127.0.0.2:8080/"}, None),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "http://169.254.169.254/latest/meta-data/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "x" * 3000}, "url"),
        ({"name": ""}, "name"),
        ({"events": []}, "events"),
        ({"events": ["webhook.test"]}, "events"),
        ({"events": ["nonsense"]}, "events"),
        ({"format": "discord"}, "format"),
        ({"language": "de"}, "language"),
        ({"sluice": "nowhere"}, "sluice"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"state": "paused"}, "state"),
        ({"generation": 5}, "generation"),
    ],
)
def test_only_what_can_be_taken_is_taken(program: Program, changes: dict[str, Any], field: str | None) -> None:
    refused = program.ask("POST", body=wanted(free_port(), **changes))

    if field is None:
        assert refused.status_code == 201
    else:
        assert (refused.status_code, list(refused.json["errors"])) == (422, [field])


def test_the_format_of_a_webhook_stays(program: Program) -> None:
    made = program.ask("POST", body=wanted(free_port())).json
    assert program.ask("PATCH", f"/{made['id']}", {"format": "slack"}).status_code == 422


@pytest.mark.parametrize("scope", ["notify:read", "intake:admin"])
def test_every_act_needs_the_scope(notify: Webhooks, client: FlaskClient, scope: str) -> None:
    row = notify.add(free_port())
    narrow, nobody = Program(client, notify.settings, scope), client
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("GET", f"/{row.id}"),
        ("PATCH", f"/{row.id}"),
        ("DELETE", f"/{row.id}"),
        ("POST", f"/{row.id}/pause"),
        ("POST", f"/{row.id}/resume"),
        ("GET", f"/{row.id}/secret"),
        ("POST", f"/{row.id}/rotate-secret"),
        ("POST", f"/{row.id}/test"),
        ("GET", f"/{row.id}/deliveries"),
        ("POST", f"/{row.id}/deliveries/{new_id()}/replay"),
        ("POST", f"/{row.id}/replay"),
    ):
        assert narrow.ask(method, path, {} if method in ("POST", "PATCH") else None).status_code == 403
        assert nobody.open(API + path, method=method).status_code == 401


class Administrator:
    """Somebody signed in, in a browser without scripts."""

    def __init__(self, client: FlaskClient, settings: Settings) -> None:
        self._client = client
        cookie = session.issue(settings.signer, "anna", [session.ADMINISTRATOR], now())
        client.set_cookie(session.COOKIE, cookie, path=session.PATH)

    def see(self, path: str = "") -> str:
        response = self._client.get(path if path.startswith("/") and "kontakt" in path else PAGES + path)
        assert response.status_code == 200, response.status
        assert response.headers["Cache-Control"] == "private, no-store"
        return response.text

    def send(self, page: str, to: str, **fields: Any) -> Any:
        """Send the form of a page that goes to that path, as it stands, with these fields filled in."""
        (form,) = [each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'action="{PAGES}{to}"' in each][
            :1
        ]
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
        return self._client.post(PAGES + to, data={**dict(hidden), **fields})

    def act(self, page: str, to: str, **fields: Any) -> str:
        """As ``send``; the page that one is led to."""
        response = self.send(page, to, **fields)
        assert response.status_code == 303, response.text
        return self.see(response.headers["Location"])


@pytest.fixture
def anna(notify: Webhooks, client: FlaskClient) -> Administrator:
    return Administrator(client, notify.settings)


def filled(port: int, **changes: Any) -> dict[str, Any]:
    return wanted(port, format="standard", language="sv", sluice="") | changes


def test_an_administrator_adds_a_webhook_tries_it_and_sees_the_answer(
    notify: Webhooks, anna: Administrator, receiver: Receiver
) -> None:
    assert "inga webhookar än" in anna.see()
    one = anna.act(anna.see("/ny"), "/ny", **filled(receiver.port, name="Chatten på kansliet"))
    assert "Webhooken är tillagd" in one
    assert "whsec_" in one
    assert "Inget har skickats än" in one
    assert "key=y" not in one, "the address may be a secret"

    (row,) = _rows(notify)
    assert (row.name, row.created_by, row.events) == ("Chatten på kansliet", "anna", ["idea.received"])
    tested = anna.act(one, f"/{row.id}/prova")
    assert "Provet är på väg" in tested
    notify.ring_all()
    after = anna.see(f"/{row.id}")
    assert "Prov" in after
    assert "200 taken" in after
    assert "Senast framme" in after
    assert "Chatten på kansliet" in anna.see()


def test_the_form_sent_twice_makes_one_and_changed_after_going_back_makes_another(
    notify: Webhooks, anna: Administrator
) -> None:
    port, form = free_port(), anna.see("/ny")
    for name in ("A", "A", "B"):
        assert anna.send(form, "/ny", **filled(port, name=name)).status_code == 303

    assert [row.name for row in _rows(notify)] == ["A", "B"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "https://10.0.0.1/hook"}, "Adressen leder till vårt eget nät"),
        ({"url": "http://127.0.0.1:22/"}, "Den porten skickar vi inte till"),
        ({"url": "chatt"}, "Skriv hela adressen"),
        ({"name": " "}, "Ge webhooken ett namn"),
        ({"events": []}, "Välj minst en händelse"),
        ({"events": ["nonsense"]}, "Välj minst en händelse"),
        ({"format": "x"}, "Välj en mottagare"),
        ({"language": "x"}, "Välj ett språk"),
        ({"sluice": "x"}, "Den idéslussen finns inte"),
    ],
)
def test_a_fault_is_told_in_words_and_nothing_is_lost(
    notify: Webhooks, anna: Administrator, changes: dict[str, Any], words: str
) -> None:
    refused = anna.send(anna.see("/ny"), "/ny", **filled(free_port(), name="Mitt namn") | changes)

    assert refused.status_code == 422
    assert refused.text.count(words) >= 2, "in the summary and at the field"
    assert 'autofocus role="alert"' in refused.text
    assert "name" in changes or 'value="Mitt namn"' in refused.text
    assert "events" in changes or re.search(r'value="idea\.received" checked', refused.text)
    assert _rows(notify) == []


def test_an_administrator_changes_pauses_resumes_and_deletes(
    notify: Webhooks, anna: Administrator, receiver: Receiver
) -> None:
    row = notify.add(free_port())
    form = anna.see(f"/{row.id}/andra")
    assert unescape(re.search(r'name="url" value="([^"]*)"', form)[1]) == row.url
    changed = anna.act(form, f"/{row.id}/andra", **filled(receiver.port, name="Ny", events=["idea.received"]))
    assert "Ändringen är sparad" in changed

    paused = anna.act(changed, f"/{row.id}/pausa")
    happen(notify)
    notify.ring_all()
    waiting = anna.see(f"/{row.id}")
    assert "1 händelse väntar" in waiting
    assert "Väntar tills webhooken får fortsätta" in waiting
    assert f"/{row.id}/pausa" not in paused
    anna.act(waiting, f"/{row.id}/fortsatt")
    notify.ring_all()
    assert len(receiver.taken) == 1

    asked = anna.see(f"/{row.id}/radera")
    assert "Det går inte att ångra" in asked
    assert "Webhooken är borttagen" in anna.act(asked, f"/{row.id}/radera")
    assert _rows(notify) == []


def test_what_failed_is_sent_again_one_or_all(notify: Webhooks, anna: Administrator, receiver: Receiver) -> None:
    row = notify.add(receiver.port)
    receiver.reply = answer("500 Oops", b"<b>trasig</b>")
    happen(notify, 1)
    notify.ring_all()
    page = anna.see(f"/{row.id}")
    assert "Inget har kommit fram sedan" in page
    assert "Nytt försök" in page
    assert "500 &lt;b&gt;trasig&lt;/b&gt;" in page
    assert f'action="{PAGES}/{row.id}/igen"' not in page, "what is tried again needs no replay"

    notify.time.pass_by(days=1)
    notify.ring_all()
    page = anna.see(f"/{row.id}")
    assert "Pausad av Idéslussen: inget har kommit fram sedan" in page
    assert "Vi har slutat försöka" in page
    happen(notify, 2)
    notify.time.pass_by(days=1)
    anna.act(page, f"/{row.id}/fortsatt")
    notify.time.pass_by(days=1)
    notify.ring_all()

    receiver.reply, receiver.taken = OK, []
    page = anna.see(f"/{row.id}")
    assert "Händelsen skickas igen" in anna.act(page, f"/{row.id}/igen")
    assert "1 händelse skickas igen" in anna.act(page, f"/{row.id}/alla-igen", days="7")
    notify.ring_all()
    assert sorted(json.loads(each.body)["data"]["reference"] for each in receiver.taken) == [
        "KRO-2026-0001",
        "KRO-2026-0002",
    ]


def test_the_pages_speak_english_too(notify: Webhooks, anna: Administrator) -> None:
    row = notify.add(free_port())
    for path in ("", "/ny", f"/{row.id}", f"/{row.id}/andra", f"/{row.id}/radera"):
        page = anna.see(f"{path}?lang=en")
        words = re.sub(r"<[^>]+>", " ", page.split("<main")[1].split("</main")[0])
        assert not re.search(r"\b(och|inte|skicka|väntar|händelse)\b", words), path


def test_nothing_that_others_wrote_runs_in_a_page(notify: Webhooks, anna: Administrator, receiver: Receiver) -> None:
    for number, payload in enumerate(PAYLOADS):
        row = notify.add(receiver.port, name=payload)
        receiver.reply = answer("200 OK", payload.encode())
        notify.endpoints.test(row.id, payload)
        notify.ring_all()
        for path in ("", f"/{row.id}", f"/{row.id}/andra", f"/{row.id}/radera"):
            assert not Elements(anna.see(path)).can_run, number


def test_nobody_else_sees_or_does_anything(notify: Webhooks, client: FlaskClient) -> None:
    row = notify.add(free_port())
    gets = ["", "/ny", f"/{row.id}", f"/{row.id}/andra", f"/{row.id}/radera"]
    acts = ("pausa", "fortsatt", "prova", "byt", "igen", "alla-igen", "andra", "radera")
    posts = ["/ny", *(f"/{row.id}/{act}" for act in acts)]
    for path in gets:
        assert client.get(PAGES + path).status_code == 303
    for path in posts:
        assert client.post(PAGES + path).status_code == 403

    Administrator(client, notify.settings)
    for path in posts:
        assert client.post(PAGES + path, data={"form_token": "made up"}).status_code == 403, "a foreign page's form"
    assert notify.now(row).state == "active"


def test_what_is_not_there_is_missing_and_a_foreign_message_is_not_replayed(
    notify: Webhooks, anna: Administrator, client: FlaskClient, receiver: Receiver
) -> None:
    row, other = notify.add(receiver.port), notify.add(receiver.port)
    happen(notify)
    notify.ring_all()
    for path in (f"/{new_id()}", f"/{new_id()}/andra", f"/{new_id()}/radera"):
        assert client.get(PAGES + path).status_code == 404
    page = anna.see(f"/{row.id}")
    for notification in ("", "x", str(new_id()), str(notify.of(other)[0].id)):
        assert anna.send(page, f"/{row.id}/igen", notification=notification).status_code == 404


def _rows(notify: Webhooks) -> list[Any]:
    with notify.database.transaction() as asked:
        return list(endpoints.list_all(asked))
