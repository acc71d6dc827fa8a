"""Fixtures that many tests share. Those of one subject live near their use."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import URL

from shared.settings import Settings
from tests.support import databases
from tests.support.database_pool import Pool

JOURNEYS = Path(__file__).parent / "journeys"


def pytest_configure() -> None:
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
    )
    databases.name_run()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker is left with it at the end while the others idle."""
    items.sort(key=lambda item: not item.path.is_relative_to(JOURNEYS))


def pytest_collection_finish() -> None:
    """All that is imported by now stays: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        databases.drop_template()


@pytest.fixture(scope="session")
def database_server() -> Iterator[URL]:
    """A PostgreSQL server on which databases may be created."""
    with databases.server() as url:
        yield url


@pytest.fixture(scope="session")
def database_template(database_server: URL) -> str:
    """The name of a database migrated once in this run, to be cloned."""
    return databases.template(database_server)


@pytest.fixture(scope="session")
def database_pool(database_server: URL, database_template: str) -> Iterator[Pool]:
    """This process' clones of the template."""
    pool = Pool(database_server, database_template)
    yield pool
    pool.close()


@pytest.fixture
def settings(database_pool: Pool, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a database as freshly migrated, a data folder of their own and free ports."""
    with database_pool.lend() as url:
        yield databases.settings_for(url, tmp_path)


@pytest.fixture(scope="module")
def module_settings(database_pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """As ``settings``, but one database for all tests of a module."""
    with database_pool.lend() as url:
        yield databases.settings_for(url, tmp_path_factory.mktemp("data"))
