"""SMTP servers for tests, on real sockets: one that says what the test tells it to, and our catching mailbox."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.notify.mailbox.server import Catcher, listen
from services.notify.mailbox.store import MailStore
from shared.db import Database, Role
from shared.settings import Settings
from tests.support.ports import free_port

OK = {"MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go on", ".": "250 2.0.0 taken"}
HANG_UP = ""


@dataclass
class ScriptedRelay:
    """Answers each command by ``script`` (command → reply; an empty reply hangs up; a callable decides anew)."""

    port: int = field(default_factory=free_port)
    script: dict[str, str | Callable[[], str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME", "SIZE 50000000")
    taken: list[bytes] = field(default_factory=list)
    """Mails whose final dot came, answered or not."""
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    @contextmanager
    def listening(self) -> Iterator[ScriptedRelay]:
        """Accept connections until the block ends; then refuse them, as a relay that is down."""
        server = socket.create_server(("127.0.0.1", self.port))
        open_now: set[socket.socket] = set()

        def accept() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                self.connections += 1
                open_now.add(peer)
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            for peer in open_now:
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            thread.join()

    def _reply(self, verb: str) -> str:
        reply = self.script.get(verb, OK.get(verb, "250 2.0.0 ok"))
        return reply if isinstance(reply, str) else reply()

    def _talk(self, peer: socket.socket) -> None:
        # Leaving the block flushes, which fails where the client is gone: that too is an end like any other.
        with contextlib.suppress(OSError), peer, peer.makefile("rwb") as stream:
            self._say(stream, "220 scripted ESMTP")
            while line := stream.readline():
                verb = line.split(b" ")[0].strip().upper().decode("ascii", "replace")
                self.commands.append(line.decode("utf-8", "replace").strip())
                if verb == "EHLO" and verb not in self.script:
                    self._say(stream, "\r\n".join(f"250-{each}" for each in ("scripted", *self.extensions)))
                    self._say(stream, "250 HELP")
                    continue
                reply = self._reply(verb)
                if reply == HANG_UP:
                    return
                self._say(stream, reply)
                if verb == "QUIT":
                    return
                if verb == "DATA" and reply.startswith("354"):
                    content = b""
                    while (row := stream.readline()) not in (b".\r\n", b""):
                        content += row[1:] if row.startswith(b".") else row
                    if not row:
                        return
                    self.taken.append(content)
                    reply = self._reply(".")
                    if reply == HANG_UP:
                        return
                    self._say(stream, reply)

    @staticmethod
    def _say(stream: object, reply: str) -> None:
        stream.write(f"{reply}\r\n".encode())  # type: ignore[attr-defined]
        stream.flush()  # type: ignore[attr-defined]


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
