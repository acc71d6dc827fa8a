"""The guests' desk over HTTP: what is typed is kept, who may not see sees nothing, and files hold safe cells."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import func, select

from services.rsvp.app import create_app
from services.rsvp.store.guest_tables import Mailing
from services.rsvp.usecases.read_list import read_file
from shared.db import Database, Role
from tests.support.events import a_guest, an_event
from tests.support.signed_in import client_for, post

START = "/kontakt/traffar"


@pytest.fixture(scope="module")
def app(module_settings):
    found = create_app(module_settings)
    yield found
    found.extensions["idesluss_database"].dispose()


@pytest.fixture(scope="module")
def database(module_settings):
    found = Database(module_settings, Role.RSVP, pool_size=2)
    yield found
    found.dispose()


@pytest.fixture
def kim(app):
    return client_for(app, "kim@krokom.example", "contact:krokom")


@pytest.fixture
def event(database):
    with database.transaction() as session:
        return an_event(session, capacity=2, is_open=False)


def page_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return response.text


def test_a_list_is_uploaded_judged_taken_and_invited(app, kim, database, event) -> None:
    at = f"{START}/{event.slug}/inbjudningar"
    csv = "namn;e-post\r\nÅsa;asa@x.example\r\nBo;bo@x\r\n=HYPERLINK();=1@x\r\n".encode("cp1252")
    draft = post(kim, f"{at}/lista", file=(io.BytesIO(csv), "lista.csv"))
    assert draft.status_code == 303
    shown = page_of(kim, draft.location)
    assert "Adressen saknar slutet" in shown
    assert "1 rad går bra att ta." in shown
    faults = kim.get(f"{draft.location}/fel.csv").data.decode("utf-8-sig")
    assert faults.splitlines()[1:] == [
        "3;bo@x;Adressen saknar slutet, till exempel .se.",
        "4;'=1@x;" + faults.splitlines()[2].split(";")[2],
    ]

    taken = post(kim, f"{draft.location}/ta")
    assert "1 ny på listan" in page_of(kim, taken.location)
    assert "taken_before" in post(kim, f"{draft.location}/ta").location
    key = re.search(r'name="key" value="([^"]+)"', page_of(kim, at))
    assert key is not None
    for _ in range(2):
        assert post(kim, f"{at}/skicka", kind="invitation", note="Hej!", key=key[1]).status_code == 303
    going = page_of(kim, at)
    assert "0 av 1 är skickade." in going
    assert "Stoppat efter 0 av 1." in page_of(
        kim, post(kim, re.search(r'action="([^"]+/stoppa)"', going)[1]).location.partition("?")[0]
    )
    with database.transaction() as session:
        assert session.scalar(select(func.count()).where(Mailing.event_id == event.id)) == 1


def test_what_is_wrong_is_told_and_nothing_typed_is_lost(kim, event) -> None:
    at = f"{START}/{event.slug}"
    long_note = "Hej " * 300
    faulty = {
        f"{at}/inbjudningar/lista": ({"list": " "}, "Klistra in adresser"),
        f"{at}/inbjudningar/skicka": ({"kind": "invitation", "note": long_note}, long_note.strip()),
        f"{at}/inbjudningar/adressbocker": ({}, "Välj minst en bok."),
        f"{at}/gaster/ny": ({"address": "bo@krokom", "name": "Bo Åberg"}, "Bo Åberg"),
        f"{at}/gaster/platser": ({"capacity": "många"}, "många"),
        f"{START}/adressbocker/": ({"name": "", "sluice": "krokom"}, "Skriv ett namn på boken."),
    }
    for path, (fields, told) in faulty.items():
        response = post(kim, path, **fields)
        assert response.status_code == 422, path
        assert told in response.text, path


def test_one_guest_is_added_corrected_answered_for_seated_and_removed(kim, database, event) -> None:
    at = f"{START}/{event.slug}/gaster"
    page = post(kim, f"{at}/ny", address="eva@x.example", name="Eva").location.partition("?")[0]
    version = re.search(r'name="version" value="(\d+)"', page_of(kim, page))[1]
    post(kim, f"{page}/ratta", address="eva@y.example", name="Eva E", language="en", version=version)
    late = post(kim, f"{page}/ratta", address="eva@z.example", name="Typed", language="en", version=version)
    assert (late.status_code, "Typed" in late.text) == (409, True)

    version = re.search(r'name="version" value="(\d+)"', page_of(kim, page))[1]
    too_many = post(kim, f"{page}/svar", answer="yes", party_size="3", comment="Från telefon", version=version)
    assert (too_many.status_code, "Från telefon" in too_many.text) == (422, True)
    assert post(kim, f"{page}/svar", answer="yes", party_size="2", version=version).status_code == 303
    assert "Kommer, 2 personer." in page_of(kim, page)
    assert post(kim, f"{page}/bort", version=version).status_code == 409

    with database.transaction() as session:
        silent = a_guest(session, session.get_one(type(event), event.id), name="Tyst").id
    assert "Fick plats för hand." in page_of(kim, post(kim, f"{at}/{silent}/plats", version="1").location)
    assert "Fler har plats än det finns platser: 3 av 2." in page_of(kim, at)
    assert post(kim, f"{at}/stang", act="stang").status_code == 303
    assert "Listan är stängd: köket har sina antal." in page_of(kim, at)
    assert post(kim, f"{page}/nej", version="3").status_code == 303


def test_files_hold_every_answer_in_cells_that_are_text(kim, database, event) -> None:
    asked = {"question": "=Vad?", "answer": "+1", "kind": "text", "language": "sv"}
    with database.transaction() as session:
        held = session.get_one(type(event), event.id)
        for number in range(3):
            a_guest(
                session,
                held,
                name=f"=cmd{number}",
                state="coming",
                answer="yes",
                party_size=2,
                party=[{"name": "@Bo", "diet": "gluten"}],
                answers={"buss": asked},
            )
    at = f"{START}/{event.slug}/gaster/export"
    csv = kim.get(f"{at}.csv").data
    rows = read_file(csv)
    assert len(rows) == 4
    assert rows == read_file(kim.get(f"{at}.xlsx").data)[:1] + rows[1:]
    assert (rows[0][-1], rows[1][0], rows[1][6], rows[1][-1]) == ("'=Vad?", "'=cmd0", "'@Bo (gluten)", "'+1")
