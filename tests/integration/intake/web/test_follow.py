"""The follow page: opened by its signed link alone, plain about what happens, safe with anybody's words."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from services.intake.domain.idea import SubmitterKind
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import Addition, add_to_idea, note
from shared.clock import now
from shared.web import links
from tests.support.ideas import a_draft, a_file, an_idea
from tests.support.pages import PAYLOADS, Elements


def path_of(settings, idea: Idea, **query: str) -> str:
    token = links.follow_token(settings.signer, idea.reference)
    return f"/i/{idea.reference}?t={token}" + "".join(f"&{name}={value}" for name, value in query.items())


@pytest.fixture
def idea(database, web_settings, sluice) -> Idea:
    with database.transaction() as session:
        return an_idea(session, web_settings, sluice)


def test_the_link_shows_the_idea_its_stage_and_by_when_an_answer_comes(client, web_settings, idea, sluice) -> None:
    page = client.get(path_of(web_settings, idea))

    assert page.status_code == 200
    assert idea.title in page.text
    assert idea.reference in page.text
    assert 'aria-current="step">Mottagen' in page.text
    assert "Du får svar senast <strong>" in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in page.headers


def test_the_page_speaks_english_too(client, web_settings, idea) -> None:
    page = client.get(path_of(web_settings, idea, lang="en")).text

    assert '<html lang="en"' in page
    assert "You will have an answer by <strong>" in page
    assert "lang=sv" in page


def test_a_wrong_or_missing_token_opens_nothing_and_tells_what_to_do(
    client, web_settings, idea, database, sluice
) -> None:
    with database.transaction() as session:
        other = an_idea(session, web_settings, sluice, title="En annan idé")
    foreign = links.follow_token(web_settings.signer, other.reference)
    here = f"/i/{idea.reference}"
    paths = [here, f"{here}?t={foreign}", f"{here}?t=", f"/i/KRO-2026-9999?t={foreign}", "/i/x"]

    pages = [client.get(path) for path in paths]
    told = {page.text.partition("<main")[2] for page in pages}

    assert {page.status_code for page in pages} == {404}
    assert len(told) == 1
    assert all("Öppna mejlet med bekräftelsen" in page.text for page in pages)
    assert all(idea.title not in page.text for page in pages)


def test_looking_changes_nothing(client, web_settings, idea, database) -> None:
    with database.transaction() as session:
        before = session.scalar(select(func.count()).select_from(TimelineEntry))
    for method in ("GET", "HEAD"):
        client.open(path_of(web_settings, idea), method=method)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(TimelineEntry)) == before
        assert session.get(Idea, idea.id).updated_at == idea.updated_at


def test_the_submitter_says_once_who_they_are(client, web_settings, idea, database) -> None:
    token = links.follow_token(web_settings.signer, idea.reference)
    asked = client.get(path_of(web_settings, idea)).text

    answers = [client.post(f"/i/{idea.reference}/kind", data={"t": token, "kind": "employee"}) for _ in range(2)]

    assert "Är du anställd här?" in asked
    assert {one.status_code for one in answers} == {303}
    assert answers[0].headers["Location"] == f"/i/{idea.reference}?t={token}"
    page = client.get(answers[0].headers["Location"]).text
    assert "Är du anställd här?" not in page
    assert page.count("Du svarade att du är medarbetare") == 1
    with database.transaction() as session:
        assert session.get(Idea, idea.id).kind == "employee"


@pytest.mark.parametrize(
    ("token", "kind", "status"), [("wrong", "employee", 404), ("", "employee", 404), (None, "king", 422)]
)
def test_a_foreign_post_changes_nothing(client, web_settings, idea, database, token, kind: str, status: int) -> None:
    given = links.follow_token(web_settings.signer, idea.reference) if token is None else token

    answered = client.post(f"/i/{idea.reference}/kind", data={"t": given, "kind": kind})

    assert answered.status_code == status
    with database.transaction() as session:
        assert session.get(Idea, idea.id).kind is None


def test_an_official_answer_is_shown_and_a_draft_is_not(client, web_settings, idea, database, sluice) -> None:
    with database.transaction() as session:
        stored = session.get(Idea, idea.id)
        drafted = a_draft(session, web_settings, sluice, stored, "Vi provar tre cyklar i vinter.")
    before = client.get(path_of(web_settings, idea)).text
    with database.transaction() as session:
        answer.confirm(session, Announcer(web_settings), drafted.id, drafted.text)
    after = client.get(path_of(web_settings, idea)).text

    assert "Vi provar tre cyklar" not in before
    assert "Vi provar tre cyklar" in after
    assert "Nytt steg: Granskas" in after
    assert "Du har fått svar" in after


def test_a_promise_that_was_broken_is_said_to_be(client, web_settings, idea, database) -> None:
    with database.transaction() as session:
        session.get(Idea, idea.id).answer_by = now().replace(year=2025)

    assert "Du skulle ha fått svar senast" in client.get(path_of(web_settings, idea)).text


def test_a_closed_idea_leaves_by_the_side_with_its_reason(client, web_settings, idea, database) -> None:
    with database.transaction() as session:
        stored = session.get(Idea, idea.id)
        stored.stage, stored.close_reason = "closed", "Belysningen är redan nattsänkt."
        note(
            session,
            stored,
            event="answered",
            at=now(),
            actor="Kontaktperson",
            actor_kind="contact",
            text="Tack.",
            facts={"from": "developing", "to": "closed"},
        )
    page = client.get(path_of(web_settings, idea)).text

    assert "Avslutad: idén går inte vidare härifrån" in page
    assert "Belysningen är redan nattsänkt." in page
    assert 'aria-current="step"' not in page


def test_an_event_of_a_later_version_is_told_in_general(client, web_settings, idea, database) -> None:
    with database.transaction() as session:
        note(session, session.get(Idea, idea.id), event="teleported", at=now(), actor="", actor_kind="system")

    assert "Något ändrades i idén" in client.get(path_of(web_settings, idea)).text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nobodys_words_run_in_the_page(client, web_settings, database, sluice, payload: str) -> None:
    with database.transaction() as session:
        hostile = an_idea(
            session,
            web_settings,
            sluice,
            title=payload,
            text=payload,
            submitter_name=payload,
            kind=SubmitterKind.CITIZEN,
        )
        add_to_idea(
            session,
            Announcer(web_settings),
            sluice,
            hostile,
            Addition(text=payload, at=now(), author=payload, author_kind="other", files=[a_file(name=payload)]),
        )
    page = client.get(path_of(web_settings, hostile))

    assert page.status_code == 200
    assert not Elements(page.text).can_run


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]", "a b"])
def test_a_forged_host_reaches_no_link(client, web_settings, idea, host: str) -> None:
    refused = client.get(path_of(web_settings, idea), headers={"Host": host, "X-Forwarded-Host": host})

    assert refused.status_code == 400
    assert "evil" not in refused.text


def test_a_forged_forwarded_host_reaches_no_redirect(client, web_settings, idea) -> None:
    token = links.follow_token(web_settings.signer, idea.reference)

    answered = client.post(
        f"/i/{idea.reference}/kind",
        data={"t": token, "kind": "citizen"},
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )

    assert answered.headers["Location"].startswith("/i/")
