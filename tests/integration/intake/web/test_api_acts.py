"""Programs answer, move and note ideas, and are told where somebody else was first."""

from __future__ import annotations

import pytest

from services.intake.store.tables import Idea
from shared.web import tokens
from tests.support.ideas import an_idea

WORDS = "Vi provar i vinter."


@pytest.fixture
def idea(database, web_settings, sluice) -> Idea:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluice)


@pytest.fixture
def post(client, bearer, idea):
    def post(what: str, headers=bearer, **body: object):
        return client.post(f"/api/intake/v1/ideas/{idea.reference}/{what}", json=body, headers=headers)

    return post


def test_a_program_moves_an_idea_once_for_each_version(post) -> None:
    moved = post("moves", to="developing", answer=WORDS, version=1)
    again = post("moves", to="decided", answer=WORDS, version=1)

    assert moved.status_code == 200, moved.text
    assert (moved.json["stage"], moved.json["version"]) == ("developing", 2)
    assert moved.json["timeline"][-1]["text"] == WORDS
    assert (again.status_code, again.content_type) == (409, "application/problem+json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "moon", "answer": WORDS, "version": 1}, "to"),
        ({"to": "closed", "answer": WORDS, "version": 1}, "close_reason"),
        ({"to": "triage", "answer": "", "version": 1}, "answer"),
        ({"to": "triage", "answer": WORDS}, "version"),
        ({"to": "triage", "answer": WORDS, "version": 1, "silent": True}, "silent"),
    ],
)
def test_a_move_that_cannot_be_made_names_the_field(post, body, field) -> None:
    refused = post("moves", **body)

    assert refused.status_code == 422
    assert field in refused.json["errors"]


def test_a_note_is_internal_and_needs_the_right_to_write(post, web_settings) -> None:
    reader = {"Authorization": f"Bearer {tokens.issue(web_settings.signer, name='r', scopes=['intake:read'])}"}

    assert post("notes", headers=reader, text="Ring Bo.").status_code == 403
    noted = post("notes", text="Ring Bo.")
    assert noted.status_code == 201
    assert noted.json["timeline"][-1]["public"] is False


def test_a_program_registers_finds_and_hands_over_an_idea(client, bearer, post, idea) -> None:
    """Registry and archive systems do what a contact does, and take the package."""
    number = f"KS 2026/{idea.id.hex[:8]}"
    refused = post("registry", state="to-register", number=number, version=1)
    registered = post("registry", state="registered", number=number, version=1)
    late = post("registry", state="not-needed", version=1)
    found = client.get("/api/intake/v1/ideas", query_string={"registry_number": number.lower()}, headers=bearer)
    handed = post("handed-over", receipt="Leverans 17", version=2)
    package = client.get(f"/api/intake/v1/ideas/{idea.reference}/package?notes=false", headers=bearer)

    assert refused.status_code == 422
    assert registered.json["registry"] == {"state": "registered", "number": number, "handed_over_at": None}
    assert late.status_code == 409
    assert [one["reference"] for one in found.json["items"]] == [idea.reference]
    assert handed.json["registry"]["handed_over_at"]
    assert (package.status_code, package.content_type) == (200, "application/zip")
    assert package.data.startswith(b"PK")
