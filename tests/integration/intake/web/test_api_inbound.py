"""The API's received mails: found, downloaded to the byte, and their decisions undone."""

from __future__ import annotations

import hashlib

import pytest

from services.intake.store.tables import Idea, InboundEmail
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import Addition, add_to_idea
from shared.clock import now
from shared.web import tokens
from tests.support.ideas import a_mail, an_idea

EMAILS = "/api/intake/v1/inbound-emails"
FIELDS = {"id", "sha256", "message_id", "envelope_from", "recipient", "kind", "idea", "reasons", "raw_url"}
RAW = b"Subject: =?utf-8?q?Hej?=\r\n\r\nbare\nLF, bare\rCR, NUL\x00, \xff\xfe <script>\r\n.\r\n"


@pytest.fixture
def mail(database, web_settings, sluice) -> InboundEmail:
    """A mail that began an idea, with something set apart."""
    with database.transaction() as session:
        mail = a_mail(session, sluice, raw=RAW)
        an_idea(session, web_settings, sluice, text="Nytt.", set_apart="> Gammalt.", mail=mail)
        return mail


@pytest.fixture
def added(database, web_settings, sluice, mail) -> InboundEmail:
    """A mail that was added to that idea."""
    with database.transaction() as session:
        added = a_mail(session, sluice, raw=b"Subject: mer\r\n\r\nMer.\r\n", kind="reply")
        idea = session.get(Idea, mail.idea_id)
        added.idea_id = idea.id
        add_to_idea(
            session,
            Announcer(web_settings),
            sluice,
            idea,
            Addition(text="Mer.", at=now(), author="Bo", author_kind="other", inbound_email_id=added.id),
        )
        return added


@pytest.fixture
def post(client, bearer):
    def post(mail: InboundEmail, action: str, **body: str):
        return client.post(f"{EMAILS}/{mail.id}/{action}", json={"reason": "fel", **body}, headers=bearer)

    return post


def test_a_mail_has_every_promised_field(client, bearer, mail) -> None:
    shown = client.get(f"{EMAILS}/{mail.id}", headers=bearer).json

    assert shown.keys() >= FIELDS
    assert shown["sha256"] == hashlib.sha256(RAW).hexdigest()
    assert shown["idea"].startswith("KRO-")
    assert shown["reading"]["subject"] == "hej"


def test_the_original_comes_to_the_byte_and_is_never_shown(client, bearer, mail) -> None:
    url = client.get(f"{EMAILS}/{mail.id}", headers=bearer).json["raw_url"]

    original = client.get("/" + url.split("/", 3)[3], headers=bearer)

    assert original.data == RAW
    assert original.content_type == "message/rfc822"
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in original.headers["Content-Security-Policy"]
    assert original.headers["Cache-Control"] == "private, no-store"


def test_a_mail_is_found_by_what_is_known_of_it(client, bearer, mail, added) -> None:
    reference = client.get(f"{EMAILS}/{mail.id}", headers=bearer).json["idea"]
    bare = mail.message_id.strip("<>")
    queries = [
        ({"message_id": mail.message_id}, [mail]),
        ({"message_id": bare}, [mail]),
        ({"idea": reference}, [added, mail]),
        ({"idea": reference, "kind": "reply"}, [added]),
        ({"idea": reference, "sluice": "nowhere"}, []),
        ({"idea": reference, "held": "true"}, []),
        ({"idea": reference, "sha256": hashlib.sha256(RAW).hexdigest()}, [mail]),
    ]

    for query, expected in queries:
        found = client.get(EMAILS, query_string=query, headers=bearer).json["items"]
        assert [item["id"] for item in found] == [str(one.id) for one in expected], query


def test_what_was_set_apart_is_put_back_once(post, mail) -> None:
    first, second = post(mail, "restore").json, post(mail, "restore").json

    assert first["text"] == second["text"] == "Nytt.\n\n> Gammalt."
    assert [entry["event"] for entry in second["timeline"]].count("restored") == 1
    assert "fel" in second["timeline"][-1]["text"]


def test_a_mail_is_detached_into_an_idea_of_its_own_once(post, client, bearer, mail, added) -> None:
    first, second = post(added, "detach").json, post(added, "detach").json
    shown = client.get(f"{EMAILS}/{added.id}", headers=bearer).json

    assert first["reference"] == second["reference"] == shown["idea"]
    assert any("detached by tests: fel" in reason for reason in shown["reasons"])


def test_a_mail_that_began_its_idea_cannot_be_detached(post, mail) -> None:
    answer = post(mail, "detach")

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"


def test_a_mail_with_two_ideas_is_split_once(post, mail) -> None:
    first = post(mail, "split", title="Den andra", text="En idé till.").json
    second = post(mail, "split", title="Den andra", text="En idé till.").json
    third = post(mail, "split", title="En tredje", text="En idé till.").json

    assert first["reference"] == second["reference"] != third["reference"]
    assert first["title"] == "Den andra"


def test_a_held_mail_is_released_once(post, database, web_settings, sluice) -> None:
    with database.transaction() as session:
        mail = a_mail(session, sluice, held="forged")
        an_idea(session, web_settings, sluice, held="forged", no_confirmation="held", mail=mail)
    first, second = post(mail, "release").json, post(mail, "release").json

    assert first["held"] is second["held"] is False
    assert [entry["event"] for entry in second["timeline"]].count("released") == 1


@pytest.mark.parametrize("action", ["restore", "detach", "split", "release"])
def test_undoing_needs_a_reason_a_right_and_a_mail(client, bearer, web_settings, mail, action: str) -> None:
    reader = {"Authorization": f"Bearer {tokens.issue(web_settings.signer, name='r', scopes=['intake:read'])}"}
    body = {"reason": "x", "title": "t", "text": "t"} if action == "split" else {"reason": "x"}
    nobody = "01a20c2d-a652-7054-be86-4fa1a5b49c3e"

    assert "reason" in client.post(f"{EMAILS}/{mail.id}/{action}", json={}, headers=bearer).json["errors"]
    assert client.post(f"{EMAILS}/{mail.id}/{action}", json=body, headers=reader).status_code == 403
    assert client.post(f"{EMAILS}/{mail.id}/{action}", json=body).status_code == 401
    assert client.post(f"{EMAILS}/{nobody}/{action}", json=body, headers=bearer).status_code == 404
    assert client.get(f"{EMAILS}/{mail.id}/{action}", headers=bearer).status_code == 405


@pytest.mark.parametrize("path", ["", "/x", "/x/raw", "/01a20c2d-a652-7054-be86-4fa1a5b49c3e/raw"])
def test_nothing_is_read_without_a_token(client, path: str) -> None:
    answer = client.get(EMAILS + path)

    assert answer.status_code in (401, 404)
    assert answer.content_type == "application/problem+json"
