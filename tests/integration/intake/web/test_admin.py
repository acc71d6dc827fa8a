"""Administration in the browser: what is saved holds, is kept in the history, and is told to others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text

from services.intake.app import create_app
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from services.intake.store.people_tables import Administrator, ApiToken, Change, SignedIn
from services.intake.usecases import sessions
from services.intake.usecases.administer_people import add_administrator
from services.intake.usecases.known_people import find_person
from shared.clock import now
from shared.db import Database, Role, admin_url
from shared.settings import Settings
from tests.support.closing import databases_closed
from tests.support.ideas import a_sluice, an_idea
from tests.support.pages import PAYLOADS, Elements
from tests.support.signed_in import client_for, post

ADMIN, BOSS = "/kontakt/admin/", "admin@region.example"
KROKOM = f"{ADMIN}sluss/krokom"


@pytest.fixture(scope="module")
def database(module_settings: Settings) -> Iterator[Database]:
    database = Database(module_settings, Role.INTAKE)
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def app(module_settings: Settings) -> Iterator[Flask]:
    with databases_closed():
        yield create_app(module_settings)


@pytest.fixture(autouse=True)
def sluice(module_settings: Settings, database: Database) -> SluiceProfile:
    """Krokom as it is at first, an administrator, and no history: each test finds the same."""
    engine = create_engine(admin_url(module_settings))
    with engine.begin() as connection:
        connection.execute(
            text("TRUNCATE intake.sluice, intake.change, intake.administrator, intake.api_token CASCADE")
        )
    engine.dispose()
    with database.transaction() as session:
        session.add(Administrator(address=BOSS, name="Admin"))
        return a_sluice(session)


@pytest.fixture
def boss(app: Flask) -> FlaskClient:
    return client_for(app, BOSS, "administrator")


def profile(database: Database, slug: str = "krokom") -> SluiceProfile:
    with database.transaction() as session:
        return sluices.profile_by_slug(session, slug)


def history(database: Database) -> list[tuple]:
    with database.transaction() as session:
        rows = session.scalars(select(Change).order_by(Change.at, Change.id)).all()
        return [(row.actor, row.what, row.before, row.after) for row in rows]


def told(settings: Settings) -> int:
    """How often others were told of a sluice."""
    engine = create_engine(admin_url(settings))
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT count(*) FROM bus.message WHERE name = 'sluice.changed.v1'"))
    engine.dispose()
    return number or 0


def fill(boss: FlaskClient, part: str, **fields: object):
    """Send a part's form with some of its fields changed."""
    page = boss.get(f"{KROKOM}/{part}").text
    state = re.search(r'name="state" value="([0-9a-f]+)"', page)
    assert state, page
    return post(boss, f"{KROKOM}/{part}", **({"state": state[1]} | fields))


RECEPTION = {
    "open_to": "staff",
    "staff_domains": "Krokom.se\n@skola.krokom.se",
    "answer_days": "15",
    "escalate_days": "0",
    "registry_default": "to-register",
}


def test_what_is_saved_holds_stands_in_the_history_and_is_told_to_others(
    boss: FlaskClient, database: Database, module_settings: Settings
) -> None:
    before = told(module_settings)

    answer = fill(boss, "mottagande", **RECEPTION)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{KROKOM}?sparat=changed")
    saved = profile(database)
    assert (saved.open_to, saved.staff_domains) == ("staff", ("krokom.se", "skola.krokom.se"))
    assert (saved.answer_days, saved.escalate_days) == (15, 0)
    assert sorted(history(database)) == [
        (BOSS, "sluice.answer_days", 10, 15),
        (BOSS, "sluice.escalate_days", 3, 0),
        (BOSS, "sluice.open_to", "everybody", "staff"),
        (BOSS, "sluice.registry_default", "none", "to-register"),
        (BOSS, "sluice.staff_domains", ["krokom.example"], ["krokom.se", "skola.krokom.se"]),
    ]
    assert told(module_settings) == before + 1
    page = boss.get(f"{ADMIN}historik?sluice=krokom").text
    assert "Krokoms kommun" in page
    assert BOSS in page


def test_who_saves_an_old_form_is_told_and_may_save_again(boss: FlaskClient, database: Database) -> None:
    state = re.search(r'name="state" value="(\w+)"', boss.get(f"{KROKOM}/namn").text)[1]
    fill(boss, "namn", name="Krokoms nya kommun", code="KRO", language="sv")

    late = post(boss, f"{KROKOM}/namn", name="Min text", code="KRO", language="sv", state=state)

    assert late.status_code == 409
    assert 'value="Min text"' in late.text
    assert "Krokoms nya kommun" in late.text
    assert profile(database).name == "Krokoms nya kommun"
    state = re.search(r'name="state" value="(\w+)"', late.text)[1]
    assert post(boss, f"{KROKOM}/namn", name="Min text", code="KRO", language="sv", state=state).status_code == 303


@pytest.mark.parametrize(
    ("part", "fields", "words"),
    [
        ("namn", {"name": " ", "code": "KRO", "language": "sv"}, "Skriv namnet"),
        ("namn", {"name": "K", "code": "kr0", "language": "sv"}, "två till åtta bokstäver"),
        ("namn", {"name": "K", "code": "KRO", "language": "fi"}, "Välj ett av"),
        ("mottagande", RECEPTION | {"answer_days": "0"}, "mellan 1 och 250"),
        ("mottagande", RECEPTION | {"answer_days": "²"}, "mellan 1 och 250"),
        ("mottagande", RECEPTION | {"staff_domains": "krokom"}, "ingen e-postdomän"),
        ("farg", {"accent": "röd"}, "# och sex tecken"),
        ("farg", {"accent": "#f5a524"}, "kontrasten är 2,0 till 1"),
        ("webb", {"origins": "https://x.se\njavascript:alert(1)", "comments": "held"}, "ingen webbplats"),
        ("webb", {"origins": "http://x.se", "comments": "held"}, "ingen webbplats"),
        ("webb", {"origins": "", "comments": "all"}, "Välj ett av"),
        ("texter", {"intro-sv": "x" * 5001}, "Högst 5000 tecken"),
        ("fragor", {"count": "1", "q0-label-sv": "Vilken?", "q0-kind": "choice"}, "Skriv svarsalternativen"),
        ("fragor", {"count": "1", "q0-help-sv": "Hjälp", "q0-kind": "text"}, "Skriv frågan"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_saved(
    boss: FlaskClient, database: Database, part: str, fields: dict, words: str
) -> None:
    answer = fill(boss, part, **fields)

    assert answer.status_code == 422
    assert answer.text.count(words) == 2, "in the summary and beside the field"
    linked = set(re.findall(r'href="#([\w-]+)"', answer.text)) - {"content"}
    assert linked <= set(re.findall(r'id="([\w-]+)"', answer.text))
    assert history(database) == []


def test_a_colour_too_light_is_answered_with_one_to_take(boss: FlaskClient, database: Database) -> None:
    proposal = re.search(r'name="proposal" value="(#[0-9a-f]{6})"', fill(boss, "farg", accent="#f5a524").text)[1]

    assert fill(boss, "farg", accent="#f5a524", proposal=proposal).status_code == 303

    sheet = boss.get("/tema/krokom.css")
    assert f"--ds-color-accent-base-default:{proposal}" in sheet.text
    assert sheet.mimetype == "text/css"


def test_texts_questions_and_sites_are_kept_as_they_were_given(boss: FlaskClient, database: Database) -> None:
    fill(boss, "texter", **{"intro-sv": "Rad ett\r\n\r\nRad två", "consent-en": "We keep it a year."})
    fill(boss, "webb", origins="www.krokom.se, https://krokom.se:443/ide", board="yes", comments="open")
    rows = {"q0-label-sv": "Andra", "q0-kind": "text", "q0-order": "2", "q1-label-sv": "Första", "q1-kind": "choice"}
    fill(
        boss, "fragor", count="2", **rows, **{"q1-options-sv": "Ja\r\n\r\n Nej ", "q1-order": "1", "q1-required": "yes"}
    )

    saved = profile(database)
    assert saved.form_texts == {"sv": {"intro": "Rad ett\n\nRad två"}, "en": {"consent": "We keep it a year."}}
    assert saved.origins == ("https://www.krokom.se", "https://krokom.se")
    assert (saved.board, saved.comments) == (True, "open")
    assert [question["label"]["sv"] for question in saved.questions] == ["Första", "Andra"]
    assert saved.questions[0]["options"] == {"sv": ["Ja", "Nej"]}
    page = boss.get(f"{KROKOM}/fragor").text
    assert 'name="count" value="3"' in page, "and a row for the next"
    ids = [question["id"] for question in saved.questions]
    fill(boss, "fragor", count="2", **{"q0-id": ids[0], "q0-label-sv": "Första", "q0-kind": "text", "q0-remove": "yes"})
    assert profile(database).questions == []


def test_the_code_is_fixed_once_there_are_ideas(
    boss: FlaskClient, database: Database, module_settings: Settings
) -> None:
    assert fill(boss, "namn", name="Krokom", code="kok", language="sv").status_code == 303
    with database.transaction() as session:
        an_idea(session, module_settings, sluices.profile_by_slug(session, "krokom"))

    assert 'name="code"' not in boss.get(f"{KROKOM}/namn").text
    refused = fill(boss, "namn", name="Krokom", code="NEW", language="sv")
    assert (refused.status_code, profile(database).code) == (422, "KOK")


NEW = {
    "name": "Bergs kommun",
    "slug": "berg",
    "code": "BER",
    "language": "sv",
    "address": "ide@berg.se",
    "contact_name": "Kim",
    "contact_address": "Kim@Berg.se",
}


def test_a_new_sluice_takes_in_mail_at_once_and_nothing_is_taken_twice(boss: FlaskClient, database: Database) -> None:
    assert post(boss, f"{ADMIN}ny", **NEW).headers["Location"] == f"{ADMIN}sluss/berg?sparat=created"
    made = profile(database, "berg")
    assert (made.address, made.staff_domains, made.contacts[0].address) == ("ide@berg.se", ("berg.se",), "kim@berg.se")

    other = NEW | {"slug": "bracke", "code": "BRA", "address": "ide@bracke.se"}
    for field in ("slug", "code", "address"):
        refused = post(boss, f"{ADMIN}ny", **(other | {field: NEW[field]}))
        assert refused.status_code == 422
        assert f'id="{field}-fault"' in refused.text
        assert 'value="Kim@Berg.se"' in refused.text
    assert post(boss, f"{ADMIN}ny", **(other | {"address": "a+b@bracke.se"})).status_code == 422


def test_addresses_are_added_sent_from_and_removed_but_never_the_sender(boss: FlaskClient, database: Database) -> None:
    post(boss, f"{KROKOM}/adresser", address="Idé@Krokom.se")
    assert post(boss, f"{KROKOM}/adresser", address="idé@krokom.se").status_code == 422
    post(boss, f"{KROKOM}/adresser/forsta", address="idé@krokom.se")
    assert profile(database).address == "idé@krokom.se"
    assert post(boss, f"{KROKOM}/adresser/bort", address="idé@krokom.se").status_code == 422
    assert post(boss, f"{KROKOM}/adresser/bort", address="ide@krokom.example").status_code == 303
    assert profile(database).addresses == ("idé@krokom.se",)
    assert [what for _, what, *_ in history(database)] == ["address.added", "address.primary", "address.removed"]


def test_who_is_removed_is_out_and_the_last_contact_stays(boss: FlaskClient, database: Database) -> None:
    person = {"name": "Kim", "address": "kim@krokom.se", "language": "sv", "role": "contact", "deputy": ""}
    [first] = profile(database).contacts
    assert post(boss, f"{KROKOM}/personer/{first.id}/bort").status_code == 422
    assert post(boss, f"{KROKOM}/personer", **person).status_code == 303
    with database.transaction() as session:
        identity = sessions.begin_session(session, first.address, "link", sessions.Place("192.0.2.1", ""), now())

    assert post(boss, f"{KROKOM}/personer/{first.id}/bort").status_code == 303

    assert [each.name for each in profile(database).contacts] == ["Kim"]
    with database.transaction() as session:
        assert find_person(session, first.address) is None
        assert session.get_one(SignedIn, identity).ended_at
    assert boss.get(f"{KROKOM}/personer/{first.id}").status_code == 404
    back = person | {"name": "Åter", "address": first.address, "role": "coach"}
    assert post(boss, f"{KROKOM}/personer", **back).status_code == 303
    assert [each.id for each in profile(database).coaches] == [first.id]


def test_two_administrators_cannot_remove_each_other_at_once(app: Flask, boss: FlaskClient, database: Database) -> None:
    post(boss, f"{ADMIN}administratorer", name="Två", address="tva@region.example", language="en")
    other = client_for(app, "tva@region.example", "administrator")

    with ThreadPoolExecutor(2) as pool:
        acts = [(boss, "tva@region.example"), (other, BOSS)]
        answers = pool.map(lambda act: post(act[0], f"{ADMIN}administratorer/bort", address=act[1]).status_code, acts)

    assert sorted(answers) == [303, 422]


def test_a_token_is_shown_once_opens_what_it_says_and_is_revoked_for_good(
    app: Flask, boss: FlaskClient, database: Database
) -> None:
    issued = post(boss, f"{ADMIN}nycklar", name="diariet", scopes=["intake:read"])
    token = re.search(r"<code>(idesluss_diariet_[^<]+)</code>", issued.text)[1]
    program = app.test_client()

    def opens(path: str = "/api/intake/v1/ideas") -> int:
        return program.get(path, headers={"Authorization": f"Bearer {token}"}).status_code

    assert (issued.status_code, opens()) == (201, 200)
    assert token not in boss.get(f"{ADMIN}nycklar").text
    with database.transaction() as session:
        assert token not in str(session.execute(text("SELECT t::text FROM intake.api_token t")).all())
    assert post(boss, f"{ADMIN}nycklar/aterkalla", revoked="diariet").status_code == 303
    assert opens() == 401
    assert post(boss, f"{ADMIN}nycklar", name="diariet", scopes=["intake:read"]).status_code == 422
    for wrong in (
        {"name": "Å", "scopes": ["intake:read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["a:b"]},
    ):
        assert post(boss, f"{ADMIN}nycklar", **wrong).status_code == 422
    with database.transaction() as session:
        assert session.scalars(select(ApiToken.name)).all() == ["diariet"]


def test_every_page_and_act_is_for_administrators_alone(app: Flask) -> None:
    nobody, contact = app.test_client(), client_for(app, "kontakt@krokom.example", "contact:krokom", "coach:berg")
    found = 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(ADMIN):
            continue
        path = re.sub(r"<uuid:\w+>", "01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa", rule.rule)
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
        path = re.sub(r"<\w+>", "krokom", path)
        found += 1
        if "GET" in rule.methods:
            assert nobody.get(path).headers["Location"].startswith("/kontakt/in?next="), path
            assert contact.get(path).status_code == 403, path
        if "POST" in rule.methods:
            assert nobody.post(path).status_code == 403, path
            assert post(contact, path).status_code == 403, path
            assert client_for(app, BOSS, "administrator").post(path, data={"name": "x"}).status_code == 403, path
    assert found >= 14


def test_words_that_would_run_are_words(boss: FlaskClient, database: Database) -> None:
    words = " ".join(PAYLOADS)[:95]
    fill(boss, "namn", name=words, code="KRO", language="sv")
    fill(boss, "texter", **{"intro-sv": " ".join(PAYLOADS)})
    with database.transaction() as session:
        add_administrator(session, words, name=words, address="x@region.example")

    for path in (ADMIN, KROKOM, f"{KROKOM}/namn", f"{KROKOM}/texter", f"{ADMIN}historik", f"{ADMIN}administratorer"):
        page = boss.get(path)
        assert page.status_code == 200
        assert not Elements(page.text).can_run, path


def test_history_is_read_page_by_page_to_its_end(boss: FlaskClient, database: Database) -> None:
    for number in range(60):
        with database.transaction() as session:
            add_administrator(session, "cli", name="A", address=f"a{number}@region.example")

    seen, path = [], f"{ADMIN}historik"
    for _ in range(3):
        page = boss.get(path).text
        seen += re.findall(r"a\d+@region\.example", page)
        older = re.search(r'href="([^"]*)">Visa äldre', page)
        if not older:
            break
        path = older[1].replace("&amp;", "&")

    assert len(seen) == len(set(seen)) == 60
