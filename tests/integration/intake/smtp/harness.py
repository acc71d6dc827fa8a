"""A listener in a thread of its own, a client that speaks octets, and what the database holds."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import psycopg
import uvloop
from sqlalchemy import make_url

from services.intake.smtp.listener import Listener
from shared.db import conninfo
from shared.settings import Settings

IDE = "ide@krokom.example"
"""The address of the sluice that every test database has."""


class Running:
    """A listener at work."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loop = uvloop.new_event_loop()
        self._started: Future[Listener] = Future()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="listener")
        self._thread.start()
        self.listener = self._started.result(timeout=20)
        self.port = self.listener.port

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        listener = Listener(self._settings)
        try:
            await listener.start()
        except BaseException as error:
            self._started.set_exception(error)
            return
        self._started.set_result(listener)
        await self._stopping.wait()
        await listener.stop()

    def begin_stop(self) -> None:
        """Ask it to stop, and go on."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has."""
        if self._thread.is_alive():
            self.begin_stop()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()


@contextmanager
def listening(settings: Settings, **changes: Any) -> Iterator[Running]:
    """A listener with these settings, changed as told, on a free port."""
    running = Running(dataclasses.replace(settings, smtp_port=0, **changes))
    try:
        yield running
    finally:
        running.stop()


class Client:
    """The other end: sends octets as they are, and reads whole replies."""

    def __init__(self, port: int, *, greeted: bool = True, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self._buffer = b""
        self.was_reset = False
        if greeted:
            assert self.reply().startswith("220 ")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        """Send octets, and nothing else."""
        self.socket.sendall(octets)

    def line(self) -> str:
        """One line without CRLF; empty once the server has hung up."""
        while b"\r\n" not in self._buffer:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                self.was_reset = True
                piece = b""
            if not piece:
                return ""
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode()

    def reply(self) -> str:
        """A whole reply, its lines joined by LF."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def say(self, command: str | bytes) -> str:
        """Send a command line and read its reply."""
        self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return self.reply()

    def hello(self) -> Client:
        """Say EHLO."""
        assert self.say("EHLO client.example").startswith("250")
        return self

    def begin_data(self, *recipients: str, sender: str = "a@b.example") -> Client:
        """Everything up to 354."""
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250 2.1.0")
        for recipient in recipients or (IDE,):
            assert self.say(f"RCPT TO:<{recipient}>").startswith("250 2.1.5")
        assert self.say("DATA").startswith("354")
        return self

    def mail(self, content: bytes = b"Subject: hej\r\n\r\nhej\r\n", *recipients: str) -> str:
        """A whole mail; returns the last reply."""
        self.begin_data(*recipients)
        return self.say(content + b".")

    def is_closed(self) -> bool:
        """Wait until the server hangs up; False where it speaks instead."""
        return self.line() == ""


@contextmanager
def client(running: Running) -> Iterator[Client]:
    """A client that has said EHLO."""
    with Client(running.port) as connected:
        yield connected.hello()


class Stored:
    """What the database holds."""

    def __init__(self, settings: Settings) -> None:
        self._conninfo = conninfo(make_url(settings.database_url))

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """The rows of a query, run as the database's owner."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def raws(self) -> list[bytes]:
        """Every stored mail's octets, oldest first."""
        return [bytes(raw) for (raw,) in self.rows("SELECT raw FROM intake.raw_mail ORDER BY id")]

    def count(self) -> int:
        """How many inbound emails there are."""
        return int(self.rows("SELECT count(*) FROM intake.inbound_email")[0][0])

    def add_sluice(self, slug: str, *addresses: str) -> uuid.UUID:
        """A sluice with these addresses."""
        sluice = uuid.uuid4()
        self.rows(
            "INSERT INTO intake.sluice (id, slug, code, name) VALUES (%s, %s, %s, %s)",
            [sluice, slug, slug[:3].upper(), slug],
        )
        for address in addresses:
            self.add_address(sluice, address)
        return sluice

    def add_address(self, sluice: uuid.UUID, address: str) -> None:
        """One more address of a sluice."""
        self.rows("INSERT INTO intake.sluice_address (address, sluice_id) VALUES (%s, %s)", [address, sluice])
