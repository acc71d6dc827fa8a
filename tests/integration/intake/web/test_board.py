"""The public board: what it shows and to nobody else, support that counts once, comments that wait, feeds that parse."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy import select, update

from services.intake.domain.idea import Stage
from services.intake.store.public_tables import Comment, Follower, News, Story
from services.intake.store.tables import Idea, Sluice, TimelineEntry
from services.intake.usecases import support_idea
from services.intake.usecases.receive import note
from services.intake.usecases.tell_followers import CHUNK, TellFollowers, tell_followers
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import FOLLOWERS_DUE
from shared.ids import new_id
from shared.web import form_tokens as form_token
from shared.web import links
from tests.support.ideas import an_idea
from tests.support.pages import PAYLOADS, Elements
from tests.support.signed_in import client_for, post

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module", autouse=True)
def board_is_on(database, sluice):
    with database.transaction() as session:
        session.execute(update(Sluice).values(board=True))


@pytest.fixture
def publish(database, web_settings, sluice):
    """Make an idea that stands on the board; keywords are columns of Idea."""

    def made(title: str = "Delade elcyklar", text: str = "Tre cyklar med vinterdäck.", **columns) -> Idea:
        with database.transaction() as session:
            idea = an_idea(session, web_settings, sluice, title="Originalet", text="Som det kom.")
            given = {"public_title": title, "public_text": text, "published_at": now()} | columns
            for name, value in given.items():
                setattr(idea, name, value)
        return idea

    return made


@pytest.fixture
def send(client, web_settings):
    """Send one of the board's forms as somebody with all hidden fields and no JavaScript."""

    def sent(idea: Idea, what: str = "stod", **fields):
        form = {"stod": "support:krokom", "kommentar": "comment:krokom"}[what]
        token = form_token.issue(web_settings.signer, form, now() - timedelta(minutes=1))
        return client.post(
            f"/tavla/krokom/{idea.reference}/{what}", data={"form_token": token, "language": "sv"} | fields
        )

    return sent


@pytest.fixture
def letters(database):
    """The mails asked for to an address, newest last."""

    def found(address: str) -> list[dict]:
        with database.transaction() as session:
            rows = session.scalars(
                select(Message.payload).where(Message.name == "mail.wanted.v1").order_by(Message.id)
            ).all()
        return [each for each in map(json.loads, rows) if each["person"]["address"] == address]

    return found


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def test_nothing_of_what_is_not_published_or_of_its_sender_is_on_any_public_page(
    client, database, web_settings, sluice, publish
) -> None:
    secret = "hemligtord"
    people = {"submitter_name": f"Åsa {secret.title()}", "submitter_address": f"{secret}@privat.example"}
    shown = publish("Synlig idé", "Synlig text", stage="implemented", **people)
    with database.transaction() as session:
        kept = session.get_one(Idea, shown.id)
        kept.text, kept.title, kept.set_apart = f"original {secret}", f"titel {secret}", f"svans {secret}"
        for public, event, text in (
            (True, "answered", f"Hej Åsa {secret.title()}! Vi svarar {secret}@privat.example gärna."),
            (False, "noted", f"intern {secret}"),
            (True, "added", f"tillägg {secret}"),
            (False, "answered", f"dolt svar {secret}"),
        ):
            note(session, kept, event=event, at=now(), actor="Kim", actor_kind="contact", text=text, public=public)
        for state, confirmed in (("held", now()), ("hidden", now()), ("shown", None)):
            session.add(
                Comment(
                    id=new_id(),
                    idea_id=kept.id,
                    name=secret,
                    address=f"{secret}@x.example",
                    text=secret,
                    at=now(),
                    state=state,
                    confirmed_at=confirmed,
                )
            )
        session.add(Story(idea_id=kept.id, title=secret, text=secret, published_at=None, actor="Kim"))
        session.add(News(id=new_id(), slug=secret, title=secret, text=secret, created_at=now(), actor=secret))
    hidden = [
        publish(secret, secret, published_at=None),
        publish(secret, secret, held="spam"),
        publish(secret, secret, merged_into=shown.id, stage="implemented"),
    ]
    with database.transaction() as session:
        for one in hidden:
            session.add(Story(idea_id=one.id, title=secret, text=secret, published_at=now(), actor=secret))

    paths = ["/", "/tavla/krokom", "/tavla/krokom/berattelser", "/nyheter/", "/nyheter/krokom/", f"/nyheter/{secret}"]
    paths += [f"/tavla/krokom?ordning={order}&steg={stage}" for order in ("", "stod") for stage in ("", *Stage)]
    paths += [f"/tavla/krokom?q={word}" for word in (secret, "original", "originalet", hidden[0].reference)]
    paths += [f"/tavla/krokom/{idea.reference}" for idea in (shown, *hidden)]
    paths += [f"{where}/flode.{kind}" for where in ("/tavla/krokom", "/nyheter") for kind in ("rss", "atom")]
    missing = {secret, *(one.reference for one in hidden)}
    for path in paths:
        answer = client.get(path)
        # The language link and the search field repeat what was asked for, and nothing else may.
        said = re.sub(r'<a class="ds-link" href="[^"]*" lang="en"|value="[^"]*"', "", answer.text.lower())
        assert secret not in said, path
        assert answer.status_code == (404 if path.rpartition("/")[2] in missing else 200), path
    page = client.get(f"/tavla/krokom/{shown.reference}").text
    assert "Hej …! Vi svarar … gärna." in page
    assert "Originalet" not in page
    assert "Synlig idé" in client.get("/tavla/krokom?q=synlig").text
    assert "Synlig idé" in client.get(f"/tavla/krokom?q={kept.reference}").text
    assert "Synlig idé" not in client.get(f"/tavla/krokom?q={secret}").text


def test_a_board_that_is_off_and_what_does_not_exist_say_so_in_words(client, database, publish) -> None:
    idea = publish()
    with database.transaction() as session:
        session.execute(update(Sluice).values(board=False))
    try:
        for path in ("/tavla/krokom", f"/tavla/krokom/{idea.reference}", "/tavla/krokom/flode.atom"):
            answer = client.get(path)
            assert (answer.status_code, "visar inte sina idéer öppet" in answer.text) == (404, True), path
    finally:
        with database.transaction() as session:
            session.execute(update(Sluice).values(board=True))
    assert client.get("/tavla/nowhere").status_code == 404
    assert client.get("/tavla/krokom/x").status_code == 404
    assert client.get("/tavla/krokom?fran=9.x&steg=nothing").status_code == 200


def test_pages_go_on_where_the_last_one_ended_in_both_orders(client, database, publish) -> None:
    moment = now()
    made = [publish(f"Bläddra {n}", supporters=n % 3, published_at=moment - timedelta(minutes=n)) for n in range(30)]

    for order, key in (("", lambda n: n), ("stod", lambda n: (-(n % 3), n))):
        path, seen = f"/tavla/krokom?q=bläddra&ordning={order}", []
        while path:
            page = client.get(path).text
            seen += [int(number) for number in re.findall(r">Bläddra (\d+)<", page)]
            following = re.search(r'<a class="ds-button"[^>]* href="(/tavla/krokom\?fran=[^"]+)"', page)
            path = following[1].replace("&amp;", "&") if following else None
        assert seen == sorted(range(len(made)), key=key)


def test_support_is_asked_once_a_day_counts_by_a_button_and_ends_by_another(client, publish, send, letters) -> None:
    idea = publish()

    answers = [send(idea, address=" Bo@Annan.example ") for _ in range(2)]

    assert {(answer.status_code, answer.location) for answer in answers} == {
        (303, f"/tavla/krokom/{idea.reference}?skickat=stod#stod")
    }
    [letter] = letters("Bo@Annan.example")
    assert (letter["kind"], letter["facts"]["what"], letter["is_to_stranger"]) == ("verify", "support", True)
    assert "cyklar" not in json.dumps(letter)
    here, page = path_of(letter["facts"]["verify_url"]), f"/tavla/krokom/{idea.reference}"
    assert "Ja, jag stöder idén" in client.get(here).text
    assert '<b class="count">0</b>' in client.get(page).text
    for _ in range(2):
        assert client.post(here).status_code == 303
    assert "Ditt stöd är räknat" in client.get(here).text
    assert '<b class="count">1</b>' in client.get(page).text
    assert send(idea, address="bo@annan.example").location == answers[0].location
    assert len(letters("Bo@Annan.example")) == 1

    assert client.post(here.replace("/stod/", "/sluta/")).status_code == 404


def test_twenty_people_at_once_are_twenty_supporters(database, publish, client, web_settings) -> None:
    idea = publish()
    with database.transaction() as session:
        ids = [new_id() for _ in range(20)]
        session.add_all(
            Follower(id=one, idea_id=idea.id, address=f"p{n}@x.example", why="supports", asked_at=now())
            for n, one in enumerate(ids)
        )

    def confirm(one) -> None:
        with database.transaction() as session:
            support_idea.confirm(session, one)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(confirm, ids * 2))

    with database.transaction() as session:
        assert session.get_one(Idea, idea.id).supporters == 20
    stop = path_of(links.stop_following_url(web_settings, ids[0]))
    assert client.post(stop, data={"List-Unsubscribe": "One-Click"}).status_code == 204
    with database.transaction() as session:
        assert session.get_one(Idea, idea.id).supporters == 20
        assert session.get_one(Follower, ids[0]).ended_at is not None
    assert client.post(stop, data={"act": "withdraw"}).status_code == 303
    with database.transaction() as session:
        assert session.get_one(Idea, idea.id).supporters == 19


def test_followers_are_told_in_chunks_each_once(database, web_settings, publish) -> None:
    idea = publish(submitter_address="egen@x.example")
    count = CHUNK + 5
    with database.transaction() as session:
        session.add_all(
            Follower(
                id=new_id(),
                idea_id=idea.id,
                address=address,
                why="supports",
                asked_at=now(),
                confirmed_at=now(),
                ended_at=now() if address.startswith("slut") else None,
            )
            for address in [*(f"f{n}@chunk.example" for n in range(count)), "slut@chunk.example", "egen@x.example"]
        )
        entry = TimelineEntry(
            id=new_id(), idea_id=idea.id, at=now(), event="answered", actor="Kim", actor_kind="contact", text="Ja."
        )
        session.add(entry)
        tell_followers(session, session.get_one(Idea, idea.id), entry)

    told, handled = [], 0
    while True:
        with database.transaction() as session:
            due = session.scalars(
                select(Message.payload).where(Message.name == "followers.due.v1").order_by(Message.id)
            ).all()[handled:]
            if not due:
                break
            handled += 1
            TellFollowers(web_settings)(session, FOLLOWERS_DUE.load(json.loads(due[0])))
    with database.transaction() as session:
        rows = session.scalars(select(Message.payload).where(Message.payload.contains('"followed"'))).all()
    for each in map(json.loads, rows):
        if each["about"] == str(entry.id):
            told.append(each["person"]["address"])
            assert each["facts"]["idea"]["title"] == "Delade elcyklar"
    assert sorted(told) == sorted(f"f{n}@chunk.example" for n in range(count))


def test_a_comment_waits_for_its_writer_and_then_for_a_contact(client, app, database, publish, send, letters) -> None:
    idea = publish()
    words = {"name": "Lena", "address": "lena@x.example"}
    for text in ("Bra tänkt.", "En sak till."):
        assert send(idea, "kommentar", text=text, **words).status_code == 303

    [letter] = letters("lena@x.example")
    here, page = path_of(letter["facts"]["verify_url"]), f"/tavla/krokom/{idea.reference}"
    found = client.get(here).text
    assert "Bra tänkt." in found
    assert "En sak till." in found
    ids = re.findall(r'name="comment" value="([^"]+)"', found)
    kim, stranger = client_for(app, "kim@x.example", "contact:krokom"), client_for(app, "bo@x.example", "contact:berg")
    assert "Bra tänkt." not in kim.get("/kontakt/kommentarer/").text
    other = publish()
    assert send(other, "kommentar", text="Annan idé", **words).status_code == 303
    foreign = path_of(letters("lena@x.example")[1]["facts"]["verify_url"])
    assert client.post(foreign, data={"comment": ids[0]}).status_code == 404
    assert client.post(here, data={"comment": ids[0]}).status_code == 303
    assert client.post(here, data={"comment": "x"}).status_code == 404

    assert "Lena" not in client.get(page).text
    assert "lena@x.example" in kim.get("/kontakt/kommentarer/").text
    assert re.search(r"\d+ kommentar(er)? väntar på dig", kim.get("/kontakt/").text)
    assert "väntar på dig" not in stranger.get("/kontakt/").text
    decide = f"/kontakt/kommentarer/{ids[0]}"
    assert "Lena" not in stranger.get("/kontakt/kommentarer/").text
    assert post(stranger, decide, state="shown", was="held").status_code == 404
    assert post(kim, decide, state="shown", was="held").status_code == 303
    assert "Lena" in client.get(page).text
    assert "lena@x.example" not in client.get(page).text
    assert post(kim, decide, state="hidden", was="held").status_code == 409
    assert post(kim, decide, state="hidden", was="shown").status_code == 303
    assert "Lena" not in client.get(page).text


def test_an_open_board_shows_comments_at_once_but_for_those_that_point_at_somebody(
    client, database, publish, send, letters
) -> None:
    with database.transaction() as session:
        session.execute(update(Sluice).values(comments="open"))
    idea = publish()
    for text in ("Klokt.", "Ring mig på 070-123 45 67."):
        send(idea, "kommentar", text=text, name="Öppna Olle", address="olle@x.example")
    here = path_of(letters("olle@x.example")[0]["facts"]["verify_url"])
    for one in re.findall(r'name="comment" value="([^"]+)"', client.get(here).text):
        client.post(here, data={"comment": one})

    page = client.get(f"/tavla/krokom/{idea.reference}").text

    assert "Klokt." in page
    assert "070-123" not in page
    with database.transaction() as session:
        session.execute(update(Sluice).values(comments="off"))
    assert "Klokt." not in client.get(f"/tavla/krokom/{idea.reference}").text
    assert send(idea, "kommentar", text="x", name="y", address="z@x.example").status_code == 404
    with database.transaction() as session:
        session.execute(update(Sluice).values(comments="held"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "", "name": "Lena", "address": "l@x.example"}, "Skriv din kommentar"),
        ({"text": "x" * 2001, "name": "Lena", "address": "l@x.example"}, "Högst 2\u00a0000 tecken"),
        ({"text": "kvar<b>", "name": "", "address": "l@x.example"}, "Skriv ditt namn"),
        ({"text": "kvar<b>", "name": "Lena", "address": "l@krokom"}, "Adressen saknar något efter @"),
        ({"text": "kvar<b>", "name": "Lena", "address": "l@x.example", "form_token": "x"}, "Skicka igen"),
    ],
)
def test_what_cannot_be_taken_comes_back_with_what_was_typed(publish, send, fields, said) -> None:
    answer = send(publish(), "kommentar", **fields)

    assert answer.status_code == 422
    assert answer.text.count(said.replace("\u00a0", " ")) + answer.text.count(said) >= 2
    assert fields["text"].replace("<b>", "&lt;b&gt;") in answer.text


def test_a_program_that_fills_every_field_is_told_yes_and_nothing_is_done(publish, send, letters) -> None:
    answer = send(publish(), address="bot@x.example", homepage="https://spam.example")

    assert answer.status_code == 303
    assert letters("bot@x.example") == []


def test_words_that_would_run_are_shown_as_words(client, database, publish) -> None:
    for payload in PAYLOADS:
        idea = publish(payload, payload, stage="implemented")
        with database.transaction() as session:
            kept = session.get_one(Idea, idea.id)
            note(session, kept, event="answered", at=now(), actor=payload, actor_kind="contact", text=payload)
            session.add(Story(idea_id=idea.id, title=payload, text=payload, published_at=now(), actor="Kim"))
            session.add(
                Comment(
                    id=new_id(),
                    idea_id=idea.id,
                    name=payload,
                    address="x@x.example",
                    text=payload,
                    at=now(),
                    confirmed_at=now(),
                    state="shown",
                )
            )
        for path in (f"/tavla/krokom/{idea.reference}", "/tavla/krokom", "/tavla/krokom/berattelser", "/"):
            page = re.sub(r'<script type="module" src="/static/[^"]+"></script>', "", client.get(path).text)
            assert not Elements(page).can_run, (path, payload)


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_a_feed_is_valid_xml_with_public_addresses_and_is_sent_once(client, publish, web_settings, kind) -> None:
    idea = publish("A & B <c> \x01\ufffe 🚲", "Två\n\nstycken")

    answer = client.get(f"/tavla/krokom/flode.{kind}")

    root = etree.fromstring(answer.data)
    assert answer.headers["Content-Type"].startswith(f"application/{kind}+xml")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    address = f"{web_settings.base_url}/tavla/krokom/{idea.reference}"
    if kind == "atom":
        assert root.tag == f"{ATOM}feed"
        assert all(root.find(f"{ATOM}{name}").text for name in ("id", "title", "updated"))
        entries = root.findall(f"{ATOM}entry")
        [entry] = [one for one in entries if one.find(f"{ATOM}id").text == address]
        assert entry.find(f"{ATOM}title").text == "A & B <c>  🚲"
        assert entry.find(f"{ATOM}updated").text.endswith("+00:00")
    else:
        items = root.findall("channel/item")
        [item] = [one for one in items if one.find("guid").text == address]
        assert item.find("title").text == "A & B <c>  🚲"
        assert item.find("pubDate").text.endswith("+0000")
    again = client.get(f"/tavla/krokom/flode.{kind}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_story_is_told_by_the_contact_of_an_implemented_idea_alone(client, app, publish) -> None:
    idea = publish(stage="piloting")
    kim, stranger = client_for(app, "kim@x.example", "contact:krokom"), client_for(app, "bo@x.example", "contact:berg")
    path, board = f"/kontakt/ide/{idea.reference}/berattelse", f"/tavla/krokom/{idea.reference}"
    assert stranger.get(path).status_code == 404
    assert "inte genomförd än" in kim.get(path).text
    idea = publish(stage="implemented")
    path, board = f"/kontakt/ide/{idea.reference}/berattelse", f"/tavla/krokom/{idea.reference}"
    seen = re.search(r'name="seen" value="(\w+)"', kim.get(path).text)[1]
    words = {"title": "Cyklar <i>", "text": "Så gick det."}

    assert post(stranger, path, act="publish", seen=seen, **words).status_code == 404
    assert post(kim, path, act="save", seen=seen, **words).status_code == 303
    assert "Så gick det." not in client.get(board).text
    clash = post(kim, path, act="publish", seen=seen, title="Annat", text="Min text")
    assert (clash.status_code, "Min text" in clash.text, "Någon hann före" in clash.text) == (409, True, True)
    seen = re.search(r'name="seen" value="(\w+)"', clash.text)[1]
    assert post(kim, path, act="publish", seen=seen, **words).status_code == 303

    for where in (board, "/tavla/krokom/berattelser", "/"):
        assert "Cyklar &lt;i&gt;" in client.get(where).text, where
    assert post(kim, path, act="publish", seen="x", title="", text="").status_code == 409
