"""How every service reaches PostgreSQL: a role of its own, one engine, one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from select import POLLIN, poll
from time import perf_counter
from typing import Any, Self, cast

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Executable,
    MetaData,
    PoolProxiedConnection,
    QueuePool,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import Session, sessionmaker

from shared import meters
from shared.settings import Settings
from shared.signing import Signer

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names are worked out, so that migrations can name them."""

CONNECT_TIMEOUT = 5
"""Seconds until a connection attempt counts as failed."""


SESSION_DEFAULTS = {
    "TimeZone": "UTC",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    # 250, and every "saved", is a promise: it is on disk first, whatever the server's own default is (THREATS.md §1).
    "synchronous_commit": "on",
}
"""What holds in every session of a role's, kept with the role: PgBouncer passes no such wish on."""


class Role(StrEnum):
    """The database roles. Each service has its own schema, and rights in no other."""

    INTAKE = "intake"
    RSVP = "rsvp"
    NOTIFY = "notify"
    RELAY = "relay"
    MAILBOX = "mailbox"

    @property
    def user(self) -> str:
        """The role's name in PostgreSQL."""
        return f"idesluss_{self.value}"


def metadata(schema: str) -> MetaData:
    """A service's table metadata: its own schema and the naming convention."""
    return MetaData(schema=schema, naming_convention=NAMING)


def embedded_url(settings: Settings) -> URL:
    """The superuser's URL for the embedded database: a Unix socket under the data folder."""
    return URL.create(
        "postgresql+psycopg",
        username="postgres",
        password=role_password(settings, "postgres"),
        database="idesluss",
        query={"host": str(socket_dir(settings)), "port": "5432"},
    )


def socket_dir(settings: Settings) -> Path:
    """Where the embedded database's socket lies; short, since a socket path holds at most 107 octets."""
    wanted = settings.data_dir / "postgres" / "socket"
    if len(str(wanted)) <= 80:
        return wanted
    return Path("/tmp") / f"idesluss-{settings.signer.token('socket-dir', str(settings.data_dir))}"  # noqa: S108 - made with 0700 by its owner


def role_password(settings: Settings, user: str) -> str:
    """The password of a database role, derived from the secret key: nothing more to keep secret."""
    return settings.signer.derive(f"database-role:{user}")


def admin_url(settings: Settings) -> URL:
    """The owner's URL, straight to the server: DATABASE_OWNER_URL, else DATABASE_URL, else the embedded database's."""
    if settings.embedded_database:
        return embedded_url(settings)
    return make_url(settings.database_owner_url or settings.database_url).set(drivername="postgresql+psycopg")


def role_url(settings: Settings, role: Role) -> URL:
    """The URL with which a service signs in, under a role's own name: DATABASE_URL may lead through PgBouncer."""
    if settings.embedded_database:
        base = embedded_url(settings)
    else:
        base = make_url(settings.database_url).set(drivername="postgresql+psycopg")
    return base.set(username=role.user, password=role_password(settings, role.user))


def role_passwords(settings: Settings, user: str) -> list[str]:
    """A role's password under each secret key, the newest first: while keys are rotated the server may hold either."""
    return [Signer([key]).derive(f"database-role:{user}") for key in settings.signer.keys]


def connection_class(settings: Settings, role: Role) -> type[psycopg.Connection[Any]]:
    """What a role's connections are made with: where there are several secret keys, each one's password is tried.

    So a process that was started before `idesluss migrate` gave the roles their new passwords can still connect.
    """
    passwords = role_passwords(settings, role.user)
    if len(passwords) == 1:
        return psycopg.Connection

    class WithAnyPassword(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, conninfo: str = "", **given: Any) -> Self:
            for password in passwords[:-1]:
                with suppress(psycopg.OperationalError):
                    return super().connect(conninfo, **{**given, "password": password})
            return super().connect(conninfo, **{**given, "password": passwords[-1]})

    return WithAnyPassword


def conninfo(url: URL) -> str:
    """The same URL as libpq's keywords and values: a URL cannot carry a blank in a path or a password."""
    words = url.translate_connect_args(username="user", database="dbname")
    options = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
    return make_conninfo("", **words, **options)


def hold(session: Session, name: str) -> None:
    """Wait until no other transaction holds that name, and hold it until this one ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


class _TimedPool(QueuePool):
    """Counts how long work waits for a connection."""

    def connect(self) -> PoolProxiedConnection:
        began = perf_counter()
        try:
            return super().connect()
        finally:
            meters.CHECKOUT_SECONDS.labels(self.logging_name).observe(perf_counter() - began)


class Database:
    """One role's engine and sessions in one process. Opens its first connection when first used.

    :param pool_size: connections kept open; under load as many again. IDESLUSS_DATABASE_POOL where it is not given.
    """

    def __init__(self, settings: Settings, role: Role, *, pool_size: int | None = None) -> None:
        self.role = role
        self.url = role_url(settings, role)
        size = pool_size or settings.database_pool
        self.engine: Engine = create_engine(
            self.url,
            pool_size=size,
            max_overflow=size,
            pool_timeout=10,
            poolclass=_TimedPool,
            pool_logging_name=str(role),
            # What people wrote is in the parameters, and an exception's text is in the log.
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": f"idesluss {role}",
                # The next transaction may come to another server process, which knows none of the statements prepared.
                **({"prepare_threshold": None} if settings.database_pooler else {}),
            },
        )
        event.listen(self.engine, "checkout", self._see_that_it_lives)
        if len(settings.secret_keys) > 1:
            making = connection_class(settings, role)
            event.listen(self.engine, "do_connect", lambda _d, _r, words, named: making.connect(*words, **named))
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an exception. No network calls inside."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """A connection on which each statement is a transaction of its own: one journey to the server for each."""
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def _see_that_it_lives(self, connection: psycopg.Connection[Any], *_: object) -> None:
        """Before a pooled connection is used again, take a new one where the server has ended it meanwhile.

        Whoever ends a connection, or dies, leaves that to be read on its socket. A look there is no journey to the
        server, of which ``pool_pre_ping`` makes one for every transaction.
        """
        if not connection.closed and not _has_something_to_read(connection):
            return
        try:
            self.engine.dialect.do_ping(cast(DBAPIConnection, connection))
        except psycopg.Error as error:
            raise InvalidatePoolError from error

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _has_something_to_read(connection: psycopg.Connection[Any]) -> bool:
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    return bool(waiting.poll(0))


def changed(session: Session, statement: Executable, values: dict[str, Any] | None = None) -> int:
    """Execute an UPDATE or a DELETE; how many rows it changed."""
    return cast(CursorResult[Any], session.execute(statement, values)).rowcount


@contextmanager
def opened(settings: Settings, role: Role, *, pool_size: int = 1) -> Iterator[Database]:
    """A role's database for one task, such as a command's; its connections are closed at the end."""
    database = Database(settings, role, pool_size=pool_size)
    try:
        yield database
    finally:
        database.dispose()
