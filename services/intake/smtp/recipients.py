"""Which addresses a mail may be for: the sluices' own, known by heart and learnt again all the time.

Postmaster is no exception: whoever makes this listener the MX of a domain gives ``postmaster@`` to a
sluice as one of its addresses (docs/decisions/0004); no mail is taken that nobody would read.
"""

from __future__ import annotations

import asyncio
from uuid import UUID

import psycopg

from services.intake.smtp.addresses import fold, without_tag
from services.intake.smtp.link import Link
from services.intake.smtp.paths import split_address
from shared import logs
from shared.errors import TemporaryFailure

log = logs.get(__name__)

REFRESH_SECONDS = 5.0
"""How old what we know may be: so long is a removed address still taken."""

RELOAD_SECONDS = 0.25
"""Unknown addresses make us look again at most this often."""

LOAD_SECONDS = 5.0

QUERY = "SELECT address, sluice_id FROM intake.sluice_address"


class AddressBook:
    """Every sluice's addresses. While the database is away, what was known last still holds."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sluices: dict[str, UUID] | None = None
        self._last_load = float("-inf")
        self._next: asyncio.Task[bool] | None = None
        self._loading = asyncio.Lock()
        self._is_away = False

    def known(self, local: str, domain: str) -> UUID | None:
        """The sluice that this address belongs to, as far as is known: its own address or one with a ``+tag``."""
        if self._sluices is None:
            return None
        found = self._sluices.get(fold(local, domain))
        if found is None and "+" in local:
            found = self._sluices.get(fold(without_tag(local), domain))
        return found

    async def find(self, local: str, domain: str) -> UUID | None:
        """The sluice of an address; looks again before it says None, so that a new address works at once.

        :raises TemporaryFailure: it is not known and the database cannot be asked.
        """
        found = self.known(local, domain)
        if found is None:
            if not await self._look_again():
                raise TemporaryFailure("addresses cannot be loaded")
            found = self.known(local, domain)
        return found

    async def keep_fresh(self) -> None:
        """Look again every few seconds, for ever."""
        while True:
            await self._look_again()
            await asyncio.sleep(REFRESH_SECONDS)

    async def _look_again(self) -> bool:
        """Wait for a load that begins after this call; all who wait at the same time share one."""
        if self._next is None:
            self._next = asyncio.create_task(self._load_soon())
        return await asyncio.shield(self._next)

    async def _load_soon(self) -> bool:
        loop = asyncio.get_running_loop()
        async with self._loading:
            await asyncio.sleep(max(0.0, self._last_load + RELOAD_SECONDS - loop.time()))
            self._next = None
            try:
                async with asyncio.timeout(LOAD_SECONDS):
                    self._sluices = await self._load()
            except (psycopg.Error, OSError, TimeoutError) as error:
                await self._link.drop()
                if not self._is_away:
                    log.warning("addresses_not_loaded", error=type(error).__name__)
                self._is_away = True
                return False
            finally:
                self._last_load = loop.time()
            self._is_away = False
            return True

    async def _load(self) -> dict[str, UUID]:
        connection = self._link.connection or await self._link.open()
        cursor = await connection.execute(QUERY)
        sluices: dict[str, UUID] = {}
        async for address, sluice_id in cursor:
            parts = split_address(address)
            if parts is None or not parts[1]:
                log.warning("sluice_address_malformed", sluice_id=str(sluice_id))
                continue
            sluices[fold(*parts)] = sluice_id
        return sluices
