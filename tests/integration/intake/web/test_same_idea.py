"""A confirmation points to what exists already, and one button lets its reader follow that."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select, text

from services.intake.domain.idea import Stage
from services.intake.store import sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases import official
from services.intake.usecases.announce import Announcer
from shared.clock import now
from shared.web import links
from tests.support.ideas import an_idea

PUMP = {"title": "Cykelpump vid busstorget", "text": "Sätt upp en fast cykelpump med ventiler vid busstorget."}


@pytest.fixture(scope="module")
def other(database, web_settings, sluice) -> Idea:
    """Published in other words than its own, and answered to a person by name; beside it one that is not published."""
    with database.transaction() as session:
        session.get_one(Sluice, sluice.id).board = True
        made = an_idea(session, web_settings, sluice, **PUMP, submitter_name="Berit Hemlig", submitter="b@hem.example")
        made.published_at, made.public_title, made.public_text = now(), "Cykelpump vid busstorget", PUMP["text"]
        an_idea(session, web_settings, sluice, title="Cykelpump busstorget, inte publicerad", text=PUMP["text"])
        official.give(
            session,
            Announcer(web_settings),
            made,
            to=Stage.PILOTING,
            text="Hej Berit!\n\nVi provar en pump i vår.",
            signed_by="Kim",
        )
        return made


@pytest.fixture
def mine(database, web_settings, sluice, other) -> Idea:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluices.profile(session, sluice.id), **PUMP, vouched=True)


def similar(database, idea: Idea) -> list[dict[str, str]]:
    with database.transaction() as session:
        rows = session.scalars(text("SELECT payload FROM bus.message WHERE name = 'idea.received.v1' ORDER BY id"))
        payloads = [json.loads(row) for row in rows]
    return next(each["similar"] for each in payloads if each["idea"]["id"] == str(idea.id))


def test_a_confirmation_names_published_ideas_alone_and_nobody_in_them(database, mine, other) -> None:
    (told,) = similar(database, mine)

    assert told["reference"] == other.reference
    assert told["stage"] == "piloting"
    assert told["answer"] == "Hej …!\n\nVi provar en pump i vår."


def test_a_stranger_is_told_of_nothing(database, web_settings, sluice, other) -> None:
    with database.transaction() as session:
        profile = sluices.profile(session, sluice.id)
        strange = an_idea(session, web_settings, profile, **PUMP, vouched=False)
        held = an_idea(session, web_settings, profile, **PUMP, vouched=True, held="spam")
        silent = an_idea(session, web_settings, profile, **PUMP, vouched=True, no_confirmation="automatic")
    assert [similar(database, each) for each in (strange, held, silent)] == [[], [], []]


def test_one_button_follows_it_once_and_a_scanner_does_not(client, database, web_settings, mine, other) -> None:
    path = links.same_idea_url(web_settings, mine.id, other.id).removeprefix(web_settings.base_url)
    followers = select(Follower).where(Follower.idea_id == other.id)
    page = client.get(path)
    assert "Vi provar en pump i vår." in page.text
    assert "Berit" not in page.text
    with database.transaction() as session:
        assert session.scalars(followers).all() == []

    hidden = dict(re.findall(r'name="(token)" value="([^"]*)"', page.text))
    assert client.post(path).status_code == 404, "a foreign page that does not know the token"
    for _ in range(2):
        assert client.post(path, data=hidden).status_code == 303
    assert "Du följer idén" in client.get(path).text
    with database.transaction() as session:
        (follower,) = session.scalars(followers).all()
        assert (follower.address, follower.why, follower.supports) == ("asa@krokom.example", "same_idea", True)
        assert follower.confirmed_at is not None
        assert session.get_one(Idea, other.id).supporters == 1


def test_a_link_is_good_for_two_ideas_and_what_stands_on_the_board(client, database, web_settings, mine, other) -> None:
    path = links.same_idea_url(web_settings, mine.id, other.id).removeprefix(web_settings.base_url)
    token = path.rsplit("/", 1)[1]
    assert client.get(f"/i/samma/{other.id.hex}{token[32:]}").status_code == 404
    assert client.get(f"/i/samma/{token[:-1]}x").status_code == 404
    with database.transaction() as session:
        session.get_one(Idea, other.id).published_at = None
    assert client.get(path).status_code == 404
    assert client.post(path, data={"token": token}).status_code == 404
