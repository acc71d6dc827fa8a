"""The tests' own ground: a database that is lent again is as freshly migrated, or it is not lent again."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import URL

from shared.db import conninfo
from tests.support import database_pool
from tests.support.database_pool import Pool


@pytest.fixture
def pool(database_server: URL, database_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setattr(database_pool, "MOST_ROWS", 100)
    found = Pool(database_server, database_template)
    yield found
    found.close()


def run(url: URL, statement: str) -> list[tuple]:
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # rows need not belong together here
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


COUNTER = "intake.reference_counter"


def oid(url: URL) -> int:
    return run(url, "SELECT oid FROM pg_database WHERE datname = current_database()")[0][0]


def test_what_a_test_left_is_gone_though_the_database_is_the_same(pool: Pool) -> None:
    with pool.lend() as url:
        first = oid(url)
        run(url, "SELECT nextval('dramatiq.queue_position_seq')")
        run(url, f"INSERT INTO {COUNTER} SELECT gen_random_uuid(), 2026, 7")

    with pool.lend() as again:
        assert (oid(again), again.database != url.database) == (first, True)
        assert run(again, f"SELECT count(*) FROM {COUNTER}") == [(0,)]
        assert run(again, "SELECT nextval('dramatiq.queue_position_seq')") == [(1,)]
        assert run(again, "SELECT count(*) FROM intake.alembic_version") == [(1,)]
    assert pool.dropped == []


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("CREATE TABLE intake.own ()", "schema"),
        ("ALTER TABLE intake.idea ADD COLUMN own int", "schema"),
        ("DROP INDEX intake.{index}", "schema"),
        ("GRANT SELECT ON bus.message TO PUBLIC", "schema"),
        ("REVOKE USAGE ON SCHEMA bus FROM idesluss_intake", "schema"),
        ("CREATE FUNCTION intake.own() RETURNS int LANGUAGE sql AS 'SELECT 1'", "schema"),
        ("ALTER ROLE idesluss_intake IN DATABASE {name} SET synchronous_commit = off", "settings"),
        ("UPDATE intake.alembic_version SET version_num = '0000'", "migrations"),
        ("DELETE FROM bus.alembic_version", "migrations"),
        (f"INSERT INTO {COUNTER} SELECT gen_random_uuid(), n, 7 FROM generate_series(1, 101) n", "too many rows"),
    ],
)
def test_what_cannot_be_cleaned_is_dropped(pool: Pool, statement: str, why: str) -> None:
    with pool.lend() as url:
        first = oid(url)
        (index,) = run(
            url, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisunique AND indexrelid >= 16384 LIMIT 1"
        )[0]
        run(url, statement.replace("intake.{index}", index).format(name=url.database))

    with pool.lend() as again:
        assert oid(again) != first
    assert len(pool.dropped) == 1
    assert why in pool.dropped[0]


def test_a_database_with_somebody_in_it_is_dropped_over_their_heads(pool: Pool) -> None:
    with pool.lend() as url:
        left = psycopg.connect(conninfo(url))

    assert pool.dropped == ["somebody is still connected"]
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
