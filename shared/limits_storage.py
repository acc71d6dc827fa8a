"""Where Flask-Limiter counts: our own database, as a storage of ``limits``, which ships none for PostgreSQL.

Named by the address ``idesluss://``; it is given the ``Database`` itself. Counts are exact however many processes and
threads count at once, since each is one atomic statement. Only fixed windows: they need one row and no history.
"""

from __future__ import annotations

import itertools
import time

from limits.storage import Storage
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.hits import Hits

SCHEME = "idesluss"
ADDRESS = f"{SCHEME}://"
_FORGET_EVERY = 200
"""Counts between two cleanings: the table holds what is in force, and a few hundred rows more."""


class PostgresStorage(Storage):
    """Counts in the table ``hit`` of the database role's own schema."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - the library's own form

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, *, database: Database) -> None:
        super().__init__(uri, wrap_exceptions)
        self._database = database
        self._hits = Hits(database.role.value)
        self._counted = itertools.count(1)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failed count raises."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` more in the window of ``expiry`` seconds that ``key`` names."""
        with self._database.at_once() as connection:
            counted = self._hits.count(connection, key, expiry, amount)
            if next(self._counted) % _FORGET_EVERY == 0:
                self._hits.forget(connection)
        return counted

    def get(self, key: str) -> int:
        """The count so far."""
        with self._database.at_once() as connection:
            found = self._hits.look(connection, key)
        return found[0] if found else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, as Unix time."""
        with self._database.at_once() as connection:
            found = self._hits.look(connection, key)
        return found[1] if found else time.time()

    def check(self) -> bool:
        """Is the database there?"""
        try:
            with self._database.at_once() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True

    def reset(self) -> int | None:
        """Not ours to do: the table also holds the proofs that were used.

        :raises NotImplementedError: always.
        """
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """Begin that count anew."""
        with self._database.at_once() as connection:
            self._hits.clear(connection, key)
