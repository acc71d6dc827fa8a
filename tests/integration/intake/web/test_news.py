"""News: written by those who may, shown once published, mailed once to each who asked and pressed the button."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy import func, select

from services.intake.store.public_tables import News, NewsSubscriber
from services.intake.usecases.mail_news import CHUNK, MailNews
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import NEWS_DUE
from shared.ids import new_id
from shared.web import form_tokens as form_token
from shared.web import links
from tests.support.ideas import a_sluice
from tests.support.pages import PAYLOADS, Elements
from tests.support.signed_in import client_for, post

DESK = "/kontakt/nyheter/"
WORDS = {"title": "Ny cykelväg till Ås", "text": "Den öppnar på *måndag*.", "press_contact": "", "sluice": "krokom"}


@pytest.fixture(scope="module", autouse=True)
def another_sluice(database, sluice) -> None:
    with database.transaction() as session:
        a_sluice(session, slug="berg", code="BER", name="Bergs kommun")


@pytest.fixture
def kim(app):
    return client_for(app, "kim@krokom.example", "contact:krokom")


@pytest.fixture
def coach(app):
    return client_for(app, "eva@region.example", "coach:berg")


@pytest.fixture
def written(kim):
    """Write a post by the form; returns its path on the desk."""

    def write(who=kim, **changes) -> str:
        answer = post(who, f"{DESK}ny", **(WORDS | changes))
        assert answer.status_code == 303, answer.text
        return answer.location

    return write


def address_of(kim, path: str) -> str:
    return re.search(r'href="(/nyheter/[^"/]+)"', kim.get(path).text)[1]


def test_a_post_is_seen_by_its_writers_until_published_and_again_when_taken_back(client, kim, app, written) -> None:
    path = written()

    stranger = client_for(app, "bo@berg.example", "contact:berg")
    assert stranger.get(path).status_code == 404
    assert post(stranger, f"{path}/publicera").status_code == 404
    assert "Ny cykelväg" not in client.get("/nyheter/").text
    assert client.get("/nyheter/ny-cykelvag-till-as").status_code == 404
    assert post(kim, f"{path}/publicera").status_code == 303
    for where in ("/nyheter/", "/nyheter/krokom/", "/", "/nyheter/ny-cykelvag-till-as"):
        assert "Ny cykelväg till Ås" in client.get(where).text, where
    assert "Ny cykelväg" not in client.get("/nyheter/berg/").text
    assert post(kim, f"{path}/dolj").status_code == 303
    assert client.get("/nyheter/ny-cykelvag-till-as").status_code == 404


def test_the_region_is_for_coaches_and_addresses_are_never_two_posts(client, kim, coach, written) -> None:
    assert post(kim, f"{DESK}ny", **(WORDS | {"sluice": ""})).status_code == 422
    assert post(kim, f"{DESK}ny", **(WORDS | {"sluice": "berg"})).status_code == 422

    paths = [written(coach, title=title, sluice="") for title in ("Krokom", "Krokom", "Prenumeration", "🚲")]

    for path in paths:
        post(coach, f"{path}/publicera")
    found = [address_of(coach, path) for path in paths]
    assert len(set(found)) == 4
    assert not {"/nyheter/krokom", "/nyheter/prenumeration"} & set(found)
    assert all(client.get(one).status_code == 200 for one in found)
    assert kim.get(paths[0]).status_code == 404


def test_two_who_change_the_same_post_overwrite_nothing(kim, written) -> None:
    path = written()
    seen = re.search(r'name="seen" value="(\w+)"', kim.get(f"{path}/andra").text)[1]
    assert post(kim, f"{path}/andra", seen=seen, **(WORDS | {"text": "Först."})).status_code == 303

    clash = post(kim, f"{path}/andra", seen=seen, **(WORDS | {"text": "Mina ord"}))

    assert (clash.status_code, "Någon hann före" in clash.text, "Mina ord" in clash.text) == (409, True, True)
    assert "Först." in kim.get(path).text


def test_a_link_is_asked_for_once_a_day_and_news_come_by_a_button(client, database, web_settings) -> None:
    def ask(**fields):
        token = form_token.issue(web_settings.signer, "news", now() - timedelta(minutes=1))
        return client.post("/nyheter/prenumerera", data={"form_token": token, "language": "sv", "sluice": ""} | fields)

    assert "Skriv din e-postadress" in ask(address="").text
    assert ask(address="a@x.example", sluice="nowhere").status_code == 422
    answers = [ask(address="A@X.example", sluice=slug) for slug in ("", "", "krokom")]

    assert {answer.location for answer in answers} == {"/nyheter/?skickat=mejl#mejl"}
    with database.transaction() as session:
        payloads = session.scalars(select(Message.payload).where(Message.payload.contains("A@X.example"))).all()
        assert len(payloads) == 2
        assert session.scalar(select(func.count(NewsSubscriber.confirmed_at))) == 0
    for here in (json.loads(each)["facts"]["verify_url"] for each in payloads):
        path = "/" + here.split("/", 3)[3]
        assert client.get(path).status_code == 200
        assert client.post(path).status_code == 303
        assert "Nu får du nyheter" in client.get(path).text
    with database.transaction() as session:
        mine = session.scalars(select(NewsSubscriber).where(NewsSubscriber.address == "a@x.example")).all()
        assert all(one.confirmed_at for one in mine)
        stop = links.stop_news_url(web_settings, mine[0].id)
    assert client.post("/" + stop.split("/", 3)[3], data={"List-Unsubscribe": "One-Click"}).status_code == 204
    with database.transaction() as session:
        assert session.get_one(NewsSubscriber, mine[0].id).ended_at


def test_a_post_is_mailed_once_to_each_who_asked_in_chunks(kim, database, web_settings, sluice, written) -> None:
    count = CHUNK + 3
    with database.transaction() as session:
        for number in range(count):
            for whose in (None, sluice.id) if number < 5 else (sluice.id,):
                session.add(
                    NewsSubscriber(
                        id=new_id(),
                        sluice_id=whose,
                        address=f"n{number}@news.example",
                        asked_at=now(),
                        confirmed_at=now(),
                    )
                )
        for address, confirmed, ended in (("slut", now(), now()), ("tyst", None, None)):
            session.add(
                NewsSubscriber(
                    id=new_id(),
                    sluice_id=sluice.id,
                    address=f"{address}@news.example",
                    asked_at=now(),
                    confirmed_at=confirmed,
                    ended_at=ended,
                )
            )
    path = written(text="Se [kartan](https://krokom.example/karta).")
    assert post(kim, f"{path}/mejla").status_code == 409
    post(kim, f"{path}/publicera")
    assert re.search(r"Mejla till 10\d prenumeranter", kim.get(path).text)

    assert [post(kim, f"{path}/mejla").status_code for _ in range(2)] == [303, 409]

    handled = 0
    while True:
        with database.transaction() as session:
            due = session.scalars(
                select(Message.payload).where(Message.name == NEWS_DUE.name).order_by(Message.id)
            ).all()
            if len(due) == handled:
                break
            MailNews(web_settings)(session, NEWS_DUE.load(json.loads(due[handled])))
        handled += 1
    assert handled == 2
    with database.transaction() as session:
        sent = session.scalars(
            select(Message.payload).where(Message.payload.contains("@news.example"), Message.name == "mail.wanted.v1")
        ).all()
    mails = [json.loads(each) for each in sent]
    assert sorted(mail["person"]["address"] for mail in mails) == sorted(f"n{n}@news.example" for n in range(count))
    assert mails[0]["facts"]["text"] == "Se kartan (https://krokom.example/karta)."
    assert mails[0]["sluice"]["name"] == sluice.name


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_words_that_would_run_are_words_on_pages_and_in_feeds(client, kim, database, kind, written) -> None:
    for payload in PAYLOADS:
        path = written(
            title=payload, text=f"## {payload}\n- {payload}\n\n[{payload}](javascript:fire())", press_contact=payload
        )
        post(kim, f"{path}/publicera")
        address = address_of(kim, path)
        for page in (client.get(address).text, client.get("/nyheter/krokom/").text, kim.get(path).text):
            assert not Elements(re.sub(r'<script type="module" src="/static/[^"]+"></script>', "", page)).can_run

    root = etree.fromstring(client.get(f"/nyheter/krokom/flode.{kind}").data)

    name = "content" if kind == "atom" else "description"
    for body in root.iter(f"{{*}}{name}"):
        assert not Elements(body.text or "").can_run
    with database.transaction() as session:
        for post_row in session.scalars(select(News)):
            post_row.published_at = None
