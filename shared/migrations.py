"""The database's ground: roles, schemas and rights, and Alembic's migrations for one schema at a time.

Everything here runs as the database's owner and may run again at every start, by several starters at
once. Services sign in as roles of their own, which have rights in their own schema alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import URL

from shared.db import CONNECT_TIMEOUT, SESSION_DEFAULTS, Role, admin_url, conninfo, role_password
from shared.errors import MisconfiguredError
from shared.settings import Settings

OLDEST_SERVER = 150000
"""PostgreSQL 15, as ``server_version_num`` counts."""

OWNERS: dict[str, Role] = {
    "intake": Role.INTAKE,
    "rsvp": Role.RSVP,
    "notify": Role.NOTIFY,
    "mailbox": Role.MAILBOX,
}
"""Schemas whose tables one role alone reads and writes. bus and dramatiq are shared: their rights are finer."""

BROKER_ROLES = (Role.INTAKE, Role.RSVP, Role.NOTIFY, Role.RELAY)
"""Who takes part in the embedded broker (schema dramatiq)."""

VERSION_TABLE = "alembic_version"

_LOCK = 0x1DE5_1055
"""Key of the advisory lock that lets one starter at a time change the database's shape."""


def prepare(url: URL, settings: Settings) -> None:
    """Create what is missing of roles, schemas, rights and the broker's tables. Harmless to repeat.

    :param url: the owner's; the owner needs CREATEROLE while a role is missing or its password is old.
    :raises MisconfiguredError: no such database, no connection, too old a server, or too few rights.
    """
    with connect(url) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            version = connection.info.parameter_status("server_version")
            raise MisconfiguredError(f"DATABASE_URL: PostgreSQL 15 or later is needed, this server is {version}")
        with connection.transaction():
            _lock(connection)
            ensure_roles(connection, url, settings)
            try:
                _ensure_schemas(connection)
            except psycopg.errors.InsufficientPrivilege as error:
                info = connection.info
                raise MisconfiguredError(
                    f"DATABASE_URL: {info.user} must own the database {info.dbname} ({error})"
                ) from error


def ensure_roles(connection: psycopg.Connection, url: URL, settings: Settings) -> None:
    """Create the services' roles where they are missing, and give them today's passwords and session defaults.

    :raises MisconfiguredError: the owner has too few rights.
    """
    for role in Role:
        password = role_password(settings, role.user)
        _ensure_role(connection, url, role.user, password)
        _ensure_defaults(connection, url.set(username=role.user, password=password))


def upgrade(settings: Settings, schema: str, script_location: Path) -> bool:
    """Bring one schema to its newest migration, in one transaction; True where there was something to do.

    Alembic is imported only then: a start that finds everything in place need not wait for it.
    """
    newest = head(script_location)
    with connect(admin_url(settings)) as connection:
        if current(connection, schema) == newest:
            return False
    _run_alembic(admin_url(settings), schema, script_location)
    return True


def run_env(schema: str) -> None:
    """What each migration folder's env.py calls: run its migrations on the connection of ``upgrade``."""
    from alembic import context

    context.configure(
        connection=context.config.attributes["connection"],
        version_table=VERSION_TABLE,
        version_table_schema=schema,
        include_schemas=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def head(script_location: Path) -> str:
    """The newest revision in a migration folder, read from its files without Alembic.

    :raises ValueError: none, or several that nothing builds upon.
    """
    revisions, built_upon = _revisions(script_location)
    newest = revisions - built_upon
    if len(newest) != 1:
        raise ValueError(f"{script_location}: one newest migration expected, found {sorted(newest)}")
    return newest.pop()


def before_head(script_location: Path) -> set[str]:
    """Every revision in a migration folder that another builds upon: a schema there is older than this code."""
    return _revisions(script_location)[1]


def _revisions(script_location: Path) -> tuple[set[str], set[str]]:
    revisions: set[str] = set()
    built_upon: set[str] = set()
    for path in (script_location / "versions").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        revisions.update(_assigned("revision", source))
        built_upon.update(_assigned("down_revision", source))
    return revisions, built_upon


def current(connection: psycopg.Connection, schema: str) -> str | None:
    """The revision that a schema is at, or None before its first migration."""
    table = f"{schema}.{VERSION_TABLE}"
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone()
    if found is None or not found[0]:
        return None
    row = connection.execute(
        sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(schema, VERSION_TABLE))
    ).fetchone()
    return None if row is None else str(row[0])


@contextmanager
def connect(url: URL) -> Iterator[psycopg.Connection]:
    """A connection of the owner's, in autocommit, closed at the end.

    :raises MisconfiguredError: saying why it failed and which variable leads there.
    """
    try:
        connection = psycopg.connect(conninfo(url), autocommit=True, connect_timeout=CONNECT_TIMEOUT)
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        if "does not exist" in reason and "database" in reason:
            reason += f"; create it first, for example: createdb {url.database}"
        elif "/" in str(url.query.get("host", "")):
            reason += "; without DATABASE_URL it is `idesluss up` that starts the database"
        raise MisconfiguredError(f"DATABASE_URL: {reason}") from error
    with connection:
        yield connection


def _lock(connection: psycopg.Connection) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _ensure_role(connection: psycopg.Connection, url: URL, user: str, password: str) -> None:
    """Make the role, or give it this password, unless it can sign in already."""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user]).fetchone()
    if exists and _can_sign_in(url.set(username=user, password=password)):
        return
    # the verifier instead of the password, so that no server log ever holds it
    verifier = connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()
    try:
        if not exists:
            _create_role(connection, user)
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(user), sql.Literal(verifier))
        )
    except psycopg.errors.InsufficientPrivilege as error:
        raise MisconfiguredError(
            f"DATABASE_URL: {connection.info.user} may not make the role {user} or set its password; let a "
            f"database administrator run `idesluss migrate` once, or ALTER ROLE {connection.info.user} CREATEROLE"
        ) from error


def _ensure_defaults(connection: psycopg.Connection, own_url: URL) -> None:
    """Give a role what holds in each of its sessions; as itself where its owner has no right to."""
    user = own_url.username
    row = connection.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [user]).fetchone()
    kept = dict(each.split("=", 1) for each in row[0] or ()) if row else {}
    for name, value in SESSION_DEFAULTS.items():
        if kept.get(name) == value:
            continue
        change = sql.SQL("ALTER ROLE {} SET {} TO {}").format(
            sql.Identifier(str(user)), sql.Identifier(name), sql.Literal(value)
        )
        try:
            with connection.transaction():
                connection.execute(change)
        except psycopg.errors.InsufficientPrivilege:
            with psycopg.connect(conninfo(own_url), autocommit=True, connect_timeout=CONNECT_TIMEOUT) as own:
                own.execute(change)
        except psycopg.errors.InternalError_:  # a starter in another of the server's databases gives it the same
            pass


def _create_role(connection: psycopg.Connection, user: str) -> None:
    """Roles belong to the whole server: a starter in another of its databases may be quicker."""
    try:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(user)))
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        pass


def _can_sign_in(url: URL) -> bool:
    try:
        psycopg.connect(conninfo(url), connect_timeout=CONNECT_TIMEOUT).close()
    except psycopg.OperationalError:
        return False
    return True


def _ensure_schemas(connection: psycopg.Connection) -> None:
    import dramatiq_postgres

    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for schema in (*OWNERS, "bus", "dramatiq"):
        _execute(connection, "CREATE SCHEMA IF NOT EXISTS {}", schema)
    for schema, owner in OWNERS.items():
        _execute(connection, "GRANT USAGE ON SCHEMA {} TO {}", schema, owner.user)
        in_schema: LiteralString = "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT "
        _execute(connection, in_schema + "SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}", schema, owner.user)
        _execute(connection, in_schema + "USAGE, SELECT ON SEQUENCES TO {}", schema, owner.user)
    with connection.cursor() as cursor:
        dramatiq_postgres.init(cursor, schema="dramatiq")  # type: ignore[no-untyped-call]
    for role in BROKER_ROLES:
        _execute(connection, "GRANT USAGE ON SCHEMA bus, dramatiq TO {}", role.user)
        _execute(connection, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dramatiq TO {}", role.user)


def _execute(connection: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _run_alembic(url: URL, schema: str, script_location: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import NullPool, create_engine, text

    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT})
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if schema == "bus":
            connection.exec_driver_sql(f"GRANT SELECT ON bus.{VERSION_TABLE} TO {Role.RELAY.user}")
        if schema in OWNERS:
            connection.exec_driver_sql(
                f"REVOKE INSERT, UPDATE, DELETE ON {schema}.{VERSION_TABLE} FROM {OWNERS[schema].user}"
            )


def _assigned(name: str, source: str) -> list[str]:
    """The text given to a module's variable, in a migration file as Alembic's own template writes it."""
    return re.findall(rf"""^{name}\b[^=\n]*=[ ]*["']([^"'\n]+)["']""", source, re.MULTILINE)
