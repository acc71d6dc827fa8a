"""Choosing one's mails: on the page behind the link, with a mail program's one click, and in the JSON API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Category, Kind, Rhythm
from services.notify.mailbox.store import MailStore
from services.notify.store import books, preferences
from services.notify.usecases import suppress
from services.notify.usecases.queue_message import QueueMessage
from shared.clock import now
from shared.settings import Settings
from shared.web import links
from shared.web.tokens import issue
from tests.integration.notify.workbench import Notify, web_client, worker
from tests.support import notify_facts as facts
from tests.support.clocks import StillClock, swedish
from tests.support.pages import Elements
from tests.support.relays import catching_mailbox

ASA = "asa@invanare.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with web_client(settings) as found:
        yield found


@pytest.fixture
def clock() -> StillClock:
    return StillClock(swedish("2026-11-24 10:00"))


@pytest.fixture
def house(settings: Settings, clock: StillClock) -> Iterator[tuple[Notify, MailStore]]:
    with catching_mailbox(settings) as (port, store), worker(settings, port, clock=clock) as notify:
        yield notify, store
        with notify.database.transaction() as session:
            assert books.read(session).difference == 0


def ask(notify: Notify, clock: StillClock, key: str, category: Category, address: str = ASA, **how: Any) -> None:
    """Let notify take a message of somebody else's words."""
    wanted = Asked(
        key=key,
        kind=Kind.MESSAGE,
        address=address,
        name="Åsa Öberg",
        language="sv",
        sluice_slug="krokom",
        sluice_address="ide@krokom.example",
        idea_reference=None,
        facts={
            "subject": f"Träffen närmar sig {key}",
            "text": "Vi ses på torsdag.",
            "link": {"label": None, "url": None},
            "sluice": facts.SLUICE,
            "reply_to": "ide@krokom.example",
            "thread": {"in_reply_to": None, "references": []},
        },
        category=category,
        **how,
    )
    with notify.database.transaction() as session:
        QueueMessage(notify.settings, clock)(session, [wanted])


def chosen(notify: Notify, address: str = ASA) -> dict[str, str]:
    with notify.database.transaction() as session:
        return {each: preferences.rhythm(session, address, each) for each in Category}


def test_the_link_in_a_reminder_leads_to_the_page_and_the_header_to_the_one_click(
    house: tuple[Notify, MailStore], clock: StillClock, client: FlaskClient
) -> None:
    notify, store = house
    ask(notify, clock, "1", Category.REMINDERS)
    notify.ring_all()

    [mail] = store.newest(0, 10)[1]
    parsed = message_from_bytes(mail.raw, policy=default)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [address] = re.findall(r"<(.*)>", parsed["List-Unsubscribe"])
    assert address == links.unsubscribe_url(notify.settings, ASA, "reminders")
    words = parsed.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert links.preferences_url(notify.settings, ASA) in words
    client.post(address.removeprefix(notify.settings.base_url), data=ONE_CLICK)
    assert chosen(notify)["reminders"] == "never"


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_stops_exactly_that_sort_without_cookie_or_redirect(
    house: tuple[Notify, MailStore], clock: StillClock, client: FlaskClient, content_type: str
) -> None:
    notify, store = house
    address = f"/utskick/{links.preferences_token(notify.settings.signer, ASA)}/avsluta?sort=news"

    answers = [client.post(address, data=ONE_CLICK, content_type=content_type) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert all("Set-Cookie" not in each.headers for each in answers)
    for category in (Category.NEWS, Category.REMINDERS, Category.ASKED_FOR):
        ask(notify, clock, category, category)
    ask(notify, clock, "bo", Category.NEWS, "bo@invanare.example")
    notify.ring_all()
    ended = {each.idempotency_key: (each.state, each.reason) for each in notify.notifications()}
    assert ended == {
        "news": ("suppressed", "stopped"),
        "reminders": ("sent", None),
        "asked-for": ("sent", None),
        "bo": ("sent", None),
    }
    assert len(store.newest(0, 10)[1]) == 3
    with notify.database.transaction() as session:
        assert session.execute(text("SELECT changed_by FROM notify.preference")).scalar_one() == "one-click"


def test_looking_stops_nothing(client: FlaskClient, settings: Settings, house: tuple[Notify, MailStore]) -> None:
    token = links.preferences_token(settings.signer, ASA)
    for path in (f"/utskick/{token}", f"/utskick/{token}/avsluta?sort=reminders"):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.get(f"{path}{'&' if '?' in path else '?'}List-Unsubscribe=One-Click&act=stop").status_code == 200
    assert set(chosen(house[0]).values()) == {"at-once"}


def test_what_was_stopped_by_the_button_can_be_had_again(
    client: FlaskClient, settings: Settings, house: tuple[Notify, MailStore]
) -> None:
    address = f"/utskick/{links.preferences_token(settings.signer, ASA)}/avsluta?sort=reminders"

    assert "Sluta få påminnelser?" in client.get(address).text
    stopped = client.post(address, data={"act": "stop"})
    assert stopped.status_code == 303
    assert chosen(house[0])["reminders"] == "never"
    page = client.get(stopped.headers["Location"]).text
    assert "Du får inga fler påminnelser" in page
    assert "Jag vill ha dem igen" in page

    client.post(address, data={"act": "again"})
    assert chosen(house[0])["reminders"] == "at-once"


def test_stopping_holds_back_what_waits_already(
    client: FlaskClient, settings: Settings, house: tuple[Notify, MailStore], clock: StillClock
) -> None:
    notify, store = house
    clock.set("2026-11-24 21:00")
    ask(notify, clock, "night", Category.REMINDERS)
    ask(notify, clock, "news", Category.NEWS, not_before=swedish("2026-11-26 10:00"))
    client.post(f"/utskick/{links.preferences_token(settings.signer, ASA)}/avsluta?sort=reminders", data=ONE_CLICK)
    clock.set("2026-11-26 10:00")
    notify.ring_all()

    ended = {each.idempotency_key: (each.state, each.reason) for each in notify.notifications()}
    assert ended == {"night": ("suppressed", "stopped"), "news": ("sent", None)}
    assert len(store.newest(0, 10)[1]) == 1


@pytest.mark.parametrize("sort", ["ideas", "asked-for", "service", "", "NEWS"])
def test_what_may_not_be_stopped_is_not(client: FlaskClient, settings: Settings, sort: str) -> None:
    path = f"/utskick/{links.preferences_token(settings.signer, ASA)}/avsluta?sort={sort}"

    assert client.get(path).status_code == 404
    assert client.post(path, data=ONE_CLICK).status_code == 404


def test_a_wrong_link_opens_and_changes_nothing(client: FlaskClient, settings: Settings) -> None:
    token = links.preferences_token(settings.signer, ASA)
    for wrong in ("x", token[:-1], token[1:], links.follow_token(settings.signer, "KRO-2026-0042"), "ö" * 40):
        for path in (f"/utskick/{wrong}", f"/utskick/{wrong}/avsluta?sort=news"):
            assert client.get(path).status_code == 404
            assert client.post(path, data=ONE_CLICK | {"ideas": "daily"}).status_code == 404


def test_choices_are_kept_and_told_in_words_with_a_date(
    client: FlaskClient, settings: Settings, house: tuple[Notify, MailStore]
) -> None:
    path = f"/utskick/{links.preferences_token(settings.signer, ASA)}"

    saved = client.post(path, data={"ideas": "weekly", "reminders": "never", "news": "at-once"})

    assert saved.status_code == 303
    assert {name: rhythm for name, rhythm in chosen(house[0]).items() if rhythm != "at-once"} == {
        "ideas": "weekly",
        "reminders": "never",
    }
    page = client.get(saved.headers["Location"])
    assert "Sparat" in page.text
    assert re.search(r"Nyheter: Du får nyheter", page.text)
    assert re.search(r"Nya idéer och tillägg: Ett mejl .* Nästa kommer \w+dag \d+ \w+", page.text)
    checked = {(at["name"], at["value"]) for tag, at in Elements(page.text).found if tag == "input" and "checked" in at}
    wanted = {"ideas": "weekly", "reminders": "never", "news": "at-once", "invitations": "at-once"}
    assert checked == set((wanted | {"afterwards": "at-once"}).items())
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_the_page_says_where_nothing_is_sent_to_the_address(
    client: FlaskClient, settings: Settings, house: tuple[Notify, MailStore]
) -> None:
    path = f"/utskick/{links.preferences_token(settings.signer, ASA)}"
    assert "Just nu skickar vi inga" not in client.get(path).text
    with house[0].database.transaction() as session:
        suppress.by_hand(session, ASA, actor="test", reason="Har bytt jobb", expires_at=None, moment=now())

    page = client.get(path).text
    assert "Just nu skickar vi inga" in page
    assert "Har bytt jobb" not in page, "what somebody noted about a person is not for everybody with the link"


def test_the_page_speaks_english_where_it_is_asked_to(client: FlaskClient, settings: Settings) -> None:
    path = f"/utskick/{links.preferences_token(settings.signer, ASA)}"

    page = client.get(path, query_string={"lang": "en"}).text
    assert "Which emails you get" in page
    assert "The next one comes on" in page
    saved = client.post(path, query_string={"lang": "en"}, data={"ideas": "daily"})
    assert "lang=en" in saved.headers["Location"]


@pytest.mark.parametrize("data", [{"ideas": "never"}, {"ideas": "hourly"}, {"news": "daily"}, {"reminders": ""}])
def test_a_choice_that_there_is_not_is_refused(
    client: FlaskClient, settings: Settings, house: tuple[Notify, MailStore], data: dict[str, str]
) -> None:
    path = f"/utskick/{links.preferences_token(settings.signer, ASA)}"

    assert client.post(path, data=data).status_code == 422
    assert set(chosen(house[0]).values()) == {"at-once"}


def test_an_address_cannot_write_into_the_page(client: FlaskClient, settings: Settings) -> None:
    hostile = '"><script>fire()</script>"@invanare.example'

    page = client.get(f"/utskick/{links.preferences_token(settings.signer, hostile)}")

    assert page.status_code == 200
    assert not Elements(page.text).can_run


@pytest.fixture
def call(client: FlaskClient, settings: Settings) -> Any:
    def ask_for(method: str, address: str, *scopes: str, **how: Any) -> Any:
        token = issue(settings.signer, name="test", scopes=scopes)
        path = f"/api/notify/v1/preferences/{address}"
        return client.open(path, method=method, headers={"Authorization": f"Bearer {token}"}, **how)

    return ask_for


def test_the_api_reads_and_writes_choices(call: Any, house: tuple[Notify, MailStore]) -> None:
    wanted = {"ideas": "daily", "reminders": "never", "news": "at-once"}

    written = call("PUT", "Kontakt%2BAnna@Krokom.example", "notify:write", json=wanted)
    read = call("GET", "kontakt+anna@krokom.example", "notify:read")

    assert written.status_code == read.status_code == 200
    assert written.json | {"preferences_url": None} == read.json, "whoever may only read cannot choose with its link"
    assert read.json["address"] == "kontakt+anna@krokom.example"
    assert {name: read.json[name] for name in wanted} == wanted
    assert "/utskick/" in written.json["preferences_url"]
    assert call("GET", "kontakt+anna@krokom.example", "notify:read", "notify:write").json == written.json
    assert chosen(house[0], "kontakt@krokom.example")["ideas"] == Rhythm.AT_ONCE


def test_the_api_asks_for_scope_whole_choices_and_an_address(call: Any) -> None:
    whole = {"ideas": "daily", "reminders": "never", "news": "at-once"}

    assert call("GET", ASA, "notify:write").status_code == 403
    assert call("PUT", ASA, "notify:read", json=whole).status_code == 403
    assert call("PUT", ASA, "notify:write", json={"ideas": "daily"}).status_code == 422
    assert call("PUT", ASA, "notify:write", json={**whole, "news": "weekly"}).status_code == 422
    assert call("PUT", ASA, "notify:write", json={**whole, "asked-for": "never"}).status_code == 422
    assert call("GET", "nobody", "notify:read").status_code == 404


def test_a_change_of_the_secret_key_kills_no_link(settings: Settings) -> None:
    token = links.preferences_token(settings.signer, ASA)
    rotated = replace(settings, secret_keys=("n" * 40, *settings.secret_keys))
    with web_client(rotated) as client:
        assert client.get(f"/utskick/{token}").status_code == 200
