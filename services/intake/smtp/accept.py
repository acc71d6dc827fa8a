"""Group commit: all mails that wait at one moment share one transaction, and hear 250 after it.

While one group is written, the next gathers; so the group grows with the load, and a lone mail waits
for nobody. No session ever cancels a group: a client that hangs up takes nothing with it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import AsyncConnection, errors, generators, waiting
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from services.intake import meters
from services.intake.smtp import statement
from services.intake.smtp.door import Counters
from services.intake.smtp.link import Link
from services.intake.smtp.statement import Mail
from shared import logs

log = logs.get(__name__)

GROUP_OCTETS = 8 * 1024 * 1024
"""A group takes no more mails once it holds this much; a single mail may be larger."""

GROUP_MAILS = 200
COMMIT_SECONDS = 10.0
"""How long one group may take, a new connection included, until its senders hear 451."""


@dataclass(slots=True)
class _Waiter:
    mail: Mail
    stored: asyncio.Future[bool]


class GroupCommit:
    """Makes mails durable, in groups, over one connection of its own."""

    def __init__(self, link: Link, counters: Counters) -> None:
        self._link = link
        self._counters = counters
        self._queue: deque[_Waiter] = deque()
        self._bell = asyncio.Event()

    async def accept(self, mail: Mail) -> bool:
        """Wait until the mail is durable. False: it may not be, and the sender must try again."""
        stored = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiter(mail, stored))
        self._bell.set()
        return await asyncio.shield(stored)

    async def run(self) -> None:
        """Write group after group, for ever."""
        try:
            await self._open()
        except (psycopg.Error, OSError) as error:
            log.warning("database_away", error=type(error).__name__)
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._queue:
                await self._settle(self._next_group())

    def _next_group(self) -> list[_Waiter]:
        group: list[_Waiter] = []
        octets = 0
        while self._queue and len(group) < GROUP_MAILS:
            octets += len(self._queue[0].mail.content)
            if group and octets > GROUP_OCTETS:
                break
            group.append(self._queue.popleft())
        return group

    async def _settle(self, group: list[_Waiter]) -> None:
        """Store a group and tell its sessions. One bad mail does not refuse its neighbours."""
        began = time.perf_counter()
        try:
            await self._store([waiter.mail for waiter in group])
        except (errors.DataError, errors.IntegrityError, ValueError) as error:
            if len(group) == 1:
                self._refuse(group, error)
                return
            for waiter in group:
                await self._settle([waiter])
        except (psycopg.Error, OSError, TimeoutError) as error:
            await self._link.drop()
            self._refuse(group, error)
        except Exception as error:
            log.exception("mails_not_stored")
            await self._link.drop()
            self._refuse(group, error)
        else:
            self._counters.groups += 1
            meters.COMMIT_SECONDS.observe(time.perf_counter() - began)
            meters.GROUP_MAILS.observe(len(group))
            for waiter in group:
                waiter.stored.set_result(True)

    def _refuse(self, group: list[_Waiter], error: Exception) -> None:
        # The class alone: the text of a database error may quote what a mail says.
        log.warning("mails_refused_for_now", mails=len(group), error=type(error).__name__)
        for waiter in group:
            waiter.stored.set_result(False)

    async def _store(self, mails: Sequence[Mail]) -> None:
        """Store mails in one transaction.

        A connection that had stood idle may turn out dead: then once more over a new one, under the same
        ids. Should the first attempt have been durable after all, those ids are taken already.
        """
        async with asyncio.timeout(COMMIT_SECONDS):
            parameters = statement.parameters(mails)
            used = self._link.connection
            if used is not None:
                try:
                    return await self._execute(used, parameters)
                except psycopg.OperationalError:
                    if not used.broken:
                        raise
            fresh = await self._open()
            try:
                await self._execute(fresh, parameters)
            except errors.UniqueViolation:
                if used is None:
                    raise

    async def _open(self) -> AsyncConnection:
        connection = await self._link.open()
        if not self._link.is_pooled:
            connection.pgconn.send_prepare(statement.NAME, statement.SQL, statement.TYPES)
            await _finish(connection)
        return connection

    async def _execute(self, connection: AsyncConnection, parameters: list[bytes]) -> None:
        if self._link.is_pooled:
            connection.pgconn.send_query_params(statement.SQL, parameters, statement.TYPES, statement.FORMATS, 1)
        else:
            connection.pgconn.send_query_prepared(statement.NAME, parameters, statement.FORMATS, 1)
        await _finish(connection)


async def _finish(connection: AsyncConnection) -> None:
    """Wait for the result of what was sent, in libpq itself: a cursor's book-keeping costs more than the insert.

    :raises psycopg.Error: the statement failed, or the connection did.
    """
    pgconn = connection.pgconn
    results: list[PGresult] = await waiting.wait_async(generators.execute(pgconn), pgconn.socket, 1.0)
    for result in results:
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise errors.error_from_result(result)
