"""Links by which a contact acts straight from a mail: a scanner takes nothing, and a link is good for what it says."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select, text

from services.intake.store import sluices
from services.intake.store.tables import Contact, Idea, TimelineEntry
from shared.clock import now
from shared.web import links
from tests.support.ideas import a_sluice, an_idea
from tests.support.pages import PAYLOADS, Elements


@pytest.fixture(scope="module")
def other(database):
    with database.transaction() as session:
        return a_sluice(session, slug="are", code="ARE", name="Åre kommun")


@pytest.fixture
def idea(database, web_settings, sluice, other) -> Idea:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluice)


@pytest.fixture
def path(web_settings, sluice, idea):
    return lambda act, contact=None: links.act_path(
        web_settings.signer, act, idea.id, (contact or sluice.contacts[0]).id
    )


def send(client, path: str, **typed: str):
    """Press the page's button, with its hidden fields and what was typed."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', client.get(path).text))
    return client.post(path, data=hidden | typed)


def now_of(database, idea: Idea) -> Idea:
    with database.transaction() as session:
        return session.get_one(Idea, idea.id)


def events(database, idea: Idea) -> list[str]:
    with database.transaction() as session:
        rows = session.scalars(select(TimelineEntry).where(TimelineEntry.idea_id == idea.id).order_by(TimelineEntry.id))
        return [entry.event for entry in rows]


def test_looking_at_every_link_changes_nothing(client, path, database, idea) -> None:
    with database.transaction() as session:
        before = session.scalar(text("SELECT count(*) FROM bus.message"))
    for act in links.ACTS:
        for _ in range(2):
            page = client.get(path(act))
            assert page.status_code == 200
            assert idea.title in page.text
            assert page.headers["Referrer-Policy"]
            assert "Set-Cookie" not in page.headers
        assert client.head(path(act)).status_code == 200

    assert now_of(database, idea).version == idea.version
    assert events(database, idea) == ["received"]
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM bus.message")) == before


def test_a_contact_takes_asks_answers_and_hands_over(client, path, database, idea, sluice, other) -> None:
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', client.get(path("ta")).text))
    for _ in range(2):
        assert client.post(path("ta"), data=hidden).status_code == 303
    assert "Idén är din" in client.get(path("ta")).text
    assert now_of(database, idea).assigned_to == sluice.contacts[0].id

    assert send(client, path("fraga"), question="Var på torget?").status_code == 303
    assert "Frågan är skickad" in client.get(path("fraga")).text
    assert now_of(database, idea).asked_at is not None

    answered = send(client, path("svara"), answer="Vi provar i vår.", move="piloting")
    assert answered.status_code == 303
    assert "Svaret är skickat" in client.get(answered.headers["Location"]).text
    assert now_of(database, idea).stage == "piloting"

    assert send(client, path("lamna"), to="sluss:are", note="Er gata.").status_code == 303
    assert now_of(database, idea).sluice_id == other.id
    assert "Idén är hos Åre kommun nu" in client.get(path("lamna")).text
    assert events(database, idea) == ["received", "assigned", "asked", "answered", "passed_on", "noted"]
    # It is not theirs any more: no other link of theirs opens, and none acts.
    assert client.get(path("fraga")).status_code == 404
    assert client.post(path("svara"), data={"token": path("svara").split("/")[-1], "answer": "x"}).status_code == 404


def test_who_comes_second_is_told_and_keeps_the_words(client, path, database, idea) -> None:
    page = client.get(path("svara")).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    with database.transaction() as session:
        session.get_one(Idea, idea.id).version += 1

    late = client.post(path("svara"), data=hidden | {"answer": "Vi provar\r\ni vår."})
    assert late.status_code == 409
    assert "Någon hann före" in late.text
    assert "Vi provar\ni vår.</textarea>" in late.text
    assert events(database, idea) == ["received"]


@pytest.mark.parametrize(
    ("act", "typed", "told"),
    [
        ("svara", {"answer": " \n"}, "Skriv svaret först"),
        ("svara", {"answer": "å" * 50_001}, "Svaret är för långt"),
        ("svara", {"answer": "Nej.", "move": "closed"}, "Skriv varför idén avslutas"),
        ("svara", {"answer": "Nej.", "move": "nowhere"}, "Välj ett av stegen"),
        ("fraga", {"question": ""}, "Skriv frågan först"),
        ("lamna", {"to": ""}, "Välj vem som ska ha idén"),
        ("lamna", {"to": "sluss:atlantis"}, "Välj vem som ska ha idén"),
        ("lamna", {"to": "person:01a20c2d-a652-7054-be86-4fa1a5b49c3e"}, "Välj vem som ska ha idén"),
    ],
)
def test_what_is_missing_is_said_beside_the_field(client, path, database, idea, act, typed, told) -> None:
    page = send(client, path(act), **typed)

    assert page.status_code == 422
    assert page.text.count(told) == 2, "in the summary and at the field"
    assert events(database, idea) == ["received"]


def test_a_link_is_good_for_one_act_one_idea_and_one_contact(
    client, path, web_settings, database, sluice, other, idea
) -> None:
    with database.transaction() as session:
        strange = an_idea(session, web_settings, sluice, title="En annan")
        sluices.add_contact(session, sluice.id, name="Gått Hem", address="hem@krokom.example")
        gone = session.scalars(select(Contact).where(Contact.address == "hem@krokom.example")).one()
        gone.removed_at = now()
    token = path("svara").rsplit("/", 1)[1]
    mine = sluice.contacts[0].id
    forged = [
        f"/kontakt/gor/ta/{token}",
        f"/kontakt/gor/ring/{token}",
        f"/kontakt/gor/svara/{strange.id.hex}{token[32:]}",
        f"/kontakt/gor/svara/{token[:32]}{gone.id.hex}{token[64:]}",
        links.act_path(web_settings.signer, "svara", idea.id, gone.id),
        links.act_path(web_settings.signer, "svara", idea.id, other.contacts[0].id),
        links.act_path(web_settings.signer, "svara", mine, mine),
    ]
    for each in forged:
        assert client.get(each).status_code == 404
        assert client.post(each, data={"token": each.rsplit("/", 1)[1], "version": 1, "answer": "x"}).status_code == 404
    # A foreign page that knows the path but not the token in the body.
    assert client.post(path("ta"), data={"version": "1"}).status_code == 404
    assert events(database, idea) == ["received"]


def test_a_held_idea_is_released_by_mail(client, path, database, web_settings, sluice, idea) -> None:
    with database.transaction() as session:
        session.get_one(Idea, idea.id).held = "spam"
    assert "Släpp fram den först" in send(client, path("svara"), answer="Ja.").text
    assert send(client, path("slapp")).status_code == 303
    assert now_of(database, idea).held is None
    assert "Idén är framsläppt" in client.get(path("slapp")).text
    with database.transaction() as session:
        assert (
            session.scalar(
                select(func.count()).where(TimelineEntry.event == "released", TimelineEntry.idea_id == idea.id)
            )
            == 1
        )


@pytest.mark.parametrize("payload", PAYLOADS[:4])
def test_hostile_words_stay_words(client, path, database, idea, payload: str) -> None:
    with database.transaction() as session:
        row = session.get_one(Idea, idea.id)
        row.title = row.text = row.submitter_name = payload
    page = send(client, path("svara"), answer=payload, move=payload).text

    assert not Elements(page).can_run
    assert not Elements(client.get(path("ta")).text).can_run
