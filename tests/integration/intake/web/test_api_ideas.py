"""The API's ideas and sluices: filters, pages, and creating once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from services.intake.domain.idea import SubmitterKind
from services.intake.store.tables import Idea
from shared.web import tokens
from tests.support.ideas import a_file, a_message, a_sluice, an_idea

IDEAS = "/api/intake/v1/ideas"
FIELDS = {"reference", "sluice", "title", "text", "stage", "kind", "submitter", "created_at", "held"}
BEGUN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def stored(database, web_settings, sluice) -> list[Idea]:
    """Five ideas in Krokom a day apart, one of them held, and one in Berg."""
    with database.transaction() as session:
        berg = a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
        ideas = [
            an_idea(
                session,
                web_settings,
                sluice,
                title=f"Idé {number} om 100 % el",
                kind=SubmitterKind.EMPLOYEE if number % 2 else None,
                received_at=BEGUN + timedelta(days=number),
                held="forged" if number == 3 else None,
                files=[a_file()] if number == 4 else [],
            )
            for number in range(5)
        ]
        ideas.append(an_idea(session, web_settings, berg, title="Från Berg", submitter="bo@berg.example"))
        return ideas


@pytest.fixture
def get(client, bearer, stored):
    def get(path: str = IDEAS, **query: object):
        return client.get(path, query_string=query, headers=bearer)

    return get


def titles(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json["items"]]


def test_a_list_is_newest_first_with_every_promised_field(get) -> None:
    answer = get(sluice="krokom")

    assert titles(answer) == [f"Idé {number} om 100 % el" for number in (4, 3, 2, 1, 0)]
    assert answer.json["next"] is None
    assert answer.json["items"][0].keys() >= FIELDS
    assert answer.json["items"][0]["submitter"] == {"name": "", "email": "asa@krokom.example"}


def test_pages_hold_every_idea_once_even_when_new_ones_arrive(get, database, web_settings, sluice) -> None:
    seen, cursor = [], {}
    while True:
        answer = get(sluice="krokom", limit=2, since=BEGUN.isoformat(), q="100 %", **cursor)
        seen += titles(answer)
        if answer.json["next"] is None:
            break
        cursor = {"cursor": answer.json["next"]}
        with database.transaction() as session:
            newer = an_idea(session, web_settings, sluice, title="Ny 100 %")
    with database.transaction() as session:
        for late in session.scalars(select(Idea).where(Idea.title == newer.title)):
            late.title = "Inte med"

    assert seen == [f"Idé {number} om 100 % el" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sluice": "berg"}, ["Från Berg"]),
        ({"submitter": "BO@berg.example"}, ["Från Berg"]),
        ({"held": "true"}, ["Idé 3 om 100 % el"]),
        ({"kind": "employee"}, ["Idé 3 om 100 % el", "Idé 1 om 100 % el"]),
        ({"q": "idé 2"}, ["Idé 2 om 100 % el"]),
        ({"q": "BER-2026"}, ["Från Berg"]),
        ({"q": "100_% el", "sluice": "berg"}, []),
        ({"stage": "implemented"}, []),
        ({"sluice": "nowhere"}, []),
    ],
)
def test_filters_choose(get, query, expected) -> None:
    assert titles(get(**query)) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"cursor": "bogus"},
        {"stage": "done"},
        {"kind": "king"},
        {"held": "maybe"},
        {"since": "2026-03-02"},
        {"nope": "1"},
    ],
)
def test_a_query_that_means_nothing_is_refused_by_name(get, query) -> None:
    answer = get(**query)

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert set(query) == answer.json["errors"].keys()


def test_one_idea_comes_with_its_timeline_and_files(get, client, bearer, stored) -> None:
    idea = get(f"{IDEAS}/{stored[4].reference.lower()}").json

    assert [entry["event"] for entry in idea["timeline"]] == ["received"]
    (file,) = idea["attachments"]
    download = client.get("/" + file["url"].split("/", 3)[3], headers=bearer)
    assert download.data == a_file().content
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in download.headers["Content-Security-Policy"]


def test_one_idea_tells_what_became_of_the_messages_about_it(get, client, bearer, stored, database) -> None:
    with database.transaction() as session:
        sent = a_message(session, stored[4], state="delivered")
        failed = a_message(session, stored[4], kind="answer", state="permanent-failure", reason="blocked", line="550")
    first, second = get(f"{IDEAS}/{stored[4].reference}").json["messages"]

    assert first == {
        "id": str(failed.notification_id),
        "kind": "answer",
        "channel": "email",
        "recipient": failed.recipient,
        "state": "permanent-failure",
        "reason": "blocked",
        "line": "550",
        "at": failed.at.isoformat(),
        "did_not_arrive": True,
    }
    assert (second["id"], second["did_not_arrive"]) == (str(sent.notification_id), False)
    described = client.get("/api/intake/openapi.json", headers=bearer).json["components"]["schemas"]
    assert set(described["IdeaMessage"]["properties"]) == first.keys()
    assert "messages" in described["IdeaDetail"]["properties"]


@pytest.mark.parametrize("reference", ["KRO-2026-9999", "x", "KRO-2026-0001' OR 1=1"])
def test_an_idea_that_is_not_there_is_404(get, reference: str) -> None:
    answer = get(f"{IDEAS}/{reference}")

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["ideas", "sluices", "attachments"])
def test_what_no_text_can_hold_is_refused_before_anything_is_looked_up(get, path: str) -> None:
    answer = get(f"/api/intake/v1/{path}/%00")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_creating_twice_with_one_key_makes_one_idea(app, bearer, database, sluice) -> None:
    body = {"sluice": "krokom", "title": "Bänkar", "text": "Vid älven.", "submitter": {"email": "bo@x.example"}}

    def post(_number: int):
        return app.test_client().post(IDEAS, json=body, headers={**bearer, "Idempotency-Key": "bench-1"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(6)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["reference"] for answer in answers}) == 1
    assert answers[0].headers["Location"].endswith(f"{IDEAS}/{answers[0].json['reference']}")
    with database.transaction() as session:
        assert session.scalar(select(func.count()).where(Idea.title == "Bänkar")) == 1


def test_a_key_belongs_to_its_token_and_its_idea(client, bearer, web_settings, sluice) -> None:
    def post(title: str, headers: dict[str, str]):
        body = {"sluice": "krokom", "title": title, "text": ""}
        return client.post(IDEAS, json=body, headers={**headers, "Idempotency-Key": "key-2"})

    other = {"Authorization": f"Bearer {tokens.issue(web_settings.signer, name='other', scopes=['*'])}"}
    first, changed, theirs = post("Ett", bearer), post("Två", bearer), post("Två", other)

    assert (first.status_code, changed.status_code, theirs.status_code) == (201, 409, 201)


def test_an_address_sent_by_api_is_not_vouched_for(client, bearer, sluice) -> None:
    body = {"sluice": "krokom", "title": "x", "text": "y", "submitter": {"email": "asa@krokom.example"}}

    idea = client.post(IDEAS, json=body, headers=bearer).json

    assert idea["vouched"] is False
    assert idea["kind"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sluice": "nowhere"}, "sluice"),
        ({"title": ""}, "title"),
        ({"title": " \t "}, "title"),
        ({"stage": "decided"}, "stage"),
        ({"held": False}, "held"),
        ({"kind": "king"}, "kind"),
        ({"submitter": {"email": "nobody"}}, "submitter"),
        ({"submitter": {"email": "a@b.example", "admin": True}}, "submitter"),
        ({"text": "x" * 100_001}, "text"),
    ],
)
def test_what_may_not_be_set_is_refused_by_name(client, bearer, sluice, change, field) -> None:
    body = {"sluice": "krokom", "title": "x", "text": "y"} | change

    answer = client.post(IDEAS, json=body, headers=bearer)

    assert answer.status_code == 422
    assert field in answer.json["errors"]


def test_reading_does_not_allow_writing(client, web_settings, sluice) -> None:
    reader = {"Authorization": f"Bearer {tokens.issue(web_settings.signer, name='r', scopes=['intake:read'])}"}

    assert client.get(IDEAS, headers=reader).status_code == 200
    assert client.post(IDEAS, json={}, headers=reader).status_code == 403
    assert client.post(IDEAS, json={}).status_code == 401


def test_sluices_tell_their_addresses_and_contacts(get, client, bearer, stored) -> None:
    listed = get("/api/intake/v1/sluices", limit=1)
    krokom = get("/api/intake/v1/sluices/krokom").json
    second = get("/api/intake/v1/sluices", cursor=listed.json["next"])

    assert krokom["addresses"] == ["ide@krokom.example"]
    assert [contact["email"] for contact in krokom["contacts"]] == ["kontakt@krokom.example"]
    assert {item["slug"] for item in listed.json["items"] + second.json["items"]} == {"krokom", "berg"}
    assert get("/api/intake/v1/sluices/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("page.html", "text/html"),
        ("picture.svg", "image/svg+xml"),
        ("page.xhtml", "application/xhtml+xml"),
        ("code.js", "text/javascript"),
        ("paper.pdf", "application/pdf"),
        ("feed.xml", "text/xml"),
        ("x.html", "text/html; charset=utf-7"),
        ("../../etc/passwd", "text/plain"),
        ("a\r\nX-Evil: 1", "a/b\r\nX-Evil: 1"),
        ("\u202egnp.exe", ""),
        ('räksmörgås "2".txt', "text/plain"),
        ("", "multipart/mixed"),
    ],
)
def test_no_file_is_shown_or_named_out_of_its_place(client, bearer, database, web_settings, sluice, name, kind) -> None:
    with database.transaction() as session:
        idea = an_idea(session, web_settings, sluice, files=[a_file(name, b"<script>fire()</script>", kind)])
    (file,) = client.get(f"{IDEAS}/{idea.reference}", headers=bearer).json["attachments"]

    download = client.get(f"/api/intake/v1/attachments/{file['id']}", headers=bearer)

    assert download.data == b"<script>fire()</script>"
    assert download.headers["Content-Disposition"].startswith("attachment; filename")
    assert "sandbox" in download.headers["Content-Security-Policy"]
    assert download.headers["X-Content-Type-Options"] == "nosniff"
    assert "X-Evil" not in download.headers
    assert download.content_type == kind or download.content_type == "application/octet-stream"
