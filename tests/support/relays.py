"""SMTP servers for tests, on real sockets: one that says what the test tells it to, and our catching mailbox."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from services.notify.channels.relay_url import Relay
from services.notify.channels.smtp import SmtpChannel
from services.notify.mailbox.server import Catcher, listen
from services.notify.mailbox.store import MailStore
from shared.db import Database, Role
from shared.settings import Settings
from tests.support.ports import free_port

OK = {
    "CONNECT": "220 scripted ESMTP",
    "AUTH": "235 2.7.0 signed in",
    "STARTTLS": "220 2.0.0 go on",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "QUIT": "221 2.0.0 bye",
}
HANG_UP = ""
HANG = "(hangs)"
DRIP = "(drips)"
ENDLESS_LINE = "(a line without end)"
ENDLESS_REPLY = "(a reply without end)"


@dataclass
class ScriptedRelay:
    """Answers each command by ``script``: command → reply, or a callable that decides anew.

    ``CONNECT`` is the greeting, ``.`` the end of a mail; an empty reply hangs up, and the constants above are what
    they say. What the script does not name is answered as by a good server, in its order.
    """

    port: int = field(default_factory=free_port)
    script: dict[str, str | Callable[[], str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME", "SIZE 50000000")
    tls: ssl.SSLContext | None = None
    """For STARTTLS; with ``encrypted`` from the first octet."""
    encrypted: bool = False
    latency: float = 0.0
    """Seconds that a round trip to it takes."""
    trips: int = 0
    """How often it had to wait for what its peer would say next."""
    taken: list[bytes] = field(default_factory=list)
    """Mails whose final dot came, answered or not."""
    commands: list[str] = field(default_factory=list)
    dialogues: list[list[str]] = field(default_factory=list)
    """The commands of each connection."""
    open_now: set[socket.socket] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ended = threading.Event()

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(self.dialogues)

    def _travel(self) -> None:
        self.trips += 1
        if self.latency:
            time.sleep(self.latency)

    @contextmanager
    def listening(self) -> Iterator[ScriptedRelay]:
        """Accept connections until the block ends; then refuse them, as a relay that is down."""
        server = socket.create_server(("127.0.0.1", self.port))
        self._ended.clear()

        def accept() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.open_now.add(peer)
                self.dialogues.append([])
                threading.Thread(target=self._serve, args=(peer, self.dialogues[-1]), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            for peer in list(self.open_now):
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            thread.join()

    def _serve(self, peer: socket.socket, dialogue: list[str]) -> None:
        # The client may be gone at any time, and may not trust our certificate: that too is an end like any other.
        with contextlib.suppress(OSError, _HungUp):
            try:
                line = _Line(peer, self._travel)
                if self.encrypted:
                    line.encrypt(self.tls)
                self._talk(line, dialogue)
            finally:
                self.open_now.discard(peer)
                line.peer.close()

    def _talk(self, line: _Line, dialogue: list[str]) -> None:
        self._say(line, self._reply("CONNECT"))
        mail_taken = rcpt_taken = False
        while command := line.read():
            verb = command.split(b" ")[0].strip().upper().decode("ascii", "replace")
            self.commands.append(command.decode("utf-8", "replace").strip())
            dialogue.append(self.commands[-1])
            if verb == "EHLO" and verb not in self.script:
                self._say(line, "\r\n".join(f"250-{each}" for each in ("scripted", *self.extensions)) + "\r\n250 HELP")
                continue
            if verb == "AUTH":
                self._challenge(line, command)
            if verb == "RCPT" and verb not in self.script and not mail_taken:
                reply = "503 5.5.1 MAIL first"
            elif verb == "DATA" and verb not in self.script and not rcpt_taken:
                reply = "554 5.5.1 no valid recipient"
            else:
                reply = self._reply(verb)
            self._say(line, reply)
            if verb == "QUIT":
                return
            if verb == "MAIL":
                mail_taken, rcpt_taken = reply.startswith("2"), False
            elif verb == "RCPT":
                rcpt_taken = rcpt_taken or reply.startswith("2")
            elif verb in ("RSET", "EHLO"):
                mail_taken = rcpt_taken = False
            elif verb == "STARTTLS" and reply.startswith("220"):
                line.encrypt(self.tls)
            elif verb == "DATA" and reply.startswith("354"):
                self._take(line, rcpt_taken)
                mail_taken = rcpt_taken = False

    def _take(self, line: _Line, rcpt_taken: bool) -> None:
        content = b""
        while (row := line.read()) not in (b".\r\n", b""):
            content += row[1:] if row.startswith(b".") else row
        if not row:
            raise _HungUp
        if not rcpt_taken and "." not in self.script:
            self._say(line, "554 5.5.1 no valid recipient")
            return
        self.taken.append(content)
        self._say(line, self._reply("."))

    def _challenge(self, line: _Line, command: bytes) -> None:
        """The steps of AUTH before its reply; what the client says is kept among the commands."""
        steps = {b"LOGIN": ["UGFzc3dvcmQ6"], b"CRAM-MD5": ["PDFAc2NyaXB0ZWQ+"]}
        for step in steps.get(command.split(b" ")[1].strip().upper(), []):
            self._say(line, f"334 {step}")
            self.commands.append(line.read().decode().strip())

    def _reply(self, verb: str) -> str:
        reply = self.script.get(verb, OK.get(verb, "250 2.0.0 ok"))
        return reply if isinstance(reply, str) else reply()

    def _say(self, line: _Line, reply: str) -> None:
        if reply == HANG_UP:
            raise _HungUp
        if reply == HANG:
            self._ended.wait(60)
            raise _HungUp
        if reply in (DRIP, ENDLESS_LINE, ENDLESS_REPLY):
            line.write(b"250")
            while not self._ended.wait(0.02 if reply == DRIP else 0):
                line.write({DRIP: b"-", ENDLESS_LINE: b"x" * 8192, ENDLESS_REPLY: b"-more\r\n250"}[reply])
            raise _HungUp
        line.write(f"{reply}\r\n".encode())


class _HungUp(Exception):
    """The script, or the client, ends the connection here."""


class _Line:
    """What is read from and written to one client, encrypted from some point on."""

    def __init__(self, peer: socket.socket, travel: Callable[[], None]) -> None:
        self.peer = peer
        self._travel = travel
        self._unread = b""

    def read(self) -> bytes:
        """The next line; nothing at the end."""
        while b"\n" not in self._unread:
            octets = self.peer.recv(65536)
            if not octets:
                return b""
            self._travel()
            self._unread += octets
        row, end, self._unread = self._unread.partition(b"\n")
        return row + end

    def write(self, octets: bytes) -> None:
        """Send all of it."""
        self.peer.sendall(octets)

    def encrypt(self, context: ssl.SSLContext | None) -> None:
        """TLS from here on."""
        assert context is not None
        self.peer = context.wrap_socket(self.peer, server_side=True)


_channels: list[SmtpChannel] = []


def open_channel(relays: Relay | Sequence[Relay], **options: Any) -> SmtpChannel:
    """A channel of notify's, to be closed by ``close_channels``."""
    made = SmtpChannel(relays, hostname="notify.test", **options)
    _channels.append(made)
    return made


def close_channels() -> None:
    """Close what ``open_channel`` made; for the end of a test."""
    while _channels:
        _channels.pop().close()


@contextmanager
def catching_mailbox(settings: Settings) -> Iterator[tuple[int, MailStore]]:
    """Our own mailbox in a thread, storing in the settings' database: its port and its store."""
    store = MailStore(Database(settings, Role.MAILBOX))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(Catcher(store), 0, "mailbox.test"), loop).result(5)
    try:
        yield server.sockets[0].getsockname()[1], store
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        store.database.dispose()


async def _close(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
