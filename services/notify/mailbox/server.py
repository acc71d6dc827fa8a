"""The catching mailbox's SMTP side: takes every mail for everybody, and says 250 only when it is stored.

For trying things out and for tests, on loopback or within a network of containers. Not the listener that the world
writes to.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.exc import SQLAlchemyError

from services.notify.mailbox.store import MailStore
from shared import logs
from shared.db import Database, Role
from shared.settings import Settings

log = logs.get(__name__)

LARGEST = 64 * 1024 * 1024
BEAT_SECONDS = 1.0
STOP_SECONDS = 5.0
NOT_NOW = "451 4.3.0 Cannot store the mail just now, try again later"


class _Protocol(SMTP):
    line_length_limit = 64 * 1024
    """aiosmtpd's own limit refuses long lines for good, which real senders write."""


class Catcher:
    """aiosmtpd's handler: stores before it answers."""

    def __init__(self, store: MailStore) -> None:
        self._store = store
        self._keeping: set[asyncio.Future[UUID]] = set()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Store one mail. The commit goes on even if the client hangs up meanwhile."""
        content = envelope.content
        assert isinstance(content, bytes)
        sender = (envelope.mail_from or "").removeprefix("<>")
        keeping = asyncio.ensure_future(asyncio.to_thread(self._store.keep, sender, envelope.rcpt_tos, content))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        try:
            identity = await asyncio.shield(keeping)
        except SQLAlchemyError as error:
            log.warning("mailbox_cannot_store", error=type(error).__name__)
            return NOT_NOW
        return f"250 2.0.0 Kept as {identity}"

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd's own answer would be permanent and hold the exception's text."""
        log.error("mailbox_fault", exc_info=error)
        return NOT_NOW

    async def settle(self) -> None:
        """Return when every mail whose end has come is stored and answered."""
        while self._keeping:
            await asyncio.wait(self._keeping)
            await asyncio.sleep(0)  # the answer is written in the loop's next round


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Catch mail on ``settings.mailbox_port`` until SIGTERM or SIGINT."""
    asyncio.run(_serve(settings, beat))


async def _serve(settings: Settings, beat: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    database = Database(settings, Role.MAILBOX)
    catcher = Catcher(MailStore(database))
    server = await listen(catcher, settings.mailbox_port, settings.hostname, settings.mailbox_host)
    log.info("mailbox_listens", port=server.sockets[0].getsockname()[1])
    while not stopping.is_set():
        beat()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), BEAT_SECONDS)
    server.close()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(catcher.settle(), STOP_SECONDS)
    database.dispose()


async def listen(catcher: Catcher, port: int, hostname: str, address: str = "127.0.0.1") -> asyncio.Server:
    """Open the port (0: any that is free) and take mail from then on."""

    def protocol() -> SMTP:
        return _Protocol(
            catcher, data_size_limit=LARGEST, enable_SMTPUTF8=True, hostname=hostname, ident="Ideslussen mailbox"
        )

    return await asyncio.get_running_loop().create_server(protocol, address, port)
