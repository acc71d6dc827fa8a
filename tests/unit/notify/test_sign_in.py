"""Signing in leads to our own pages and nowhere else, for nobody but the administrator. No database is asked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from services.notify.app import create_app
from shared.clock import now
from shared.settings import Settings, load
from shared.web import ended
from shared.web.session import COOKIE, FRESH
from shared.web.session import issue as session_cookie
from shared.web.tokens import issue

START = "/kontakt/drift/"
LOG = "/kontakt/drift/utskick"
SIGN_IN = "/kontakt/drift/in"
OTHERS_SIGN_IN = "/kontakt/in"


@pytest.fixture(scope="module")
def settings() -> Settings:
    # Nobody listens there: a page that asked the database before it knew who asks would fail.
    return load({"IDESLUSS_SECRET_KEY": "k" * 40, "DATABASE_URL": "postgresql://127.0.0.1:1/none"})


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


@pytest.fixture
def token(settings: Settings) -> str:
    return issue(settings.signer, name="demo", scopes=["*"])


@pytest.mark.parametrize("path", [START, LOG, f"{LOG}/01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa"])
def test_nobody_sees_a_page_without_signing_in(client: FlaskClient, path: str) -> None:
    answer = client.get(f"{path}?lang=en")

    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{OTHERS_SIGN_IN}?next=")
    assert "lang=en" in answer.headers["Location"]


def test_every_page_and_act_of_administrators_is_guarded(client: FlaskClient) -> None:
    found = 0
    for rule in client.application.url_map.iter_rules():
        if not rule.rule.startswith("/kontakt/drift") or rule.rule == SIGN_IN:
            continue
        path = re.sub(r"<uuid:\w+>", "01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa", rule.rule)
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
        path = re.sub(r"<\w+>", "x", path)
        found += 1
        if "GET" in (rule.methods or ()):
            answer = client.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["Location"].startswith(f"{OTHERS_SIGN_IN}?"), path
        if "POST" in (rule.methods or ()):
            assert client.post(path, data={"reason": "x"}).status_code == 403, path
    assert found >= 20


def test_the_administrators_token_opens_the_page_that_was_asked_for(client: FlaskClient, token: str) -> None:
    answer = client.post(SIGN_IN, data={"token": f" {token}\n", "next": f"{LOG}?group=failed"})

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LOG}?group=failed")
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Lax", "Path=/kontakt"):
        assert part in cookie
    assert token not in cookie
    assert client.get(SIGN_IN, query_string={"next": LOG}).headers["Location"] == LOG, "signed in already"


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/kontakt/",
        "//evil.example/kontakt/",
        "/\\evil.example",
        "/kontakt/\\..\\..\\evil",
        "/kontakt/../../mailbox/",
        "/api/notify/docs",
        "/kontakt/drift/\r\nSet-Cookie: x=1",
        "/kontaktivitet",
        "kontakt/drift/",
        "javascript:alert(1)",
        "/kontakt/" + "x" * 1000,
        "",
    ],
)
def test_signing_in_leads_to_no_other_place(client: FlaskClient, token: str, wanted: str) -> None:
    assert client.post(SIGN_IN, data={"token": token, "next": wanted}).headers["Location"] == START
    assert client.get(SIGN_IN, query_string={"next": wanted}).headers["Location"] == START


def test_a_wrong_or_narrow_token_is_told_beside_the_field(client: FlaskClient, settings: Settings) -> None:
    narrow = issue(settings.signer, name="demo", scopes=["notify:read"])
    for given, words in (("idesluss_demo_all_x", "Kopiera hela"), (narrow, "gäller bara för en del"), ("", "Kopiera")):
        answer = client.post(SIGN_IN, data={"token": given, "next": LOG})
        assert answer.status_code == 422
        assert words in answer.text
        assert 'aria-describedby="token-help token-fault"' in answer.text
        assert f'value="{LOG}"' in answer.text
        assert "Set-Cookie" not in answer.headers
        assert not given or given not in answer.text


def test_another_site_signs_nobody_in(client: FlaskClient, token: str) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(SIGN_IN, data={"token": token}, headers=foreign).status_code == 403


def test_a_cookie_that_was_made_up_or_changed_opens_nothing(client: FlaskClient, token: str) -> None:
    client.set_cookie(COOKIE, "|demo|administrator|9999999999|" + "a" * 32, path="/kontakt")
    assert client.get(START).status_code == 303

    client.post(SIGN_IN, data={"token": token})
    found = client.get_cookie(COOKIE, path="/kontakt")
    assert found is not None
    client.set_cookie(COOKIE, found.value.replace("demo", "root"), path="/kontakt")
    assert client.get(START).status_code == 303


def test_a_program_with_a_narrow_token_sees_no_page(client: FlaskClient, settings: Settings) -> None:
    narrow = issue(settings.signer, name="demo", scopes=["notify:read"])
    assert client.get(START, headers={"Authorization": f"Bearer {narrow}"}).status_code == 303


@pytest.mark.parametrize("is_form", [False, True])
def test_a_session_whose_cookie_ran_out_is_led_to_its_renewal_with_all_that_was_typed(
    client: FlaskClient, settings: Settings, is_form: bool
) -> None:
    long_ago = now() - FRESH - timedelta(seconds=1)
    cookie = session_cookie(settings.signer, "kim@krokom.example", ["administrator"], long_ago, session_id="1")
    client.set_cookie(COOKIE, cookie, path="/kontakt")

    answer = client.post("/kontakt/drift/sparrar/ny", data={"address": "x"}) if is_form else client.get(f"{LOG}?q=x")

    # 307 has the browser send the same form once more (RFC 9110 §15.4.8).
    assert answer.status_code == (307 if is_form else 303)
    assert answer.headers["Location"].startswith("/kontakt/in/fornya?next=%2Fkontakt%2Fdrift%2F")


def test_what_somebody_wrote_who_is_not_signed_in_any_more_is_shown_to_be_kept(client: FlaskClient) -> None:
    answer = client.post("/kontakt/drift/sparrar/ny", data={"reason": "Två ord\r\noch <b>", "form_token": "x" * 32})

    assert answer.status_code == 403
    assert "Två ord\noch &lt;b&gt;</textarea>" in answer.text
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert "Två ord" not in client.post("/kontakt/drift/sparrar/ny", data={"reason": "Två ord"}, headers=foreign).text


@pytest.mark.parametrize("kind", ["session", "token"])
def test_what_was_ended_opens_nothing_though_its_signature_holds(settings: Settings, kind: str) -> None:
    app = create_app(settings)
    ended.install(app, ended.Ended(lambda: {("session", "s1"), ("token", "demo")}))
    client = app.test_client()
    name, identity = ("kim@krokom.example", "s1") if kind == "session" else ("demo", "")
    client.set_cookie(
        COOKIE, session_cookie(settings.signer, name, ["administrator"], now(), session_id=identity), path="/kontakt"
    )
    token = issue(settings.signer, name="demo", scopes=["*"])

    assert client.get(SIGN_IN).status_code == 200, "asked to sign in"
    assert client.post(SIGN_IN, data={"token": token}).status_code == 422
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/notify/v1/notifications", headers=headers).status_code == 401
