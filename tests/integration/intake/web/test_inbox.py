"""The contacts' inbox: every idea in its group, nothing of a foreign sluice, and as many statements however long it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.engine import Engine

from services.intake.store import search, sluices
from services.intake.store.people_tables import Change
from services.intake.store.tables import Idea, InboundEmail, TimelineEntry
from services.intake.store.work_tables import IdeaSluice
from services.intake.usecases import inbox
from shared.clock import STOCKHOLM, now
from shared.ids import new_id
from shared.web import session as sessions
from tests.support.ideas import a_mail, a_sluice, an_idea
from tests.support.pages import PAYLOADS, Elements
from tests.support.signed_in import client_for, post

ME = "kontakt@krokom.example"
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example")',
    "-2+3",
    " =1",
]
TODAY = date(2026, 11, 23)
"""A Monday."""


@pytest.fixture(scope="module")
def world(app, database, sluice, web_settings):
    """Two sluices, each with an idea for every group."""
    with database.transaction() as session:
        sluices.add_contact(session, sluice.id, name="Kollegan", address="kollega@krokom.example")
        foreign = a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
        session.flush()
        colleague = sluices.profile(session, sluice.id).contact_with("kollega@krokom.example")
        for one in (sluice, foreign):
            for name, days, more in (
                ("sen", -3, {}),
                ("sen nu i helgen", -1, {}),
                ("ny", 2, {}),
                ("frågad", 2, {"asked_at": now()}),
                ("kollegans", 2, {"assigned_to": colleague.id}),
                ("min", 2, {"assigned_to": sluice.contacts[0].id}),
                ("hållen", -3, {"held": "spam"}),
                ("besvarad", -9, {"answered_at": now()}),
                ("frågad igen", -9, {"answered_at": now(), "asked_at": now()}),
                ("avslutad", -9, {"stage": "closed"}),
            ):
                idea = an_idea(session, web_settings, one, title=f"{name} cykelställ i {one.slug}", text=PAYLOADS[0])
                idea.answer_by = datetime.combine(TODAY + timedelta(days=days), time(12), tzinfo=STOCKHOLM)
                for field, value in more.items():
                    setattr(idea, field, value)
    return foreign


@pytest.fixture
def client(app, world, monkeypatch):
    monkeypatch.setattr(inbox, "now", lambda: datetime.combine(TODAY, time(9), tzinfo=STOCKHOLM))
    return client_for(app, ME, "contact:krokom")


def titles(page: str) -> dict[str, list[str]]:
    """The titles in each group of the page."""
    found = {}
    for group, rest in re.findall(r'<section class="group" id="(\w+)"(.*?)</section>', page, re.S):
        found[group] = re.findall(r"data-idea>(.*?) cykelställ", rest)
    return found


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the app asks of the database meanwhile."""
    heard: list[str] = []

    def hear(connection, cursor, statement, *rest) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def test_every_idea_stands_in_the_group_of_what_it_waits_for(client) -> None:
    page = client.get("/kontakt/").text

    assert titles(page) == {
        "late": ["sen", "sen nu i helgen"],
        "new": ["ny", "min"],
        "waiting": ["frågad igen", "frågad", "kollegans"],
        "held": ["hållen"],
        "answered": ["avslutad", "besvarad"],
    }
    assert page.count("1 arbetsdag sen") == 3  # promised for Friday or Sunday: nobody works at the weekend
    assert "2 arbetsdagar kvar" in page
    assert not Elements(page.replace("<script src=", "<i src=")).can_run
    assert "berg" not in page.lower()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("late=yes", {"sen", "sen nu i helgen"}),
        ("assigned=me", {"min"}),
        ("held=yes", {"hållen"}),
        ("stage=closed", {"avslutad"}),
        ("q=frågad+cykelställen", {"frågad", "frågad igen"}),
        ("sluice=berg", set()),
        ("assigned=not-an-id&q=x", set()),
        ("q='%3B+DROP+TABLE+%26+%7C+!", set()),
        ("tag=nonsense&stage=nowhere&q=kollegans", {"kollegans"}),
    ],
)
def test_a_filter_shows_what_fits_it_and_a_chip_takes_it_away(client, query: str, found: set[str]) -> None:
    page = client.get(f"/kontakt/?{query}").text

    assert {title for group in titles(page).values() for title in group} == found
    assert page.count('class="chip"') == len(
        [part for part in query.split("&") if "nonsense" not in part and "nowhere" not in part]
    )


def test_a_day_that_is_none_is_told_at_its_field_and_stays_there(client) -> None:
    page = client.get("/kontakt/?since=igår&q=sen").text

    assert 'value="igår" aria-invalid="true"' in page
    assert titles(page)["late"] == ["sen", "sen nu i helgen"]


def test_a_reference_typed_into_the_search_opens_the_idea_unless_it_is_foreign(client, database) -> None:
    with database.transaction() as session:
        mine, foreign = (
            session.scalar(select(Idea.reference).where(Idea.title == f"ny cykelställ i {slug}"))
            for slug in ("krokom", "berg")
        )

    assert client.get(f"/kontakt/?q={mine.lower()}").location == f"/kontakt/ide/{mine}"
    assert client.get(f"/kontakt/?q={foreign}").status_code == 200


def test_a_search_with_more_hits_than_are_gone_through_says_so(client, monkeypatch) -> None:
    whole = client.get("/kontakt/?q=cykelställ").text
    monkeypatch.setattr(search, "MAX_FOUND", 3)
    page = client.get("/kontakt/?q=cykelställ").text

    assert sum(map(len, titles(page).values())) == 3
    assert "de 3 nyaste träffarna" in page
    assert "nyaste träffarna" not in whole


def test_a_shared_idea_is_seen_and_cannot_be_acted_on(client, database, sluice) -> None:
    with database.transaction() as session:
        theirs = session.scalars(select(Idea).where(Idea.title == "ny cykelställ i berg")).one()
        session.add(IdeaSluice(idea_id=theirs.id, sluice_id=sluice.id, link="shared", at=now(), actor="Bergs kommun"))
        reference, version = theirs.reference, theirs.version

    seen, found = client.get("/kontakt/").text, client.get("/kontakt/?q=cykelställ").text
    told = client.get(post(client, "/kontakt/flera", act="tag", ideas=f"{reference}:{version}", name="cykel").location)
    with database.transaction() as session:
        session.delete(session.get_one(IdeaSluice, (theirs.id, sluice.id)))

    assert titles(seen)["new"].count("ny") == titles(found)["new"].count("ny") == 2
    assert "Bergs kommun" in seen
    assert "en annan kommun svarar" in told.text


def test_a_thousand_ideas_take_no_more_statements_than_ten(app, database, web_settings) -> None:
    with database.transaction() as session:
        many = a_sluice(session, slug="many", code="MAN", name="Mångas kommun")
        first = an_idea(session, web_settings, many)
        columns = {name.name: getattr(first, name.name) for name in Idea.__table__.columns if name.name != "search"}
        reader = client_for(app, "kontakt@many.example", "contact:many")
    with database.transaction() as session:
        rows = [
            columns | {"id": new_id(), "reference": f"MAN-2025-{n:04}", "supporters": n % 7, "idempotency_key": None}
            for n in range(1, 1101)
        ]
        session.execute(insert(Idea), rows)
    with statements() as much:
        page = reader.get("/kontakt/").text

    assert len(much) <= 10, much
    assert page.count("idea-row-words") == inbox.SHOWN[inbox.Group.NEW]
    assert "fler än 1000" in page

    seen: list[str] = []
    path = "/kontakt/?group=new&sort=supporters"
    while path:
        page = reader.get(path).text
        seen += re.findall(r"<span>(MAN-\d+-\d+)</span>", page)
        follow = re.search(r'rel="next" href="([^"]+)"', page)
        path = follow[1].replace("&amp;", "&") if follow else ""
    assert len(seen) == len(set(seen)) == 1101


def test_an_export_holds_what_the_list_holds_and_no_formula(client, app, database, sluice, web_settings) -> None:
    with database.transaction() as session:
        for number, words in enumerate(HOSTILE):
            idea = an_idea(session, web_settings, sluice, title="farlig", text=words, submitter_name=words.strip())
            idea.title = f"{words}" if number % 2 else "farlig cell"

    rows = list(csv.reader(io.StringIO(client.get("/kontakt/export.csv").data.decode("utf-8-sig")), delimiter=";"))
    book = openpyxl.load_workbook(io.BytesIO(client.get("/kontakt/export.xlsx?lang=en").data))
    sheet = [list(row) for row in book.active.iter_rows()]

    assert rows[0][:3] == ["Nummer", "Kommun", "Rubrik"]
    assert [cell.value for cell in sheet[0][:3]] == ["Number", "Municipality", "Title"]
    assert [row[0] for row in rows[1:]] == [row[0].value for row in sheet[1:]]
    assert len(rows) - 1 == 10 + len(HOSTILE)
    assert {row[1] for row in rows[1:]} == {"Krokoms kommun"}
    begins = [cell[0] for row in rows for cell in row if cell] + [
        str(cell.value)[0] for row in sheet for cell in row if cell.value not in (None, "")
    ]
    assert not set(begins) & set("=+-@\t\r\n")
    assert all(cell.data_type in ("s", "n") and cell.hyperlink is None for row in sheet for cell in row)
    assert sum(cell.startswith("'") for row in rows for cell in row) >= 20
    with database.transaction() as session:
        taken = session.scalars(select(Change).where(Change.what == "ideas.exported")).all()
    assert {(one.actor, one.after["form"]) for one in taken} == {(ME, "csv"), (ME, "xlsx")}


def test_doing_the_same_to_several_tells_of_each_and_one_press_undoes_it(
    client, database, web_settings, sluice
) -> None:
    with database.transaction() as session:
        ideas = [an_idea(session, web_settings, sluice, title=f"många {n}") for n in range(3)]
        ideas[1].version += 1
        ideas[2].held = "spam"
        chosen = " ".join(f"{idea.reference}:1" for idea in ideas)
        references = [idea.reference for idea in ideas]

    form = client.get("/kontakt/flera?act=move&" + "&".join(f"idea={one}" for one in chosen.split())).text
    empty = post(client, "/kontakt/flera", act="move", ideas=chosen, to="developing", answer="  ")
    sure = post(client, "/kontakt/flera", act="move", ideas=chosen, to="developing", answer=PAYLOADS[0])
    with database.transaction() as session:
        untouched = session.scalar(select(Idea.stage).where(Idea.reference == references[0]))
    done = post(client, "/kontakt/flera", act="move", ideas=chosen, to="developing", answer="Vi prövar.", step="sure")
    told = client.get(done.location).text
    tagged = post(client, "/kontakt/flera", act="tag", ideas=f"{references[0]}:2", name="cykel")
    undo = re.search(r'name="undo" value="([^"]+)"', client.get(tagged.location).text)[1]
    undone = post(client, "/kontakt/flera/angra", undo=undo)

    assert "3 mejl går ut" in form
    assert empty.status_code == 422
    assert "Skriv ett svar" in empty.text
    assert "Skicka 3 mejl" in sure.text
    assert not Elements(sure.text).can_run
    assert untouched == "received"
    assert done.status_code == 303
    assert "Klart för 1 idé" in told
    assert re.search(rf"Någon hann före.*{references[1]}", told, re.S)
    assert re.search(rf"{references[2]}</a>.*Släpp den först", told)
    assert "act=undone" in undone.location
    with database.transaction() as session:
        moved, version, stages = session.scalar(select(Idea).where(Idea.reference == references[0])), 4, []
        stages = session.scalars(select(Idea.stage).where(Idea.reference.in_(references[1:]))).all()
    assert (moved.stage, moved.version) == ("developing", version)
    assert stages == ["received", "received"]


def test_what_is_held_is_let_go_or_set_aside_quietly(client, app, database, web_settings, sluice) -> None:
    with database.transaction() as session:
        junk = an_idea(session, web_settings, sluice, title="Vinn en resa", held="spam")
        mail = a_mail(session, sluice, held="return-path", reading={"subject": "En studs", "text": "hej"})
        reference = junk.reference
    stranger = client_for(app, "kontakt@berg.example", "contact:berg")

    page = client.get("/kontakt/hallna").text
    foreign = (
        post(stranger, f"/kontakt/hallna/ide/{reference}", do="junk", version=1).status_code,
        post(stranger, f"/kontakt/hallna/mejl/{mail.id}", do="junk").status_code,
    )
    set_aside = post(client, f"/kontakt/hallna/ide/{reference}", do="junk", version=1)
    post(client, f"/kontakt/hallna/mejl/{mail.id}", do="junk")
    after = client.get(set_aside.location).text
    history = client.get(f"/kontakt/ide/{reference}").text

    assert "Vinn en resa" in page
    assert "En studs" in page
    assert foreign == (404, 404)
    assert "Vinn en resa" not in after
    assert "En studs" not in after
    assert 'name="undo"' in after
    assert "lade undan idén som skräp" in history
    with database.transaction() as session:
        closed = session.scalars(select(Idea).where(Idea.reference == reference)).one()
        entries = session.scalars(select(TimelineEntry).where(TimelineEntry.idea_id == closed.id)).all()
        assert (closed.stage, closed.held) == ("closed", "spam")
        assert [(entry.event, entry.public) for entry in entries] == [("received", True), ("discarded", False)]
        assert session.get_one(InboundEmail, mail.id).held is None


@pytest.mark.parametrize(
    "path", ["/kontakt/", "/kontakt/export.csv", "/kontakt/flera", "/kontakt/hallna", "/kontakt/oversikt/"]
)
def test_nobody_is_led_to_the_sign_in_page(app, world, path: str) -> None:
    assert app.test_client().get(path).location.startswith(sessions.SIGN_IN)
