"""Intake's web app on a real database, with a sluice in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from services.intake.app import create_app
from services.intake.domain.sluice import SluiceProfile
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import tokens
from tests.support.closing import databases_closed
from tests.support.ideas import a_sluice


@pytest.fixture(scope="module")
def web_settings(module_settings: Settings) -> Settings:
    return module_settings


@pytest.fixture(scope="module")
def database(web_settings: Settings) -> Iterator[Database]:
    database = Database(web_settings, Role.INTAKE)
    yield database
    database.dispose()


@pytest.fixture(scope="module")
def sluice(database: Database) -> SluiceProfile:
    with database.transaction() as session:
        return a_sluice(session)


@pytest.fixture(scope="module")
def app(web_settings: Settings, sluice: SluiceProfile):
    with databases_closed():
        yield create_app(web_settings)


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def bearer(web_settings: Settings) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue(web_settings.signer, name='tests', scopes=['*'])}"}
