"""The pool never lends a connection that the server has ended, though it asks the server nothing beforehand."""

from __future__ import annotations

import psycopg
from sqlalchemy import text

from shared.db import Database, Role, admin_url, conninfo
from shared.settings import Settings
from tests.support.waiting import wait_until

PID = text("SELECT pg_backend_pid()")


def pid(database: Database) -> int:
    with database.transaction() as session:
        return session.execute(PID).scalar_one()


def test_after_the_server_ended_them_all_connections_are_new(settings: Settings) -> None:
    database = Database(settings, Role.INTAKE)
    with database.transaction() as one, database.transaction() as other:
        ended = [session.execute(PID).scalar_one() for session in (one, other)]
    assert pid(database) in ended

    with psycopg.connect(conninfo(admin_url(settings)), autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", [ended])
        gone = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)"
        wait_until(lambda: server.execute(gone, [ended]).fetchone() == (0,))

    with database.transaction() as one, database.transaction() as other, database.at_once() as third:
        assert not {source.execute(PID).scalar_one() for source in (one, other, third)} & set(ended)
    database.dispose()
