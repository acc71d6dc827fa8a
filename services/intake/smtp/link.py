"""One connection to PostgreSQL on the event loop: opened when needed, dropped when it fails."""

from __future__ import annotations

from contextlib import suppress

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ConnStatus

from shared.db import Role, conninfo, role_passwords, role_url
from shared.settings import Settings

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 15

OPTIONS = " ".join(
    f"-c {option}"
    for option in (
        # 250 is a promise: whatever the server's default is, the mail is on disk first (THREATS.md §1).
        "synchronous_commit=on",
        f"statement_timeout={STATEMENT_SECONDS}s",
        "lock_timeout=5s",
        "plan_cache_mode=force_generic_plan",
    )
)


class Link:
    """Keeps one connection of intake's role. Not for two users at once."""

    def __init__(self, settings: Settings) -> None:
        self._conninfo = conninfo(role_url(settings, Role.INTAKE))
        self._passwords = role_passwords(settings, Role.INTAKE.user)
        self.is_pooled = settings.database_pooler
        """Each transaction may come to another server process: nothing prepared is there in the next."""
        self._connection: AsyncConnection | None = None

    @property
    def connection(self) -> AsyncConnection | None:
        """The connection as it was last seen, or None where there is none or the server has hung up."""
        if self._connection is None or not _is_alive(self._connection):
            return None
        return self._connection

    async def open(self) -> AsyncConnection:
        """Open a new connection in place of the old one.

        :raises psycopg.OperationalError: the server is away or refuses us.
        """
        await self.drop()
        for password in self._passwords[:-1]:  # while keys are rotated, the server may hold either's
            with suppress(psycopg.OperationalError):
                self._connection = await self._opened(password)
                return self._connection
        self._connection = await self._opened(self._passwords[-1])
        return self._connection

    async def _opened(self, password: str) -> AsyncConnection:
        return await AsyncConnection.connect(
            self._conninfo,
            password=password,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="idesluss listener",
            # PgBouncer refuses them; there the role's own settings hold.
            options="" if self.is_pooled else OPTIONS,
            prepare_threshold=None if self.is_pooled else 5,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )

    async def drop(self) -> None:
        """Close the connection, whatever it is doing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _is_alive(connection: AsyncConnection) -> bool:
    """Whether the server has not hung up: reads what lies ready, without waiting."""
    try:
        # The first call may find the server's last words, and only the second that there are no more.
        connection.pgconn.consume_input()
        connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return False
    return connection.pgconn.status == ConnStatus.OK
