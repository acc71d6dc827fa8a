"""Where a bench runs the suite: embedded, or on a PostgreSQL and a RabbitMQ that somebody else started."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from shared.db import conninfo
from tests.support import rabbitmq
from tests.support.databases import SECRET_KEY
from tests.support.running import Suite

EMBEDDED, ENGINES = "embedded", "rabbitmq"
PLACES = (EMBEDDED, ENGINES)
"""``rabbitmq`` is PostgreSQL on IDESLUSS_TEST_DATABASE_URL and RabbitMQ on IDESLUSS_TEST_BROKER_URL."""


@contextmanager
def empty_database() -> Iterator[URL]:
    """A database of the bench's own on the machine's server, dropped at the end."""
    server = make_url(os.environ.get("IDESLUSS_TEST_DATABASE_URL") or "postgresql://127.0.0.1:5432/postgres")
    name = f"idesluss_bench_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(conninfo(server), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield server.set(database=name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def engines() -> Iterator[dict[str, str]]:
    """The environment that leads to an empty database and to queues of the bench's own."""
    with empty_database() as url, rabbitmq.queues() as queues:
        yield {
            **queues.environment,
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "IDESLUSS_SECRET_KEY": SECRET_KEY,
        }


@contextmanager
def running(place: str, environment: Mapping[str, str]) -> Iterator[Suite]:
    """The whole suite at a place, ready, and stopped at the end."""
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory())
        leading = held.enter_context(engines()) if place == ENGINES else {}
        suite = Suite(Path(folder) / "var", {**environment, **leading}).start()
        try:
            yield suite
        finally:
            suite.stop()
