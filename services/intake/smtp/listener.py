"""One listening process: its sockets, sessions, database connections and clock."""

from __future__ import annotations

import asyncio
import socket
import ssl

from services.intake.smtp.accept import GroupCommit
from services.intake.smtp.door import Counters, Door
from services.intake.smtp.handler import IntakeHandler
from services.intake.smtp.limits import STRESS_TIMEOUT, Limits
from services.intake.smtp.link import Link
from services.intake.smtp.protocol import Connection, Setup
from services.intake.smtp.recipients import AddressBook
from shared import logs
from shared.errors import MisconfiguredError
from shared.settings import Settings

log = logs.get(__name__)

BACKLOG = 1024


class Listener:
    """Takes in mail on one port. Several processes may share the port (SO_REUSEPORT)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = Limits.of(settings)
        self._door = Door(settings)
        self._links = (Link(settings), Link(settings))
        self._server: asyncio.Server | None = None
        self._setup: Setup | None = None
        self._background: list[asyncio.Task[None]] = []
        self.port = settings.smtp_port
        """The port it listens on, once started (of use where the settings say 0)."""

    @property
    def counters(self) -> Counters:
        """What it did since it started."""
        return self._door.counters

    @property
    def open_sessions(self) -> int:
        """Connections under way."""
        return self._door.open_sessions

    @property
    def buffered(self) -> int:
        """Octets of mail in memory that are not yet durable."""
        return self._door.buffered

    async def start(self) -> None:
        """Begin to listen. The database may be away: senders hear 451 until it is back.

        :raises OSError: the port is taken.
        :raises MisconfiguredError: the TLS certificate or key cannot be used.
        """
        loop = asyncio.get_running_loop()
        tls_context = _tls_context(self._settings)
        listening = _listening_socket(self._settings.smtp_host, self._settings.smtp_port)
        book = AddressBook(self._links[0])
        group = GroupCommit(self._links[1], self.counters)
        setup = self._setup = Setup(
            loop=loop,
            handler=IntakeHandler(book, group, self.counters),
            door=self._door,
            limits=self._limits,
            hostname=self._settings.hostname,
            lmtp=self._settings.smtp_lmtp,
            tls_context=tls_context,
        )
        self._background = [
            loop.create_task(book.keep_fresh()),
            loop.create_task(group.run()),
            loop.create_task(self._watch_time(setup)),
        ]
        self._server = await loop.create_server(lambda: Connection(setup), sock=listening, backlog=BACKLOG)
        self.port = listening.getsockname()[1]
        log.info("listener_started", host=self._settings.smtp_host, port=self.port, tls=tls_context is not None)

    def check(self) -> None:
        """Make sure that what must run for ever still runs; else senders would wait for nobody.

        :raises Exception: what ended it. The process should end too, and be started anew.
        """
        for task in self._background:
            if task.done():
                task.result()
                raise RuntimeError(f"{task.get_name()} has ended")

    async def stop(self) -> None:
        """Take no more connections, finish the mails under way, say goodbye, close."""
        assert self._setup is not None
        if self._server is not None:
            self._server.close()
        for connection in list(self._setup.connections):
            connection.stop()
        if self._setup.tasks:
            await asyncio.wait(list(self._setup.tasks), timeout=self._settings.smtp_drain_seconds)
        for connection in list(self._setup.connections):
            connection.transport.abort()
        for task in [*self._setup.tasks, *self._background]:
            task.cancel()
        await asyncio.gather(*self._setup.tasks, *self._background, return_exceptions=True)
        for link in self._links:
            await link.drop()
        log.info("listener_stopped", mails=self.counters.mails)

    async def _watch_time(self, setup: Setup) -> None:
        """One clock for all sessions: cheaper than a timer each, and a shorter timeout holds at once."""
        normal = self._limits.command_timeout
        while True:
            await asyncio.sleep(min(1.0, normal / 4))
            now = setup.loop.time()
            timeout = min(normal, STRESS_TIMEOUT) if self._door.under_stress else normal
            for connection in list(setup.connections):
                connection.check_time(now, timeout)


def _listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket that other processes of ours may share.

    :raises OSError: the address is not ours, or somebody else has the port.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "SO_REUSEPORT"):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.setblocking(False)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening


def _tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The server's TLS settings, or None where no certificate is configured.

    :raises MisconfiguredError: certificate or key cannot be read, or do not belong together.
    """
    if not settings.smtp_tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.smtp_tls_cert, settings.smtp_tls_key)
    except (OSError, ssl.SSLError) as error:
        raise MisconfiguredError(f"IDESLUSS_SMTP_TLS_CERT and IDESLUSS_SMTP_TLS_KEY: {error}") from error
    return context
