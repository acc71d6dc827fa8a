"""Search finds Swedish words in their forms; similar ideas are those about the same thing, and only what may be seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.intake.store import search
from services.intake.store.tables import Idea
from services.intake.store.work_tables import IdeaSluice
from services.intake.usecases.similar import similar
from shared.clock import now
from shared.db import Database, Role
from tests.support.ideas import a_sluice, an_idea

IDEAS = {
    "Elcyklar som hemtjänsten delar på": "Vi kör bil korta sträckor mellan brukarna. Tre elcyklar vore bättre.",
    "Cykelställ vid skolan i Nälden": "Barnen låser fast cyklarna i staketet.",
    "Läsplats på biblioteket": "En tyst vrå med fåtöljer för den som vill läsa en stund.",
    "Sök förråd med QR-kod": "Vi letar efter hjälpmedel i förrådet varje dag. En kod på hyllan visar vad som finns.",
    "50 % rabatt' OR 1=1 -- \\ 'citat'": "Konstiga tecken: \\ ' : & | ! ( ) <-> *",
}


@pytest.fixture(scope="module")
def filled(module_settings):
    database = Database(module_settings, Role.INTAKE)
    with database.transaction() as session:
        krokom = a_sluice(session)
        berg = a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
        for title, text in IDEAS.items():
            an_idea(session, module_settings, krokom, title=title, text=text)
        an_idea(session, module_settings, berg, title="Elcyklar i Berg", text="Tre elcyklar till hemtjänsten.")
    yield database, krokom, berg
    database.dispose()


def found(database, words):
    with database.transaction() as session:
        return {session.get_one(Idea, one).title for one in search.newest(session, words, None)}


HEMTJANST, STALL, LASPLATS, FORRAD, TECKEN = IDEAS
BERG = "Elcyklar i Berg"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("elcyklarna", {HEMTJANST, BERG}),
        ("cykel", {STALL}),
        ("förrådets koder", {FORRAD}),
        ("BIBLIOTEK läsa", {LASPLATS}),
        ("biblioteket elcyklar", set()),
        ("KRO-2026", {HEMTJANST, STALL, LASPLATS, FORRAD, TECKEN}),
        ("ber-2026-0001", {BERG}),
        ("och", set()),
        ("", set()),
        ("50", {TECKEN}),
        ("' & ! ( <-> :* \\ konstiga", {TECKEN}),
    ],
)
def test_words_are_found_in_their_forms_and_no_sign_breaks_the_search(filled, words, expected) -> None:
    assert found(filled[0], words) == expected


def test_a_sluice_also_finds_what_was_shared_with_it_and_nothing_else_of_others(filled) -> None:
    database, _, berg = filled
    with database.transaction() as session:
        shared = session.scalars(select(Idea).where(Idea.title == STALL)).one()
        session.add(IdeaSluice(idea_id=shared.id, sluice_id=berg.id, link="shared", at=now(), actor="Kim"))
        session.flush()
        alone = search.newest(session, "cykel", [berg.id])
        linked = search.newest(session, "cykel", [berg.id], linked_to=[berg.id])
        expected = [shared.id]
        session.rollback()

    assert (alone, linked) == ([], expected)


def test_an_idea_about_the_same_is_found_and_others_are_not(filled) -> None:
    database, krokom, _ = filled
    with database.transaction() as session:
        alike = similar(session, krokom.id, "Elcyklar", "Hemtjänsten kunde dela på elcyklar.", public_only=False)
        foreign = similar(session, krokom.id, "Badplats vid Hotagen", "En brygga till.", public_only=False)
        hostile = similar(session, krokom.id, "' \\ & | !", "<-> ' '' \\' :*", public_only=False)

    assert [idea.title for idea in alike] == ["Elcyklar som hemtjänsten delar på"]
    assert foreign == hostile == []


def test_the_public_is_shown_what_is_published_as_it_is_published(filled) -> None:
    database, krokom, _ = filled
    with database.transaction() as session:
        nothing = similar(session, krokom.id, "Elcyklar", "Hemtjänsten delar elcyklar.", public_only=True)
        idea = session.scalar(select(Idea).where(Idea.title.startswith("Elcyklar som")))
        idea.published_at, idea.public_title = now() - timedelta(days=1), "Elcyklar, maskerad"
        idea.public_text = "Hemtjänsten delar."
        session.flush()
        shown = similar(session, krokom.id, "Elcyklar", "Hemtjänsten delar elcyklar.", public_only=True)
        itself = similar(session, krokom.id, "Elcyklar", "hemtjänsten", public_only=True, exclude=idea.id)
        guessed = similar(session, krokom.id, "korta sträckor", "mellan brukarna", public_only=True)
        session.rollback()

    assert nothing == itself == []
    assert guessed == [], "words that the board hides could be guessed one by one"
    assert [one.title for one in shown] == ["Elcyklar, maskerad"]


def test_the_newest_are_found_by_rare_and_by_common_words_alike(filled, monkeypatch) -> None:
    database, krokom, _ = filled
    monkeypatch.setattr(search, "MAX_FOUND", 1)  # one hit is many: weeks are gone through

    with database.transaction() as session:
        newest = search.newest(session, "elcyklar hemtjänst", None)
        theirs = search.newest(session, "elcyklar hemtjänst", [krokom.id])
        nobodys = search.newest(session, "elcyklar", [])
        stop_words = search.newest(session, "och att", [krokom.id])
        titles = [session.get_one(Idea, found[0]).title for found in (newest, theirs)]

    assert titles == ["Elcyklar i Berg", "Elcyklar som hemtjänsten delar på"]
    assert nobodys == stop_words == []
