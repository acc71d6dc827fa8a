"""Confirming an answer: looking sends nothing, pressing sends once, and what was changed is what is sent."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select

from services.intake.store.tables import AnswerDraft, Idea
from shared.bus.tables import Message
from shared.web import links
from tests.support.ideas import a_draft, an_idea
from tests.support.pages import PAYLOADS, Elements


@pytest.fixture
def idea(database, web_settings, sluice) -> Idea:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluice)


@pytest.fixture
def draft(database, web_settings, sluice, idea) -> AnswerDraft:
    with database.transaction() as session:
        return a_draft(session, web_settings, sluice, session.get(Idea, idea.id), "Hej!\n\nVi provar i vinter.")


@pytest.fixture
def token(web_settings, draft) -> str:
    return links.confirm_token(web_settings.signer, draft.id)


def answers_sent(database, idea: Idea) -> list[dict]:
    with database.transaction() as session:
        payloads = session.scalars(select(Message.payload).where(Message.name == "idea.answered.v1")).all()
    return [loaded for loaded in map(json.loads, payloads) if loaded["idea"]["reference"] == idea.reference]


def test_the_page_shows_the_answer_to_whom_it_goes_and_one_button(client, token, idea, sluice) -> None:
    page = client.get(f"/kontakt/bekrafta/{token}")

    assert page.status_code == 200
    assert "Vi provar i vinter." in page.text
    assert "asa@krokom.example" in page.text
    assert sluice.contacts[0].name in page.text
    assert page.text.count("<button") == 1
    assert page.headers["Cache-Control"] == "private, no-store"


def test_scanners_that_open_the_link_send_nothing_and_the_person_still_can(client, token, database, idea) -> None:
    for _ in range(10):
        client.get(f"/kontakt/bekrafta/{token}")
        client.head(f"/kontakt/bekrafta/{token}")
    assert answers_sent(database, idea) == []

    answer = client.post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": "Ja."})

    assert answer.status_code == 303
    assert len(answers_sent(database, idea)) == 1


def test_the_text_is_sent_as_the_contact_left_it(client, token, database, idea) -> None:
    client.post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": "Hej!\r\n\r\nNy text."})

    assert [sent["text"] for sent in answers_sent(database, idea)] == ["Hej!\n\nNy text."]


def test_pressing_twice_answers_once_and_says_that_it_is_done(client, token, database, idea) -> None:
    first = client.post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": "Ett."})
    second = client.post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": "Två."})
    page = client.get(second.headers["Location"])

    assert (first.status_code, second.status_code) == (303, 303)
    assert [sent["text"] for sent in answers_sent(database, idea)] == ["Ett."]
    assert "Svaret är skickat" in page.text
    assert "Länken är använd" in page.text
    assert "<form" not in page.text


def test_two_presses_at_the_same_time_answer_once(app, token, database, idea) -> None:
    def press(text: str) -> int:
        return app.test_client().post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": text}).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(press, "abcd"))

    assert statuses == [303] * 4
    assert len(answers_sent(database, idea)) == 1


@pytest.mark.parametrize("text", ["", "   \r\n ", "x" * 50_001])
def test_a_text_that_cannot_be_sent_stays_with_a_word_at_the_field(client, token, database, idea, text: str) -> None:
    page = client.post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": text})

    assert page.status_code == 422
    assert "Svaret är inte skickat" in page.text
    assert 'aria-invalid="true"' in page.text
    assert text.strip() in page.text
    assert answers_sent(database, idea) == []


def test_a_foreign_page_cannot_press_the_button(client, token, database, idea) -> None:
    answers = [
        client.post(f"/kontakt/bekrafta/{token}", data=data)
        for data in (
            {"text": "Nej."},
            {"text": "Nej.", "token": ""},
            {"text": "Nej.", "token": token[:-1] + ("y" if token.endswith("x") else "x")},
        )
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert answers_sent(database, idea) == []


def test_an_altered_link_says_what_to_do(client, token, web_settings) -> None:
    unknown = links.confirm_token(web_settings.signer, UUID(int=7))
    pages = [client.get(f"/kontakt/bekrafta/{wrong}") for wrong in ("x", token[:-1], token.swapcase() + "a", unknown)]

    assert {page.status_code for page in pages} == {404}
    assert all("Öppna mejlet där vi bad dig" in page.text for page in pages)
    assert all(page.headers["Cache-Control"] == "private, no-store" for page in pages)


def test_an_anonymous_idea_is_answered_on_its_page_alone(client, database, web_settings, sluice) -> None:
    with database.transaction() as session:
        anonymous = an_idea(session, web_settings, sluice, submitter=None)
        drafted = a_draft(session, web_settings, sluice, anonymous, "Svar.")
    token = links.confirm_token(web_settings.signer, drafted.id)

    assert "ingen adress" in client.get(f"/kontakt/bekrafta/{token}").text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nobodys_words_run_in_the_page(client, database, web_settings, sluice, payload: str) -> None:
    with database.transaction() as session:
        hostile = an_idea(session, web_settings, sluice, title=payload, text=payload, submitter=f"{payload}@x.example")
        drafted = a_draft(session, web_settings, sluice, hostile, payload)
    token = links.confirm_token(web_settings.signer, drafted.id)

    page = client.get(f"/kontakt/bekrafta/{token}")

    assert page.status_code == 200
    assert not Elements(page.text).can_run


def test_a_contact_is_led_to_the_contacts_own_page_and_never_given_the_submitters(
    client, token, web_settings, idea, sluice, database
) -> None:
    follow = links.follow_token(web_settings.signer, idea.reference)
    with database.transaction() as session:
        session.get(Idea, idea.id).text = f"> {links.follow_url(web_settings, idea.reference)}"
    before = client.get(f"/kontakt/bekrafta/{token}").text
    client.post(f"/kontakt/bekrafta/{token}", data={"token": token, "text": "Ja."})
    after = client.get(f"/kontakt/bekrafta/{token}").text

    assert "/i/" in before
    assert follow not in before + after
    own = links.contact_url(web_settings, idea.reference, sluice.contacts[0].id)
    assert f'href="{own}"' in after
