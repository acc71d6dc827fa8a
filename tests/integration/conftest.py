"""Fixtures of integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from idesluss import migrate
from shared.embedded_postgres import EmbeddedPostgres
from shared.settings import Settings, load
from tests.support.databases import SECRET_KEY
from tests.support.outgoing import Outgoing


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


@pytest.fixture
def made(settings: Settings) -> Iterator[Outgoing]:
    """Where a test makes messages that are to leave."""
    outgoing = Outgoing(settings)
    yield outgoing
    outgoing.close()
