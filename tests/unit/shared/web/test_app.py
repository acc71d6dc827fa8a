"""The ground of every web app: limits, hosts, headers, languages, and how faults are told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from marshmallow import Schema, fields
from sqlalchemy.exc import OperationalError

from shared.errors import Conflict, NotFound, PermanentFailure, Rejected, TemporaryFailure
from shared.settings import load
from shared.web import tokens
from shared.web.api import MAX_DEPTH, Blueprint, add, make_api
from shared.web.app import MAX_BODY, make_app, trusted_hosts

SETTINGS = load({"IDESLUSS_SECRET_KEY": "a" * 32, "IDESLUSS_BASE_URL": "https://idesluss.example"})
SECRET = "canary-7f3a"


class Body(Schema):
    name = fields.String(required=True)
    more = fields.Dict()


class Query(Schema):
    q = fields.String()


@pytest.fixture(scope="module")
def app() -> Flask:
    app = make_app("tests.app", SETTINGS)
    raised = {
        "rejected": Rejected("title", "too long"),
        "missing": NotFound("no idea"),
        "conflict": Conflict("somebody was first"),
        "impossible": PermanentFailure("never"),
        "later": TemporaryFailure("busy", retry_after=timedelta(seconds=30)),
        "away": OperationalError("SELECT", {}, Exception(SECRET)),
        "broken": RuntimeError(SECRET),
    }

    @app.get("/page/<kind>")
    def fail(kind: str) -> str:
        raise raised[kind]

    @app.get("/api/fault/<kind>")
    def fault(kind: str) -> str:
        raise raised[kind]

    @app.get("/plain")
    def plain() -> str:
        return "fine"

    @app.post("/form")
    def form() -> str:
        return request.form.get("text", "")

    things = Blueprint("/api/test/v1", "things", "Things.")

    @things.route("", method="POST")
    @things.scope("test:write")
    @things.takes(Body)
    @things.gives(201, Body)
    def post_thing(body: dict[str, object]) -> dict[str, object]:
        return body

    @things.route("", method="GET")
    @things.scope("test:read")
    @things.takes(Query, location="query")
    @things.gives(200, Body)
    def get_thing(query: dict[str, object]) -> dict[str, object]:
        return {"name": query.get("q", "")}

    add(make_api(app, "Test API", "/api/test"), things)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue(SETTINGS.signer, name='test', scopes=['test:write', 'test:read'])}"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("rejected", 422),
        ("missing", 404),
        ("conflict", 409),
        ("impossible", 422),
        ("later", 503),
        ("away", 503),
        ("broken", 500),
    ],
)
def test_each_fault_is_a_problem_to_programs_and_a_page_to_people(client, kind: str, status: int) -> None:
    told = client.get(f"/api/fault/{kind}")
    shown = client.get(f"/page/{kind}")

    assert (told.status_code, shown.status_code) == (status, status)
    assert told.content_type == "application/problem+json"
    assert told.json["status"] == status
    assert told.json["correlation_id"] == told.headers["X-Correlation-Id"]
    assert shown.mimetype == "text/html"
    assert "<h1>" in shown.text
    assert SECRET not in told.text + shown.text


def test_a_rejected_field_is_named(client) -> None:
    assert client.get("/api/fault/rejected").json["errors"] == {"title": ["too long"]}


def test_a_temporary_fault_says_when_to_come_back(client) -> None:
    assert client.get("/api/fault/later").headers["Retry-After"] == "30"
    assert int(client.get("/api/fault/away").headers["Retry-After"]) > 0


@pytest.mark.parametrize("path", ["/plain", "/nowhere", "/page/broken", "/api/fault/broken", "/api/nowhere"])
def test_every_answer_bears_the_security_headers(client, path: str) -> None:
    headers = client.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "idesluss.example.evil.example",
        "evil.example:443",
        "idesluss.example@evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "xn--idsluss-cya.example",
        "169.254.169.254",
        "[::ffff:7f00:1]",
        "idesluss.example, evil.example",
    ],
)
def test_a_foreign_host_is_refused_and_reaches_no_page(client, host: str) -> None:
    answer = client.get("/plain", headers={"Host": host})

    assert answer.status_code == 400
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize("host", ["idesluss.example", "127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_our_own_names_and_loopback_are_answered(client, host: str) -> None:
    assert client.get("/plain", headers={"Host": host}).status_code == 200


def test_a_wildcard_address_is_no_name_of_ours() -> None:
    everywhere = load({"IDESLUSS_SECRET_KEY": "a" * 32, "IDESLUSS_HTTP_HOST": "0.0.0.0"})

    assert "0.0.0.0" not in trusted_hosts(everywhere)


def test_a_body_that_is_too_large_is_refused(client) -> None:
    answer = client.post("/form", data={"text": "x" * (MAX_BODY + 1)})

    assert answer.status_code == 413
    assert "<h1>" in answer.text


@pytest.mark.parametrize("place", ["/api/fault/a%00", "/api/test/v1/things?q=%00", "/api/fault/broken?%00=1"])
def test_an_address_that_is_no_text_is_a_problem_to_programs(client, bearer, place: str) -> None:
    answer = client.get(place, headers=bearer)

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


def test_an_address_or_a_form_that_is_no_text_is_a_page_to_people(client) -> None:
    named, asked = client.get("/page/a%00"), client.get("/plain?q=a%00")
    filled = client.post("/form", data={"text": "a\0"})
    twice = client.post("/form", data={"text": ["a", "\0"]}, content_type="multipart/form-data")
    name = client.post("/form", data={"a\0": "b"})

    assert [answer.status_code for answer in (named, asked, filled, twice, name)] == [400] * 5
    assert "<h1>" in filled.text
    assert client.post("/form", data={"text": "åäö \U0001f6b2\n"}).text == "åäö \U0001f6b2\n"


def test_each_request_has_a_correlation_id_of_its_own(client) -> None:
    sent = {"X-Correlation-Id": "mine"}
    first, second = (client.get("/plain", headers=sent).headers["X-Correlation-Id"] for _ in range(2))

    assert len({first, second, "mine"}) == 3


def test_pages_speak_the_language_asked_for(client) -> None:
    swedish = client.get("/nowhere")
    english = client.get("/nowhere", headers={"Accept-Language": "en-GB,en;q=0.9"})
    chosen = client.get("/nowhere?lang=sv", headers={"Accept-Language": "en"})
    foreign = client.get("/nowhere?lang=xx", headers={"Accept-Language": "fi"})

    assert '<html lang="sv"' in swedish.text
    assert '<html lang="en"' in english.text
    assert '<html lang="sv"' in chosen.text
    assert '<html lang="sv"' in foreign.text
    assert 'href="/?lang=sv"' in chosen.text


def test_static_files_may_be_kept_by_their_fingerprint(client) -> None:
    kept = client.get("/static/face.css?v=123", buffered=True)
    plain = client.get("/static/face.css", buffered=True)

    assert "immutable" in kept.headers["Cache-Control"]
    assert "immutable" not in plain.headers["Cache-Control"]


def test_the_api_asks_for_a_token(client, bearer) -> None:
    wrong = {"Authorization": "Bearer idesluss_test_all_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    narrow = {"Authorization": f"Bearer {tokens.issue(SETTINGS.signer, name='x', scopes=['test:write'])}"}

    none, forged, refused = (client.get("/api/test/v1/things", headers=h) for h in ({}, wrong, narrow))

    assert (none.status_code, forged.status_code, refused.status_code) == (401, 401, 403)
    assert none.headers["WWW-Authenticate"] == 'Bearer realm="idesluss"'
    assert 'error="invalid_token"' in forged.headers["WWW-Authenticate"]
    assert 'scope="test:read"' in refused.headers["WWW-Authenticate"]
    assert {one.content_type for one in (none, forged, refused)} == {"application/problem+json"}
    assert client.get("/api/test/v1/things", headers=bearer).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b'{"name": "a", "admin": true}', 422, "admin"),
        (b"{}", 422, "name"),
        (b'{"name": 1}', 422, "name"),
        (b"[]", 422, "_schema"),
        (b'{"name": "a\\u0000b"}', 422, "json"),
        (b'{"name": "\\ud800"}', 422, "json"),
        (b'{"name": ' + b"9" * 5000 + b"}", 422, "json"),
        (b'{"name": "a", "more": ' + b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH + b"}", 422, "json"),
        (b"[" * 100_000, 422, "json"),
        (b'{"name": "a"', 400, "json"),
        (b"\xff\xfe", 400, "json"),
    ],
)
def test_a_bad_body_is_refused_with_the_field_named(client, bearer, body: bytes, status: int, named: str) -> None:
    answer = client.post("/api/test/v1/things", data=body, content_type="application/json", headers=bearer)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert named in answer.json["errors"]


def test_brackets_inside_a_text_are_no_depth(client, bearer) -> None:
    answer = client.post("/api/test/v1/things", json={"name": '[{"' * 1000}, headers=bearer)

    assert answer.status_code == 201


def test_a_body_of_another_kind_is_refused(client, bearer) -> None:
    answer = client.post("/api/test/v1/things", data={"name": "a"}, headers=bearer)

    assert answer.status_code == 415


@pytest.mark.parametrize("query", ["nope=1", "q=a&q=b"])
def test_a_query_that_we_do_not_know_is_refused(client, bearer, query: str) -> None:
    answer = client.get(f"/api/test/v1/things?{query}", headers=bearer)

    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json["errors"]


def test_the_description_names_scopes_and_problems(client) -> None:
    spec = client.get("/api/test/openapi.json").json

    call = spec["paths"]["/api/test/v1/things"]["post"]
    assert spec["openapi"].startswith("3.1")
    assert spec["servers"] == [{"url": "https://idesluss.example"}]
    assert call["security"] == [{"bearer": ["test:write"]}]
    assert "application/problem+json" in spec["components"]["responses"]["DEFAULT_ERROR"]["content"]


def test_the_docs_page_shows_every_call_without_a_script(client) -> None:
    page = client.get("/api/test/docs").text

    assert "POST /api/test/v1/things" in page
    assert "test:write" in page
    assert "<script" not in page
