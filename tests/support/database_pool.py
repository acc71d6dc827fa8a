"""Clones that are used again: a test's database, emptied and proved to be as migrated, serves the next test.

Cloning and dropping cost PostgreSQL a checkpoint each; emptying a handful of tables costs none. A database comes back
into the pool only if nobody is connected to it any more, no object in it was made, changed or dropped, and the rows
that migrations wrote are the same as before; otherwise it is dropped and the next test gets a new clone. Each loan is
under a new name, so that a thread that a test left running cannot reach the next test's data.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import URL

from shared.db import conninfo
from tests.support import databases

MOST_ROWS = 5_000
"""A test that leaves more rows gets its database dropped: their remains would slow the tests after it."""

MOST_LOANS = 100
"""So often a database is lent before it is dropped, for the same reason."""

_PATIENCE = 0.25
"""Seconds that the server may take to notice that the test's connections are closed."""

_CONNECTED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'
"""

_OBJECTS = (
    "pg_attrdef",
    "pg_collation",
    "pg_constraint",
    "pg_default_acl",
    "pg_event_trigger",
    "pg_extension",
    "pg_largeobject_metadata",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_rewrite",
    "pg_statistic_ext",
    "pg_trigger",
    "pg_type",
)
# Objects of our own have oids from 16384; a row's xmin moves with every change of it (but not with VACUUM or ANALYZE).
_SHAPE = "SELECT md5(concat({})), (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database())".format(
    ", ".join(
        f"(SELECT string_agg({key} || ':' || xmin, ',' ORDER BY {key}) FROM {catalogue} WHERE {condition})"
        for catalogue, key, condition in [
            ("pg_namespace", "oid", "nspname !~ '^pg_(toast_)?temp_'"),
            ("pg_class", "oid", "oid >= 16384 AND relpersistence <> 't'"),
            ("pg_attribute", "attrelid || '.' || attnum", "attrelid IN (SELECT oid FROM pg_class WHERE oid >= 16384)"),
            *[(name, "oid", "oid >= 16384") for name in _OBJECTS],
        ]
    )
)

# Set by the server's catalogue for the whole database: rights, limits, settings.
_SHARED = """
SELECT md5(concat(datacl, datconnlimit, datallowconn, datdba,
    (SELECT string_agg(concat(setrole, setconfig), ',' ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)))
FROM pg_database d WHERE datname = %s
"""

_TABLES = """
SELECT n.nspname, c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' ORDER BY 1, 2
"""

# A table without a page has no row, and nothing to be deleted from.
_WRITTEN = f"SELECT nspname, relname FROM ({_TABLES}) AS every WHERE pg_relation_size(every.oid) > 0"

_SEQUENCES = "SELECT schemaname, sequencename, start_value, last_value FROM pg_sequences"


class Unclean(Exception):
    """A database cannot be lent again; says why."""


class Pool:
    """The clones of one test process."""

    def __init__(self, server_url: URL, template: str) -> None:
        self.server_url, self.template = server_url, template
        self.dropped: list[str] = []
        """Why databases were not used again."""
        self._idle: list[tuple[str, int]] = []
        self._server = psycopg.connect(conninfo(server_url), autocommit=True)
        self._server.execute("SET synchronous_commit = off")
        self._shared = self._ask(_SHARED, template)
        with self._inside(template) as connection:
            tables = [(schema, table) for schema, table, _ in connection.execute(_TABLES).fetchall()]
            self._shape = connection.execute(_SHAPE).fetchone()
            self._kept = {name: rows for name in tables if (rows := _rows(connection, name))}
            self._emptied = [name for name in tables if name not in self._kept]
            self._sequences = sorted(connection.execute(_SEQUENCES).fetchall())

    @contextmanager
    def lend(self) -> Iterator[URL]:
        """A database as migrated. Taken back or dropped at the end, even where somebody is still connected."""
        name, loans = self._fetch()
        try:
            yield self.server_url.set(database=name)
        finally:
            try:
                if loans >= MOST_LOANS:
                    raise Unclean("lent often enough")
                self._empty(name)
            except (Unclean, psycopg.Error) as error:
                self.dropped.append(str(error))
                databases.drop(self.server_url, name)
            else:
                self._idle.append((name, loans + 1))

    def close(self) -> None:
        """Drop every database that waits for its next loan."""
        self._server.close()
        while self._idle:
            databases.drop(self.server_url, self._idle.pop()[0])

    def _fetch(self) -> tuple[str, int]:
        name = databases.new_name()
        if not self._idle:
            databases.create(self.server_url, name, self.template)
            return name, 1
        idle, loans = self._idle.pop()
        self._server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(idle), sql.Identifier(name))
        )
        return name, loans

    def _empty(self, name: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while self._ask(_CONNECTED, name) != (0,):
            if time.monotonic() > deadline:
                raise Unclean("somebody is still connected")
            time.sleep(0.002)
        if self._ask(_SHARED, name) != self._shared:
            raise Unclean("the database's rights or settings were changed")
        with self._inside(name) as connection:
            if connection.execute(_SHAPE).fetchone() != self._shape:
                raise Unclean("the schema was changed")
            if any(_rows(connection, table) != rows for table, rows in self._kept.items()):
                raise Unclean("rows of migrations were changed")
            connection.execute("SET session_replication_role = replica")
            self._delete(connection)
            if sorted(connection.execute(_SEQUENCES).fetchall()) != self._sequences:
                raise Unclean("a sequence did not start anew")

    def _delete(self, connection: psycopg.Connection) -> None:
        written = {(schema, table) for schema, table in connection.execute(_WRITTEN).fetchall()}
        tables = [name for name in self._emptied if name in written] or self._emptied[:1]
        gone = connection.execute(
            sql.SQL("WITH {} SELECT {}").format(
                sql.SQL(", ").join(
                    sql.SQL("{} AS (DELETE FROM {} RETURNING 1)").format(
                        sql.Identifier(f"t{number}"), sql.Identifier(*table)
                    )
                    for number, table in enumerate(tables)
                ),
                sql.SQL(" + ").join(
                    sql.SQL("(SELECT count(*) FROM {})").format(sql.Identifier(f"t{number}"))
                    for number in range(len(tables))
                ),
            )
        ).fetchone()
        assert gone
        if gone[0] > MOST_ROWS:
            raise Unclean("too many rows")
        for schema, sequence, start, last in self._sequences:
            connection.execute(
                "SELECT setval(format('%%I.%%I', %s::text, %s::text)::regclass, %s, %s)",
                [schema, sequence, last or start, last is not None],
            )

    @contextmanager
    def _inside(self, name: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(conninfo(self.server_url.set(database=name)), autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            yield connection

    def _ask(self, question: str, name: str) -> tuple[object, ...] | None:
        return self._server.execute(question, [name]).fetchone()


def _rows(connection: psycopg.Connection, table: tuple[str, str]) -> list[tuple[str]]:
    statement = sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(*table))
    return connection.execute(statement).fetchall()
