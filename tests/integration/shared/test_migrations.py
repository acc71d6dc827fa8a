"""The database's ground: roles, rights, and migrations that agree with the models."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, MetaData, NullPool, create_engine

from idesluss import migrate
from shared import migrations
from shared.bus import outbox
from shared.contracts import registry
from shared.db import Database, Role, admin_url, conninfo, role_url
from shared.errors import MisconfiguredError
from shared.ids import new_id
from shared.settings import Settings
from tests.support import databases

MODELS = {
    "bus": ["shared.bus.tables"],
    "intake": [
        f"services.intake.store.{name}"
        for name in (
            "tables",
            "people_tables",
            "work_tables",
            "public_tables",
            "meeting_tables",
            "data_tables",
            "retention_tables",
        )
    ],
    "rsvp": [f"services.rsvp.store.{name}" for name in ("tables", "guest_tables", "day_tables")],
    "notify": ["services.notify.store.tables"],
    "mailbox": ["services.notify.mailbox.tables"],
}


@pytest.fixture
def empty(database_server: URL, database_template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a database that nobody has migrated (the roles are there: they are the server's)."""
    with databases.clone(database_server, "template1") as url:
        yield databases.settings_for(url, tmp_path)


@pytest.mark.parametrize("schema", migrate.locations())
def test_models_and_migrations_agree(settings: Settings, schema: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    modules = [importlib.import_module(name) for name in MODELS[schema]]
    metadata: MetaData = modules[0].Base.metadata

    def considered(item: Any, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
        """Indexes that only the database knows are tuning, and live in migrations alone."""
        return not (kind == "index" and reflected and compare_to is None)

    engine = create_engine(admin_url(settings), poolclass=NullPool)
    with engine.connect() as connection:
        options = {
            "include_schemas": True,
            "include_name": lambda name, kind, parents: kind != "schema" or name == schema,
            "include_object": considered,
            "version_table_schema": schema,
        }
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_every_folder_of_migrations_has_models_to_be_held_against() -> None:
    assert set(MODELS) == set(migrate.LOCATIONS)


def test_a_second_run_finds_nothing_to_do(settings: Settings) -> None:
    assert migrate.run(settings) == []


def test_starters_at_the_same_time_do_the_work_once(empty: Settings) -> None:
    moved: list[list[str]] = []
    faults: list[Exception] = []

    def start() -> None:
        try:
            moved.append(migrate.run(empty))
        except Exception as error:
            faults.append(error)

    # Alembic keeps its configuration in a module, so only processes may upgrade side by side: here the first
    # starter migrates while others prepare
    starters = [threading.Thread(target=migrations.prepare, args=(admin_url(empty), empty)) for _ in range(4)]
    starters.append(threading.Thread(target=start))
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()

    assert faults == []
    assert moved == [list(migrate.locations())]


def test_a_role_whose_password_no_longer_fits_gets_the_new_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    verifiers = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'idesluss\\_%' ORDER BY 1"
    with migrations.connect(admin_url(settings)) as connection:
        before = connection.execute(verifiers).fetchall()

        migrations.prepare(admin_url(settings), settings)
        assert connection.execute(verifiers).fetchall() == before

        monkeypatch.setattr(migrations, "_can_sign_in", lambda url: not url.username.endswith("relay"))
        migrations.prepare(admin_url(settings), settings)
        after = connection.execute(verifiers).fetchall()

    assert [name for (name, old), (_, new) in zip(before, after, strict=True) if old != new] == ["idesluss_relay"]
    assert all(verifier.startswith("SCRAM-SHA-256$") for _, verifier in after)


def test_an_owner_who_is_no_superuser_can_do_it_all(
    database_server: URL, database_template: str, tmp_path: Path
) -> None:
    owner, name = f"idesluss_test_owner_{new_id().hex[-8:]}", f"idesluss_test_0_{new_id().hex[-8:]}"
    url = database_server.set(username=owner, password="secret", database=name)
    with migrations.connect(database_server) as server:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE PASSWORD 'secret'").format(sql.Identifier(owner)))
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
        try:
            settings = databases.settings_for(url, tmp_path)
            assert migrate.run(settings) == list(migrate.locations())
            assert migrate.run(settings) == []
        finally:
            databases.drop(database_server, name)
            server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(owner)))


def test_an_owner_without_the_right_to_make_roles_is_told_what_to_do(
    database_server: URL, database_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name = f"idesluss_test_owner_{new_id().hex[-8:]}", f"idesluss_test_0_{new_id().hex[-8:]}"
    monkeypatch.setattr(migrations, "_can_sign_in", lambda url: False)
    with migrations.connect(database_server) as server:
        server.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(owner)))
        server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))
        try:
            url = database_server.set(username=owner, password="secret", database=name)
            with pytest.raises(MisconfiguredError, match="CREATEROLE"):
                migrations.prepare(url, databases.settings_for(url, tmp_path))
        finally:
            databases.drop(database_server, name)
            server.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(owner)))


def test_a_database_that_does_not_exist_is_named_with_its_variable(database_server: URL, tmp_path: Path) -> None:
    settings = databases.settings_for(database_server.set(database="idesluss_nowhere"), tmp_path)

    with pytest.raises(MisconfiguredError, match=r"DATABASE_URL: .*createdb idesluss_nowhere"):
        migrate.run(settings)


def test_a_service_reads_and_moves_only_its_own_deliveries(settings: Settings) -> None:
    intake = Database(settings, Role.INTAKE)
    with intake.transaction() as session:
        outbox.put(session, registry.NOTIFICATION_DUE, {"notification_id": new_id()})
    intake.dispose()

    with psycopg.connect(conninfo(role_url(settings, Role.RSVP))) as rsvp:
        assert rsvp.execute("SELECT count(*) FROM bus.message").fetchone() == (1,)
        assert rsvp.execute("SELECT count(*) FROM bus.delivery").fetchone() == (0,)
        assert rsvp.execute("UPDATE bus.delivery SET done_at = now()").rowcount == 0
    with psycopg.connect(conninfo(role_url(settings, Role.NOTIFY))) as own:
        assert own.execute("UPDATE bus.delivery SET done_at = now()").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute("UPDATE bus.delivery SET consumer = 'rsvp'")


def test_the_relay_moves_every_delivery_but_reads_no_payload(settings: Settings) -> None:
    intake = Database(settings, Role.INTAKE)
    with intake.transaction() as session:
        outbox.put(session, registry.NOTIFICATION_DUE, {"notification_id": new_id()})
    intake.dispose()

    with psycopg.connect(conninfo(role_url(settings, Role.RELAY)), autocommit=True) as relay:
        assert relay.execute("UPDATE bus.delivery SET rings = rings + 1").rowcount == 1
        assert relay.execute("SELECT count(name) FROM bus.message").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            relay.execute("SELECT payload FROM bus.message")
        assert relay.execute("DELETE FROM bus.message WHERE created_at <= now()").rowcount == 1
        assert relay.execute("SELECT count(*) FROM bus.delivery").fetchone() == (0,)


@pytest.mark.parametrize("schema", ["intake", "rsvp", "notify", "mailbox"])
def test_a_schema_is_closed_to_every_role_but_its_own(settings: Settings, schema: str) -> None:
    with migrations.connect(admin_url(settings)) as owner:
        owner.execute(sql.SQL("CREATE TABLE {} (word text)").format(sql.Identifier(schema, "probe")))

    for role in Role:
        with psycopg.connect(conninfo(role_url(settings, role)), autocommit=True) as connection:
            write = sql.SQL("INSERT INTO {} VALUES ('x')").format(sql.Identifier(schema, "probe"))
            if migrations.OWNERS[schema] is role:
                connection.execute(write)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(write)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("CREATE TABLE {} ()").format(sql.Identifier(schema, "own")))


def test_the_newest_migration_is_the_one_nothing_builds_upon(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001_a.py").write_text('revision = "0001"\ndown_revision = None\n')
    (versions / "0002_b.py").write_text("revision: str = '0002'\ndown_revision: str | None = '0001'\n")
    assert migrations.head(tmp_path) == "0002"

    (versions / "0002_c.py").write_text('revision = "0002c"\ndown_revision = "0001"\n')
    with pytest.raises(ValueError, match="0002c"):
        migrations.head(tmp_path)


def test_head_agrees_with_alembic() -> None:
    from alembic.script import ScriptDirectory

    for path in migrate.locations().values():
        assert migrations.head(path) == ScriptDirectory(str(path)).get_current_head()
