"""Signing in by a link: once, in time, for people we know, and for nobody else. Figures are those of the threat model."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, func, select, text, update

from services.intake.app import create_app
from services.intake.store.people_tables import Administrator, EndedAccess, SignedIn, SignInLink
from services.intake.store.tables import Contact
from services.intake.usecases import sessions, sign_in
from services.intake.web.signing_in import sign_in as pages
from shared.clock import now
from shared.db import Database, Role, admin_url
from shared.ids import new_id
from shared.settings import Settings
from shared.web import ended
from shared.web import session as cookies
from tests.support.closing import databases_closed
from tests.support.ideas import a_sluice
from tests.support.signed_in import form_token, post

IN, CONTACT, ADMINISTRATOR, STRANGER = "/kontakt/in", "kontakt@krokom.example", "admin@region.example", "nn@x.example"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture(scope="module")
def database(module_settings: Settings) -> Iterator[Database]:
    database = Database(module_settings, Role.INTAKE)
    with database.transaction() as session:
        a_sluice(session)
        session.add(Administrator(address=ADMINISTRATOR, name="Admin", language="en"))
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def app(module_settings: Settings, database: Database) -> Iterator[Flask]:
    with databases_closed():
        yield create_app(module_settings)


@pytest.fixture(autouse=True)
def nothing_asked_yet(database: Database) -> None:
    forget(database)


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def forget(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("DELETE FROM intake.sign_in_link"))
        session.execute(text("DELETE FROM intake.hit"))


def ask(browser: FlaskClient, address: str = CONTACT, **more: str):
    return browser.post(IN, data={"address": address, **more}, headers={"User-Agent": FIREFOX})


def mails(settings: Settings) -> list[dict]:
    """The sign-in mails that were asked for, newest last."""
    engine = create_engine(admin_url(settings))
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT payload FROM bus.message WHERE name = 'mail.wanted.v1' ORDER BY id"))
        found = [json.loads(payload) for (payload,) in rows]
    engine.dispose()
    return [mail for mail in found if mail["kind"] == "sign-in"]


def a_link(browser: FlaskClient, address: str = CONTACT, **more: str) -> str:
    """The path of a link that this browser has just asked for."""
    settings = browser.application.extensions["idesluss"]
    assert ask(browser, address, **more).status_code == 303
    url = mails(settings)[-1]["facts"]["sign_in_url"]
    assert url.startswith(f"{settings.base_url}{IN}/")
    return url.removeprefix(settings.base_url)


def stored_link(database: Database, *, expires_in: timedelta = sign_in.HOLDS, browser: str = "b") -> str:
    """The path of a link that was not sent."""
    token = sign_in.new_token()
    with database.transaction() as session:
        session.add(
            SignInLink(
                id=new_id(),
                token_hash=hashlib.sha256(token.encode()).digest(),
                address=CONTACT,
                browser_hash=hashlib.sha256(browser.encode()).digest(),
                asked_at=now(),
                asked_from="192.0.2.7 (Firefox, Windows)",
                expires_at=now() + expires_in,
            )
        )
    return f"{IN}/{token}"


def asker(app: Flask) -> FlaskClient:
    """The browser that asked for every stored link."""
    client = app.test_client()
    client.set_cookie(pages.BROWSER, "b", path=IN)
    return client


def signed_in(app: Flask, database: Database) -> FlaskClient:
    client = asker(app)
    assert client.post(stored_link(database)).status_code == 303
    return client


def session_id(client: FlaskClient) -> str:
    cookie = client.get_cookie(cookies.COOKIE, path="/kontakt")
    return cookie.value.partition("|")[0] if cookie else ""


def with_cookie_run_out(client: FlaskClient, roles: list[str]) -> None:
    settings = client.application.extensions["idesluss"]
    former = now() - cookies.FRESH - timedelta(seconds=1)
    value = cookies.issue(settings.signer, CONTACT, roles, former, session_id=session_id(client))
    client.set_cookie(cookies.COOKIE, value, path="/kontakt")


def count(database: Database, table: type) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_contact_asks_for_a_link_and_is_let_in_where_they_were_going(app: Flask, browser: FlaskClient) -> None:
    path = a_link(browser, f" {CONTACT.upper()} ", next="/kontakt/du?x=1")

    page = browser.get(path)
    assert page.status_code == 200
    assert "127.0.0.1 (Firefox, Windows)" in page.text
    assert "annan webbläsare" not in page.text
    answer = browser.post(path)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/kontakt/du?x=1")
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(cookies.COOKIE))
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/kontakt"))
    assert browser.get(IN).headers["Location"] == "/kontakt/", "signed in already"
    with app.test_request_context(headers={"Cookie": cookie.partition(";")[0]}):
        person = cookies.current()
        assert person
        assert (person.name, person.contact_of, person.is_administrator) == (CONTACT, {"krokom"}, False)


def test_a_link_stands_in_the_mail_alone_and_says_where_it_was_asked(app: Flask, database: Database) -> None:
    settings = app.extensions["idesluss"]
    token = a_link(app.test_client(), ADMINISTRATOR).rpartition("/")[2]

    mail = mails(settings)[-1]
    assert mail["person"] == {"name": "Admin", "address": ADMINISTRATOR, "language": "en"}
    assert mail["facts"]["asked_from"] == "127.0.0.1 (Firefox, Windows)"
    assert mail["facts"]["minutes"] == 10
    assert len(token) * 5 >= 128
    with database.transaction() as session:
        assert token not in str(session.execute(text("SELECT s::text FROM intake.sign_in_link s")).all())


def test_scanners_burn_no_link_50_of_50(app: Flask, database: Database) -> None:
    entered = 0
    for _ in range(50):
        path, scanner, person = stored_link(database), app.test_client(), asker(app)
        for _ in range(10):
            assert scanner.get(path).status_code == scanner.head(path).status_code == 200
        entered += person.post(path).status_code == 303

    assert entered == 50


def test_two_presses_at_once_are_one_session_50_of_50(app: Flask, database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        for _ in range(50):
            path, before = stored_link(database), count(database, SignedIn)
            statuses = list(pool.map(lambda client, path=path: client.post(path).status_code, [asker(app), asker(app)]))
            assert sorted(statuses) == [303, 404]
            assert count(database, SignedIn) == before + 1


def test_old_used_and_foreign_links_let_nobody_in_0_of_30(app: Flask, database: Database) -> None:
    before = count(database, SignedIn)
    for _ in range(10):
        old = stored_link(database, expires_in=timedelta(seconds=-1))
        used = stored_link(database)
        with database.transaction() as session:
            session.execute(update(SignInLink).values(used_at=now()))
        foreign = f"{IN}/{sign_in.new_token()}"
        for path in (old, used, foreign):
            client = asker(app)
            assert client.get(path).status_code == client.post(path, data={"confirmed": "yes"}).status_code == 404
            assert not session_id(client)

    assert count(database, SignedIn) == before


def test_another_browser_is_shown_who_asked_and_must_say_that_it_was_them(app: Flask, database: Database) -> None:
    path, other = stored_link(database), app.test_client()

    assert "Jag bad om länken från 192.0.2.7 (Firefox, Windows) kl." in other.get(path).text
    refused = other.post(path)
    assert (refused.status_code, session_id(other)) == (422, "")
    assert "Kryssa i att det var du" in refused.text
    assert other.post(path, data={"confirmed": "yes"}).status_code == 303
    assert session_id(other)


def test_all_of_a_persons_links_die_with_the_one_that_is_used_and_at_sign_out(app: Flask, database: Database) -> None:
    first, second = stored_link(database), stored_link(database)
    client = asker(app)
    assert client.post(first).status_code == 303
    assert client.get(second).status_code == 404

    third = stored_link(database)
    assert post(client, "/kontakt/ut").status_code == 303
    assert client.get(third).status_code == 404


def test_signing_in_anew_is_a_new_session_and_ends_the_former(app: Flask, database: Database) -> None:
    client = signed_in(app, database)
    former = session_id(client)

    assert client.post(stored_link(database)).status_code == 303

    assert session_id(client) not in ("", former)
    with database.transaction() as session:
        assert session.get_one(SignedIn, UUID(former)).ended_at


def test_a_stranger_is_answered_as_a_contact_is_and_in_the_same_time(app: Flask, database: Database) -> None:
    taken: dict[str, list[float]] = {CONTACT: [], STRANGER: []}
    answers = set()
    for _ in range(100):
        for address, times in taken.items():
            forget(database)
            client = app.test_client()
            began = time.perf_counter()
            answer = ask(client, address)
            times.append(time.perf_counter() - began)
            answers.add((answer.status_code, answer.headers["Location"], answer.text))

    assert len(answers) == 1
    assert abs(statistics.median(taken[CONTACT]) - statistics.median(taken[STRANGER])) < 0.02


def test_of_100_asks_at_most_3_mails_go_out_and_a_place_is_stopped(app: Flask, database: Database) -> None:
    settings = app.extensions["idesluss"]
    before = len(mails(settings))

    statuses = [ask(app.test_client()).status_code for _ in range(100)]

    assert len(mails(settings)) - before == 3
    assert statuses == [303] * sign_in.MOST_ASKS + [429] * (100 - sign_in.MOST_ASKS)
    assert "Vänta en kvart" in ask(app.test_client()).text


def test_what_is_no_address_is_told_beside_the_field_and_kept(browser: FlaskClient) -> None:
    answer = ask(browser, "kontakt@")

    assert answer.status_code == 422
    assert 'value="kontakt@"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_no_host_header_reaches_a_mail(app: Flask, host: str) -> None:
    settings = app.extensions["idesluss"]
    before = len(mails(settings))

    assert app.test_client().post(IN, data={"address": CONTACT}, headers={"Host": host}).status_code == 400
    app.test_client().post(
        IN, data={"address": CONTACT}, headers={"X-Forwarded-Host": host, "Forwarded": f"host={host}"}
    )

    sent = mails(settings)[before:]
    assert len(sent) == 1
    assert "evil" not in json.dumps(sent)


def test_a_foreign_site_signs_nobody_in_or_out(app: Flask, database: Database) -> None:
    client, path = signed_in(app, database), stored_link(database)
    foreign = {"Sec-Fetch-Site": "cross-site"}

    assert client.post(path, headers=foreign).status_code == 403
    assert client.post("/kontakt/ut", headers=foreign).status_code == 403
    assert client.post("/kontakt/ut").status_code == 403, "without the form's own token"
    assert client.get(path).status_code == 200


def test_a_cookie_that_ran_out_is_renewed_unseen_with_the_roles_of_now(app: Flask, database: Database) -> None:
    client = signed_in(app, database)
    token = form_token(app, client)
    with_cookie_run_out(client, ["contact:krokom", "administrator"])

    answer = client.get("/kontakt/in?lang=sv")

    assert answer.headers["Location"] == "/kontakt/?lang=sv"
    assert "contact:krokom" in answer.headers["Set-Cookie"]
    assert "administrator" not in answer.headers["Set-Cookie"]
    with_cookie_run_out(client, ["contact:krokom"])
    # A form of the page before holds, though the cookie is another: it belongs to the session.
    assert client.post("/kontakt/ut", data={"form_token": token}).status_code == 303


def test_a_form_on_its_way_to_another_service_goes_on_with_all_that_was_typed(app: Flask, database: Database) -> None:
    client = signed_in(app, database)
    with_cookie_run_out(client, ["administrator"])

    answer = client.post("/kontakt/in/fornya?next=/kontakt/drift/mallar/svar", data={"text": "Mycket att skriva om"})

    assert (answer.status_code, answer.headers["Location"]) == (307, "/kontakt/drift/mallar/svar")
    assert cookies.COOKIE in answer.headers["Set-Cookie"]
    assert client.get("/kontakt/in/fornya?next=//evil.example/").headers["Location"] == "/kontakt/"


@pytest.mark.parametrize("end", ["idle", "whole", "ended", "no role"])
def test_a_session_that_has_ended_is_not_renewed_and_what_was_typed_is_shown(
    app: Flask, database: Database, end: str
) -> None:
    client = signed_in(app, database)
    identity = UUID(session_id(client))
    values = {
        "idle": {"seen_at": now() - sessions.IDLE},
        "whole": {"ends_at": now()},
        "ended": {"ended_at": now()},
        "no role": {},
    }[end]
    with database.transaction() as session:
        if values:
            session.execute(update(SignedIn).where(SignedIn.id == identity).values(**values))
        session.execute(update(Contact).values(removed_at=now() if end == "no role" else None))
    with_cookie_run_out(client, ["contact:krokom"])

    look = client.get("/kontakt/in/fornya?next=/kontakt/du")
    sent = client.post("/kontakt/in/fornya?next=/kontakt/du", data={"text": "Rader\r\nsom tog tid <b>", "version": "3"})

    with database.transaction() as session:
        session.execute(update(Contact).values(removed_at=None))
    assert look.headers["Location"] == "/kontakt/in?next=%2Fkontakt%2Fdu"
    assert sent.status_code == 403
    assert "Rader\nsom tog tid &lt;b&gt;</textarea>" in sent.text


def test_a_session_ended_elsewhere_is_refused_though_its_signature_holds(app: Flask, database: Database) -> None:
    client = signed_in(app, database)
    with database.transaction() as session:
        sessions.end_sessions(session, CONTACT, now())
    with app.app_context():
        ended.forget()

    assert client.get("/kontakt/in").status_code == 200, "asked to sign in"
    with database.transaction() as session:
        assert session.get(EndedAccess, ("session", session_id(client)))
    assert "access.ended.v1" in _names_of_messages(app.extensions["idesluss"])


def _names_of_messages(settings: Settings) -> set[str]:
    engine = create_engine(admin_url(settings))
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT name FROM bus.message")))
    engine.dispose()
    return found
