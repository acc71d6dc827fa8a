"""Signing in by an organisation's own provider: only with an address that it vouches for, of somebody we know."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from services.intake.app import create_app
from services.intake.store.people_tables import SignedIn
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import session as cookies
from tests.support import oidc_provider
from tests.support.closing import databases_closed
from tests.support.ideas import a_sluice
from tests.support.oidc_provider import Provider

CONTACT = "kontakt@krokom.example"
VOUCHED = {"email": CONTACT, "email_verified": True}
STRANGER_KEY = RSAKey.generate_key(2048, {"kid": "k1"})


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with oidc_provider.provider() as found:
        yield found


@pytest.fixture(scope="module")
def app(module_settings: Settings, served: Provider) -> Iterator[Flask]:
    with databases_closed():
        database = Database(module_settings, Role.INTAKE)
        with database.transaction() as session:
            a_sluice(session)
        names = {"oidc_client_id": oidc_provider.CLIENT, "oidc_client_secret": oidc_provider.SECRET}
        yield create_app(replace(module_settings, oidc_issuer=served.issuer, **names))


@pytest.fixture
def browser(app: Flask, served: Provider) -> FlaskClient:
    served.claims, served.signs_with, served.algorithm = dict(VOUCHED), None, "RS256"
    served.faults.clear()
    return app.test_client()


def there(browser: FlaskClient, path: str = "/kontakt/in/oidc?next=/kontakt/du") -> str:
    """Where the provider leads a browser back to."""
    answer = requests.get(browser.get(path).headers["Location"], allow_redirects=False, timeout=5)
    return answer.headers["Location"].partition("/kontakt")[2].join(["/kontakt", ""])


def sessions(app: Flask) -> int:
    database = Database(app.extensions["idesluss"], Role.INTAKE, pool_size=1)
    with database.transaction() as session:
        found = session.scalar(select(func.count()).select_from(SignedIn))
    database.dispose()
    return found or 0


def test_a_contact_comes_in_by_the_provider(app: Flask, browser: FlaskClient, served: Provider) -> None:
    assert "/kontakt/in/oidc" in browser.get("/kontakt/in").text
    before = sessions(app)

    answer = browser.get(there(browser), headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/kontakt/du")
    assert served.faults == []
    assert sessions(app) == before + 1
    cookie = browser.get_cookie(cookies.COOKIE, path="/kontakt")
    assert cookie
    assert "contact:krokom" in cookie.value


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"email_verified": False}, "avbruten"),
        ({"email_verified": "true"}, "avbruten"),
        ({"email_verified": None}, "avbruten"),
        ({"email": None}, "avbruten"),
        ({"email": "nn@krokom.example"}, "okand"),
        ({"nonce": "another"}, "avbruten"),
        ({"aud": "another"}, "avbruten"),
        ({"aud": ["idesluss", "another"], "azp": "another"}, "avbruten"),
        ({"iss": "https://evil.example"}, "avbruten"),
        ({"exp": int(time.time()) - 3600}, "avbruten"),
    ],
)
def test_nobody_comes_in_by_what_is_not_vouched_for(
    app: Flask, browser: FlaskClient, served: Provider, claims: dict, fault: str
) -> None:
    served.claims |= claims
    before = sessions(app)

    answer = browser.get(there(browser))

    assert answer.headers["Location"] == f"/kontakt/in?fel={fault}"
    assert browser.get_cookie(cookies.COOKIE, path="/kontakt") is None
    assert browser.get(answer.headers["Location"]).status_code == 200
    assert sessions(app) == before


def test_a_token_signed_by_another_key_is_refused(browser: FlaskClient, served: Provider) -> None:
    served.signs_with = STRANGER_KEY
    assert browser.get(there(browser)).headers["Location"] == "/kontakt/in?fel=avbruten"


def test_a_code_works_once_and_in_the_browser_that_asked(app: Flask, browser: FlaskClient) -> None:
    answer = there(browser)
    foreign = app.test_client()
    assert foreign.get(answer).headers["Location"] == "/kontakt/in?fel=avbruten"
    there(foreign)
    assert foreign.get(answer).headers["Location"] == "/kontakt/in?fel=avbruten", "another's state"

    assert browser.get(answer).headers["Location"] == "/kontakt/du"
    assert browser.get(answer).headers["Location"] == "/kontakt/in?fel=avbruten"


def test_a_provider_that_is_away_leaves_the_link_by_mail(module_settings: Settings) -> None:
    gone = replace(module_settings, oidc_issuer="http://127.0.0.1:1", oidc_client_id="x", oidc_client_secret="x")
    with databases_closed():
        assert create_app(gone).test_client().get("/kontakt/in/oidc").headers["Location"] == "/kontakt/in?fel=avbruten"
        assert "/kontakt/in/oidc" not in create_app(module_settings).test_client().get("/kontakt/in").text
