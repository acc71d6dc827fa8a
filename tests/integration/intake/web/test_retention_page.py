"""Retention in the browser: rules with their decision, what they would remove, the record, and what a link says then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from services.intake.app import create_app
from services.intake.domain.sluice import SluiceProfile
from services.intake.store.people_tables import Change
from services.intake.store.retention_tables import Retention
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases.retain import Retain
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import links, tokens
from tests.support.closing import databases_closed
from tests.support.ideas import a_sluice, an_idea
from tests.support.signed_in import client_for, post

BOSS, PAGE = "admin@region.example", "/kontakt/admin/sluss/krokom/gallring"
RULES = {"decision": "KS 2026/118 § 4", "ideas_days": "30", "version": "0"}


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    found = Database(settings, Role.INTAKE)
    yield found
    found.dispose()


@pytest.fixture
def sluice(database: Database) -> SluiceProfile:
    with database.transaction() as session:
        return a_sluice(session)


@pytest.fixture
def app(settings: Settings, sluice: SluiceProfile) -> Iterator[Flask]:
    with databases_closed():
        yield create_app(settings)


@pytest.fixture
def boss(app: Flask) -> FlaskClient:
    return client_for(app, BOSS, "administrator")


@pytest.fixture
def old_idea(settings: Settings, database: Database, sluice: SluiceProfile) -> str:
    then = now() - timedelta(days=40)
    with database.transaction() as session:
        idea = an_idea(session, settings, sluice, received_at=then)
        idea.stage = "closed"
        session.flush()
        session.execute(update(Idea).values(updated_at=then))
        session.execute(update(TimelineEntry).values(at=then))
        return idea.reference


def test_only_administrators_see_it(app: Flask, sluice: SluiceProfile) -> None:
    contact = client_for(app, "kontakt@krokom.example", "contact:krokom")
    assert contact.get(PAGE).status_code == 403
    assert contact.get(f"{PAGE}/protokoll.csv").status_code == 403
    assert post(contact, PAGE, **RULES).status_code == 403
    assert post(contact, f"{PAGE}/bevara", reference="KRO-2026-0001", reason="x").status_code == 403


def test_a_preview_names_what_would_go_and_saves_nothing(boss: FlaskClient, database: Database, old_idea: str) -> None:
    page = post(boss, PAGE, act="preview", **RULES)
    assert page.status_code == 200
    assert old_idea in page.text
    assert "1 stycke" in page.text
    with database.transaction() as session:
        assert session.scalars(select(Retention)).first() is None


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"decision": ""}, "decision"), ({"ideas_days": "0"}, "ideas_days"), ({"ideas_days": "½"}, "ideas_days")],
)
def test_what_is_wrong_is_said_beside_its_field(
    boss: FlaskClient, database: Database, typed: dict[str, str], field: str
) -> None:
    page = post(boss, PAGE, act="save", **(RULES | typed))
    assert page.status_code == 422
    assert f'id="{field}-fault"' in page.text
    with database.transaction() as session:
        assert session.scalars(select(Retention)).first() is None


def test_rules_hold_once_saved_and_stand_in_the_history_and_an_old_form_is_told(
    boss: FlaskClient, database: Database
) -> None:
    assert post(boss, PAGE, act="save", **RULES).status_code == 303
    assert "efter 30 dagar" in boss.get("/kontakt/admin/sluss/krokom").text
    late = post(boss, PAGE, act="save", **(RULES | {"ideas_days": "5"}))
    assert late.status_code == 409
    assert 'name="version" value="1"' in late.text
    with database.transaction() as session:
        changed = {change.what: change.after for change in session.scalars(select(Change))}
    assert changed == {"retention.ideas": 30, "retention.decision": "KS 2026/118 § 4"}


def test_what_was_removed_is_told_by_its_links_its_record_and_the_api(
    boss: FlaskClient, app: Flask, settings: Settings, database: Database, old_idea: str
) -> None:
    post(boss, PAGE, act="save", **RULES)
    follow = f"/i/{old_idea}?t={links.follow_token(settings.signer, old_idea)}"
    assert app.test_client().get(follow).status_code == 200
    Retain(database, lambda: True)()

    stranger = app.test_client()
    gone = stranger.get(follow)
    assert gone.status_code == 410
    assert "KS 2026/118 § 4" in gone.text
    assert stranger.get(f"/i/{old_idea}?t=wrong").status_code == 404
    assert boss.get(f"/kontakt/ide/{old_idea}").status_code == 410
    bearer = {"Authorization": f"Bearer {tokens.issue(settings.signer, name='t', scopes=['*'])}"}
    told = stranger.get(f"/api/intake/v1/ideas/{old_idea}", headers=bearer)
    assert (told.status_code, told.content_type) == (410, "application/problem+json")
    assert old_idea in boss.get(f"{PAGE}/protokoll.csv").text
    assert "KS 2026/118 § 4" in boss.get(PAGE).text


def test_a_kept_idea_stays_until_it_is_let_go(boss: FlaskClient, database: Database, old_idea: str) -> None:
    post(boss, PAGE, act="save", **RULES)
    assert post(boss, f"{PAGE}/bevara", reference="KRO-2026-9999", reason="tvist").status_code == 422
    assert post(boss, f"{PAGE}/bevara", reference=old_idea, reason=" ").status_code == 422
    assert post(boss, f"{PAGE}/bevara", reference=old_idea.lower(), reason="tvist, mål 1-26").status_code == 303
    assert "tvist, mål 1-26" in boss.get(PAGE).text
    assert not Retain(database, lambda: True)()
    assert post(boss, f"{PAGE}/bevara", reference=old_idea, act="let-go").status_code == 303
    assert sum(Retain(database, lambda: True)().values()) == 1


def test_the_link_to_the_other_language_leads_back_to_the_page(boss: FlaskClient) -> None:
    assert post(boss, f"{PAGE}/bevara", reference="KRO-2026-0001").status_code == 422
    assert boss.get(f"{PAGE}/bevara").location == PAGE
