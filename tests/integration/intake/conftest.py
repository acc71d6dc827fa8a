"""A sluice at which mail arrives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.db import Database, Role
from shared.settings import Settings
from tests.integration.intake.desk import Desk
from tests.support.ideas import a_sluice


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    database = Database(settings, Role.INTAKE)
    with database.transaction() as session:
        sluice = a_sluice(session)
    yield Desk(settings, database, sluice)
    database.dispose()
