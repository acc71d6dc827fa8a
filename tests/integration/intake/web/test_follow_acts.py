"""Whoever holds an idea's link may add, correct, change address, withdraw and ask for erasure; looking does none of it."""

from __future__ import annotations

import json
import re
from io import BytesIO
from uuid import UUID

import pytest
from sqlalchemy import select

from services.intake.store import queries
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea, TimelineEntry
from shared.bus.tables import Message
from shared.clock import now
from shared.web import links
from tests.support.ideas import an_idea


@pytest.fixture
def idea(database, web_settings, sluice) -> Idea:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluice)


def page_of(settings, idea: Idea) -> str:
    return f"/i/{idea.reference}?t={links.follow_token(settings.signer, idea.reference)}"


@pytest.fixture
def post(client, web_settings, idea):
    def send(act: str, **fields):
        token = links.follow_token(web_settings.signer, idea.reference)
        return client.post(f"/i/{idea.reference}/{act}", data={"t": token} | fields)

    return send


@pytest.fixture
def state(database, idea):
    def look():
        with database.transaction() as session:
            row = session.get_one(Idea, idea.id)
            events = [entry.event for entry in queries.timeline(session, idea.id)]
            asked = session.scalars(select(Message.payload).where(Message.payload.contains(idea.reference)))
            return row, events, [json.loads(payload) for payload in asked]

    return look


def test_words_and_files_are_added_once_however_often_the_form_is_sent(client, web_settings, idea, post, state) -> None:
    key = re.search(r'name="key" value="(\w{32})"', client.get(page_of(web_settings, idea)).text)[1]

    for _ in range(3):
        file = (BytesIO(b"\x89PNG\r\n\x1a\n" + b"0" * 64), "../../pump 🚲.png")
        answer = post("tillagg", text="Ett tillägg.\r\nMed två rader.", key=key, files=file)
        assert answer.status_code == 303

    _, events, messages = state()
    shown = client.get(answer.headers["Location"]).text
    assert events.count("added") == 1
    assert [each["text"] for each in messages if "entry_id" in each] == ["Ett tillägg.\nMed två rader."]
    assert "Du lade till" in shown
    assert "pump 🚲.png" in shown
    download = re.search(r'href="(/i/[^"]+/fil/[^"]+)"', shown)[1].replace("&amp;", "&")
    assert client.get(download).data.startswith(b"\x89PNG")
    assert client.get(download.partition("?")[0]).status_code == 404


@pytest.mark.parametrize(
    ("act", "fields", "field"),
    [
        ("tillagg", {"text": " \n "}, "text"),
        ("tillagg", {"text": "å" * 20_001}, "text"),
        ("tillagg", {"text": "Se filen", "files": (b"MZ" + b"\0" * 100, "spel.exe")}, "files"),
        ("tillagg", {"text": "Se filen", "files": (b"<html></html>", "spel.hta")}, "files"),
        ("adress", {"email": "asa@"}, "email"),
    ],
)
def test_what_is_refused_is_told_beside_its_field_and_nothing_typed_is_lost(post, state, act, fields, field) -> None:
    fields = {
        name: (BytesIO(value[0]), value[1]) if isinstance(value, tuple) else value for name, value in fields.items()
    }
    before = state()[1]

    answer = post(act, **fields)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'aria-describedby="{field}-fault"' in answer.text or f"{field}-fault" in answer.text
    if typed := fields.get("text", fields.get("email", "")).strip():
        assert typed in answer.text
    assert state()[1] == before


def test_an_address_is_changed_by_whoever_opens_the_mail_that_goes_there(client, post, state) -> None:
    assert post("adress", email="Ny.Adress@krokom.example").status_code == 303
    row, _, messages = state()
    letter = next(each for each in messages if each.get("kind") == "verify")
    assert row.submitter_address == "asa@krokom.example", "asking changes nothing"
    assert (letter["person"]["address"], letter["is_to_stranger"]) == ("Ny.Adress@krokom.example", True)
    path = "/i/" + letter["facts"]["verify_url"].partition("/i/")[2]

    for _ in range(3):
        assert client.get(path).status_code == 200
    assert state()[0].submitter_address == "asa@krokom.example", "looking changes nothing"
    assert client.post(path, data={}).status_code == 404
    token = path.rpartition("/")[2]
    assert client.post(path, data={"token": token}).status_code == 303
    assert state()[0].submitter_address == "ny.adress@krokom.example"
    wrong = path[:-1] + ("a" if path[-1] != "a" else "b")
    assert client.get(wrong).status_code == 404


def test_a_withdrawn_idea_is_closed_leaves_the_board_and_its_contacts_hear(
    client, web_settings, idea, post, state, database
) -> None:
    with database.transaction() as session:
        session.get_one(Idea, idea.id).published_at = now()

    for _ in range(2):
        post("dra-tillbaka", why="Den finns redan.")

    row, events, messages = state()
    assert (row.stage, row.published_at, events.count("withdrawn")) == ("closed", None, 1)
    told = [each for each in messages if "entry_id" in each]
    assert len(told) == 1
    assert "Den finns redan." in told[0]["text"]
    assert "Du har dragit tillbaka idén." in client.get(page_of(web_settings, idea)).text


def test_erasure_takes_name_and_address_from_everywhere_they_are_shown(
    client, web_settings, idea, post, state, database
) -> None:
    with database.transaction() as session:
        session.get_one(Idea, idea.id).submitter_name = "Åsa Öberg"
    post("tillagg", text="Ett tillägg.", key="k")

    for _ in range(2):
        post("radera")

    row, events, _ = state()
    with database.transaction() as session:
        actors = session.scalars(select(TimelineEntry.actor).where(TimelineEntry.idea_id == idea.id)).all()
    assert (row.submitter_name, row.submitter_address, events.count("erased")) == ("", None, 1)
    assert set(actors) == {""}
    shown = client.get(page_of(web_settings, idea)).text
    assert "Öberg" not in shown
    assert "asa@krokom.example" not in shown


def test_whoever_erases_hears_no_more_of_the_idea_that_theirs_became_part_of(
    web_settings, idea, post, sluice, database
) -> None:
    with database.transaction() as session:
        mine, other = session.get_one(Idea, idea.id), an_idea(session, web_settings, sluice)
        mine.merged_into, mine.asked_at = other.id, now()
        for number, why in enumerate(("merged", "supports")):
            address = "asa@krokom.example" if why == "merged" else "bo@krokom.example"
            session.add(
                Follower(
                    id=UUID(int=number), idea_id=other.id, address=address, name="Åsa Öberg", language="sv", why=why,
                    supports=True, asked_at=now(), confirmed_at=now(),
                )
            )  # fmt: skip

    post("radera")

    with database.transaction() as session:
        ended = {each.why: (each.name, each.ended_at is not None) for each in session.scalars(select(Follower))}
        assert session.get_one(Idea, idea.id).asked_at is None, "it waits for nobody who could answer"
    assert ended == {"merged": ("", True), "supports": ("Åsa Öberg", False)}


def test_no_act_is_open_without_the_link(client, web_settings, idea, state, database, sluice) -> None:
    with database.transaction() as session:
        other = an_idea(session, web_settings, sluice)
    before = state()[1]

    for token in ("", "wrong", links.follow_token(web_settings.signer, other.reference)):
        for act in ("tillagg", "adress", "dra-tillbaka", "radera", "kind"):
            answer = client.post(
                f"/i/{idea.reference}/{act}", data={"t": token, "text": "x", "email": "x@y.example", "kind": "citizen"}
            )
            assert answer.status_code == 404

    assert state()[1] == before
