"""Fixtures of integration tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from idesluss import migrate
from shared.embedded_postgres import EmbeddedPostgres
from shared.settings import load
from tests.support.databases import SECRET_KEY


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an embedded database as a first start leaves it, migrated, to be copied.

    Made once: the first writing to the disk is what takes time.
    """
    folder = tmp_path_factory.mktemp("first")
    settings = load({"IDESLUSS_DATA_DIR": str(folder), "IDESLUSS_SECRET_KEY": SECRET_KEY})
    postgres = EmbeddedPostgres(settings)
    postgres.initialise()
    postgres.start()
    postgres.wait_ready()
    migrate.run(settings)
    postgres.stop()
    return folder
