"""Real databases for tests: one template, migrated once in a run, and a fresh clone for whoever asks.

The server is IDESLUSS_TEST_DATABASE_URL, or the machine's own on 127.0.0.1:5432, or else an embedded
one that lives as long as the test process. Works under pytest-xdist: the workers share one template.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

from idesluss import migrate
from shared.db import conninfo, embedded_url
from shared.embedded_postgres import EmbeddedPostgres
from shared.errors import MisconfiguredError
from shared.settings import Settings, load
from tests.support.ports import free_ports

SECRET_KEY = "only-for-tests-" + "k" * 32
"""Fixed: the roles' passwords derive from it, and roles belong to the whole server."""

CONFIGURED = "IDESLUSS_TEST_DATABASE_URL"
RUN = "IDESLUSS_TEST_RUN"
"""Names this test run in the environment, which xdist's workers inherit."""

_PREFIX = "idesluss_test"
_LOCK = 0x1DE5_7E57


def name_run() -> None:
    """Give this test run a name, unless a parent process has done so."""
    os.environ.setdefault(RUN, f"{int(time.time())}_{secrets.token_hex(3)}")


@contextmanager
def server() -> Iterator[URL]:
    """The URL of a PostgreSQL server on which databases may be created; skips, or fails in CI, without one."""
    url = _machine_server()
    try:
        psycopg.connect(conninfo(url), connect_timeout=3).close()
    except psycopg.OperationalError as error:
        if CONFIGURED in os.environ:
            pytest.fail(f"{CONFIGURED}: no PostgreSQL at {url}: {error}", pytrace=False)
        with _embedded_server() as own:
            yield own
    else:
        yield url


def _machine_server() -> URL:
    url = make_url(os.environ.get(CONFIGURED) or "postgresql://127.0.0.1:5432/postgres")
    return url if url.database else url.set(database="postgres")


@contextmanager
def _embedded_server() -> Iterator[URL]:
    with tempfile.TemporaryDirectory(prefix="idesluss-test-") as folder:
        settings = load({"IDESLUSS_DATA_DIR": folder, "IDESLUSS_SECRET_KEY": SECRET_KEY})
        try:
            postgres = EmbeddedPostgres(settings)
            postgres.initialise()
            postgres.start()
            postgres.wait_ready()
        except MisconfiguredError as error:
            word = f"no PostgreSQL for tests, neither on this machine nor embedded: {error}"
            if os.environ.get("CI") == "true":
                pytest.fail(word, pytrace=False)
            pytest.skip(word)
        try:
            yield embedded_url(settings)
        finally:
            postgres.stop()


def template(server_url: URL) -> str:
    """The name of this run's migrated template database; made by whichever process asks first."""
    name = f"{_PREFIX}_{os.environ[RUN]}_template"
    with psycopg.connect(conninfo(server_url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            _sweep(connection)
            unfinished = f"{name}_unfinished"
            _execute(connection, "CREATE DATABASE {}", unfinished)
            with tempfile.TemporaryDirectory() as folder:
                migrate.run(settings_for(server_url.set(database=unfinished), Path(folder)))
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
            )
    return name


@contextmanager
def clone(server_url: URL, template_name: str) -> Iterator[URL]:
    """A fresh database, as migrated, dropped at the end even where somebody is still connected."""
    name = new_name()
    create(server_url, name, template_name)
    try:
        yield server_url.set(database=name)
    finally:
        drop(server_url, name)


def new_name() -> str:
    """A name for a database of this run."""
    return f"{_PREFIX}_{os.environ[RUN]}_{secrets.token_hex(4)}"


def create(server_url: URL, name: str, template_name: str) -> None:
    """Make a database as its template is."""
    with psycopg.connect(conninfo(server_url), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template_name))
        )


def drop(server_url: URL, name: str) -> None:
    """Drop a database if it exists, whoever is connected."""
    with psycopg.connect(conninfo(server_url), autocommit=True) as connection:
        _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def settings_for(database_url: URL, data_dir: Path) -> Settings:
    """Settings for one test: its database, a data folder of its own, free ports."""
    http_port, smtp_port = free_ports(2)
    return load(
        {
            "DATABASE_URL": database_url.render_as_string(hide_password=False),
            "IDESLUSS_DATA_DIR": str(data_dir),
            "IDESLUSS_SECRET_KEY": SECRET_KEY,
            "IDESLUSS_DEMO_IDEAS": "false",
            "IDESLUSS_HTTP_PORT": str(http_port),
            "IDESLUSS_SMTP_PORT": str(smtp_port),
        }
    )


def drop_template() -> None:
    """At the end of a run: drop its template, where one was made on a server that stays."""
    try:
        drop(_machine_server(), f"{_PREFIX}_{os.environ[RUN]}_template")
    except psycopg.OperationalError:
        return


def _sweep(connection: psycopg.Connection) -> None:
    """Drop what runs that were killed more than a day ago left behind."""
    rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'idesluss\\_test\\_%'").fetchall()
    for (name,) in rows:
        started = name.split("_")[2]
        if started.isdigit() and time.time() - int(started) > 86_400:
            _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _execute(connection: psycopg.Connection, statement: str, name: str) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
