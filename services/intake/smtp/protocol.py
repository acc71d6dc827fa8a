"""One session: reads commands and mails within bounds, replies, and never trusts the other end.

A subclass of aiosmtpd's ``SMTP`` that keeps its model (session, envelope, ``smtp_*`` commands, handler
hooks) and replaces its input, its timers and its replies; docs/decisions/0004 says what and why.
Nothing cancels a session: it ends when reading fails, so that a mail which is being stored is stored.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.intake.smtp import commands, limits, paths, proxy, replies
from services.intake.smtp.commands import Broken
from services.intake.smtp.data import Body
from services.intake.smtp.door import Door, Peer
from services.intake.smtp.limits import Limits
from services.intake.smtp.sender import parse_sender
from services.intake.smtp.statement import Recipient
from shared import logs

log = logs.get(__name__)


class Hangup(Exception):
    """The client is gone, or has said all it had to say."""


class Mailing(Envelope):
    """What MAIL, RCPT and DATA said of one mail."""

    def __init__(self) -> None:
        super().__init__()
        self.recipients: list[Recipient] = []
        self.octets: bytes | bytearray = b""
        """The content, dot-stuffing undone; not in aiosmtpd's ``content``, which would need a copy as bytes."""
        self.sha256 = b""


class Handler(Protocol):
    """What a session asks of the rest of intake, in the form of aiosmtpd's hooks."""

    async def handle_RCPT(
        self, server: Connection, session: Session, envelope: Mailing, address: str, options: list[str]
    ) -> bytes:
        """Reply to a recipient; at 250 it has been put among ``envelope.recipients``."""
        ...

    async def handle_DATA(self, server: Connection, session: Session, envelope: Mailing) -> bytes:
        """Reply to a whole mail; 250 only once it is durable."""
        ...


@dataclass(slots=True)
class Setup:
    """What all sessions of one listener share."""

    loop: asyncio.AbstractEventLoop
    handler: Handler
    door: Door
    limits: Limits
    hostname: str
    lmtp: bool
    tls_context: ssl.SSLContext | None
    hooks: dict[str, Callable[..., Awaitable[bytes]]] = field(init=False)
    greeting: bytes = field(init=False)
    connections: set[Connection] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.hooks = {"RCPT": self.handler.handle_RCPT, "DATA": self.handler.handle_DATA}
        self.greeting = replies.greeting(self.hostname, lmtp=self.lmtp)


class Connection(SMTP):
    """One client's connection, from greeting to goodbye."""

    envelope: Mailing
    session: Session

    def __init__(self, setup: Setup) -> None:
        # SMTP.__init__ looks through every attribute of itself and of its handler for each connection
        # (measured 0.1 ms). What its methods use is set here instead, and COMMANDS made once for all.
        self.setup = setup
        self.loop = setup.loop
        self.event_handler = setup.handler
        self._handle_hooks = setup.hooks
        self.hostname = setup.hostname
        self.tls_context = setup.tls_context
        self.data_size_limit = setup.limits.max_size
        self.enable_SMTPUTF8 = True
        self.transport: Any = None
        self.peer: Peer | None = None
        self.tls: str | None = None
        """Version and cipher once TLS is on."""
        self._input = bytearray()
        self._output: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._no_more_input = False
        self._reading_paused = False
        self._has_mail = False
        """MAIL was accepted; the null return path is a sender too."""
        self._in_data = False
        self._leaving = False
        self._errors = self._junk = self._overshoot = 0
        self._refused: bytes | None = None
        self._waiting_since: float | None = None
        self._data_until: float | None = None
        self._closed_at: float | None = None

    # -- what the event loop tells us

    def connection_made(self, transport: Any) -> None:
        """Begin the session."""
        self.transport = transport
        self.session = self._create_session()
        self._set_rset_state()
        self.setup.connections.add(self)
        task = self.loop.create_task(self._handle_client())
        self.setup.tasks.add(task)
        task.add_done_callback(self.setup.tasks.discard)

    def data_received(self, data: bytes) -> None:
        """Keep what came; make the client wait where it is far ahead."""
        self._input += data
        if len(self._input) > limits.READ_AHEAD and not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """The client sends no more, but may still listen: what came is finished first."""
        self._no_more_input = True
        self._wake()
        return self.tls is None

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone. A mail that is being stored is stored all the same."""
        self._no_more_input = True
        self._leaving = True
        self._input.clear()
        self.setup.connections.discard(self)
        self.resume_writing()
        self._wake()

    def pause_writing(self) -> None:
        """The client does not read what we say."""
        if self._drained is None:
            self._drained = self.loop.create_future()

    def resume_writing(self) -> None:
        """The client reads again, or is gone."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # -- what the listener tells us

    def check_time(self, now: float, command_timeout: float) -> None:
        """End a session that waits too long, or whose data come too slowly. Times are the loop's."""
        if self._closed_at is not None:
            if now - self._closed_at > limits.STRESS_TIMEOUT:
                self.transport.abort()
        elif self._data_until is not None:
            if now > self._data_until:
                self._part(replies.TOO_SLOW)
        elif self._waiting_since is not None and now - self._waiting_since > command_timeout:
            self._part(replies.TIMED_OUT)

    def stop(self) -> None:
        """Say goodbye: now, or after the mail that is under way."""
        self._leaving = True
        if not self._in_data:
            self._part(replies.STOPPING)

    def _part(self, reply: bytes) -> None:
        self._leaving = True
        self.say(reply)
        self._flush()
        self._close()

    def _close(self) -> None:
        if self._closed_at is None:
            self._closed_at = self.loop.time()
            self.transport.close()
            self._wake()

    # -- hearing and speaking

    def say(self, reply: bytes) -> None:
        """Reply. It leaves when the session next waits, so replies to pipelined commands leave together."""
        if replies.is_error(reply):
            self._refused = reply
            self.setup.door.counters.refused[reply[:9].decode("ascii")] += 1
        self._output.append(reply)

    async def push(self, status: str | bytes) -> None:
        """Reply, in aiosmtpd's own form."""
        self.say(status if isinstance(status, bytes) else status.encode("ascii") + b"\r\n")

    def _flush(self) -> None:
        if self._output:
            if not self.transport.is_closing():
                self.transport.write(b"".join(self._output))
            self._output.clear()

    async def _more(self) -> None:
        """Wait for input.

        :raises Hangup: there will be none.
        """
        self._flush()
        while self._drained is not None:
            await self._drained
        if self._no_more_input or self.transport.is_closing():
            raise Hangup
        if self._reading_paused:
            self._reading_paused = False
            self.transport.resume_reading()
        self._waiter = self.loop.create_future()
        await self._waiter

    async def _line(self) -> bytes:
        """The next command line without CRLF.

        :raises Broken: what came is no command line.
        :raises Hangup: nothing more comes.
        """
        self._waiting_since = self.loop.time()
        while (line := commands.take_line(self._input)) is None:
            await self._more()
        self._waiting_since = None
        return line

    # -- the session

    async def _handle_client(self) -> None:
        peer: Peer | None = None
        try:
            peer = self.peer = self.setup.door.peer(await self._who())
            if (refusal := self.setup.door.enter(peer)) is not None:
                raise Broken(refusal)
            self.say(self.setup.greeting)
            while not self._leaving:
                await self._obey(await self._line())
            self.say(replies.STOPPING)
        except Broken as broken:
            self.say(broken.reply)
        except Hangup:
            pass
        except Exception:
            log.exception("session_failed")
            self.say(replies.STOPPING)
        finally:
            self._waiting_since = self._data_until = None
            self._flush()
            self._close()
            if peer is not None:
                self.setup.door.leave(peer)
                if self._refused is not None:
                    log.warning("client_refused", peer=peer.address, last=self._refused.decode("ascii").rstrip())

    async def _who(self) -> str:
        """The client's IP address.

        :raises Hangup: it is gone, or a proxy did not say who it is.
        """
        name = self.transport.get_extra_info("peername")
        if not name:
            raise Hangup  # gone already; nobody is trusted for having no address
        address: str = name[0]
        if not self.setup.door.speaks_proxy(address):
            return address
        self._waiting_since = self.loop.time()
        source = await proxy.read_source(proxy.Reader(self._input, self._more), address)
        if source is None:
            log.warning("proxy_header_malformed", proxy=address)
            raise Hangup
        return source

    async def _obey(self, line: bytes) -> None:
        """Carry out one command. Whatever fails in it is answered 451, and the session goes on.

        :raises Broken: the session is over.
        """
        if commands.has_controls(line):
            return self._refuse(replies.BAD_LINE)
        verb, argument = commands.split(line)
        command = COMMANDS.get(verb)
        if command is None:
            return self._refuse(replies.UNKNOWN_COMMAND)
        try:
            text = argument.decode()
        except UnicodeDecodeError:
            return self._refuse(replies.NOT_UTF8)
        try:
            await command(self, text)
        except (Broken, Hangup):
            raise
        except Exception as error:
            self._set_rset_state()
            await self.push(await self.handle_exception(error))

    async def handle_exception(self, error: Exception) -> str:
        """A fault of our own: a constant 4yz, so that the sender keeps the mail and learns nothing."""
        log.error("command_failed", exc_info=error)
        return replies.NOT_STORED.decode("ascii").rstrip()

    def _refuse(self, reply: bytes) -> None:
        """Reply to a command that was at fault; too many of them end the session.

        :raises Broken: they were too many.
        """
        self._errors += 1
        if self._errors > self._allowed(limits.HARD_ERRORS):
            raise Broken(replies.TOO_MANY_ERRORS)
        self.say(reply)

    def _count_junk(self) -> None:
        self._junk += 1
        if self._junk > self._allowed(limits.JUNK_COMMANDS):
            raise Broken(replies.TOO_MUCH_JUNK)

    def _allowed(self, limit: int) -> int:
        return limit * limits.TRUSTED_FACTOR if self.peer is not None and self.peer.trusted else limit

    def _must_be_last(self) -> None:
        """After this command the client has to wait for our reply (RFC 2920 §3.1).

        :raises Broken: it did not. Who speaks unheard does not hear us either: a smuggler or a robot.
        """
        if self._input:
            raise Broken(replies.OUT_OF_STEP)

    def _create_envelope(self) -> Mailing:
        return Mailing()

    def _set_rset_state(self) -> None:
        self._set_post_data_state()

    def _set_post_data_state(self) -> None:
        self.envelope = self._create_envelope()
        self._has_mail = False

    @property
    def protocol_name(self) -> str:
        """As in the ``with`` of a Received field (RFC 3848, RFC 6531 §4.3)."""
        if not self.session.extended_smtp:
            return "SMTP"
        name = "LMTP" if self.setup.lmtp else "ESMTP"
        if self.envelope.smtp_utf8:
            name = "UTF8" + name.removeprefix("E")
        return name + "S" if self.tls else name

    # -- the commands

    async def smtp_HELO(self, argument: str) -> None:
        """Greet a client of the first generation."""
        if self.setup.lmtp:
            return self._refuse(replies.UNKNOWN_COMMAND)
        if self._greet(argument, extended=False):
            self.say(replies.hello(self.hostname))

    async def smtp_EHLO(self, argument: str) -> None:
        """Greet a client and say what we can do."""
        if self.setup.lmtp:
            return self._refuse(replies.UNKNOWN_COMMAND)
        self._greet_extended(argument)

    async def smtp_LHLO(self, argument: str) -> None:
        """EHLO's place in LMTP (RFC 2033 §4.1)."""
        if not self.setup.lmtp:
            return self._refuse(replies.UNKNOWN_COMMAND)
        self._greet_extended(argument)

    def _greet_extended(self, argument: str) -> None:
        if self._greet(argument, extended=True):
            starttls = self.tls_context is not None and self.tls is None
            self.say(replies.extensions(self.hostname, max_size=self.setup.limits.max_size, starttls=starttls))

    def _greet(self, name: str, *, extended: bool) -> bool:
        self._must_be_last()
        if not name:
            self._refuse(replies.BAD_ARGUMENT)
            return False
        if self.session.host_name is not None:
            self._count_junk()
        self._set_rset_state()
        self.session.extended_smtp = extended
        self.session.host_name = name
        return True

    async def smtp_MAIL(self, argument: str) -> None:
        """Begin a mail."""
        if self.session.host_name is None:
            return self._refuse(replies.HELLO_FIRST)
        if self._has_mail:
            return self._refuse(replies.NESTED_MAIL)
        sender = parse_sender(argument, extended=self.session.extended_smtp)
        if isinstance(sender, bytes):
            return self._refuse(sender)
        if sender.size > self.setup.limits.max_size:
            return self._refuse(replies.TOO_BIG)
        assert self.peer is not None
        if not self.setup.door.may_mail(self.peer, self.loop.time()):
            return self._refuse(replies.TOO_MANY_MAILS)
        if not self.setup.door.has_room(self.peer, sender.size):
            return self._refuse(replies.FULL)
        self._has_mail = True
        self.envelope.mail_from = sender.path
        self.envelope.smtp_utf8 = sender.utf8
        self.say(replies.SENDER_OK)

    async def smtp_RCPT(self, argument: str) -> None:
        """Add a recipient, where it is one of ours."""
        if not self._has_mail:
            return self._refuse(replies.MAIL_FIRST)
        taken = paths.take_path(argument, "TO:")
        if taken is None:
            return self._refuse(replies.BAD_ARGUMENT)
        path, rest = taken
        options = paths.parameters(rest)
        if options is None:
            return self._refuse(replies.BAD_ARGUMENT)
        if options:
            return self._refuse(replies.UNKNOWN_PARAMETER)
        if not self.envelope.smtp_utf8 and not path.isascii():
            return self._refuse(replies.NEEDS_SMTPUTF8)
        if len(self.envelope.recipients) >= self.setup.limits.max_recipients:
            self._overshoot += 1
            if self._overshoot > limits.RECIPIENT_OVERSHOOT:
                raise Broken(replies.TOO_MANY_ERRORS)
            return self.say(replies.TOO_MANY_RECIPIENTS)
        reply = await self._call_handler_hook("RCPT", path, [])
        if replies.is_error(reply):
            return self._refuse(reply)
        self.say(reply)

    async def smtp_DATA(self, argument: str) -> None:
        """Take in the mail itself and store it."""
        if not self._has_mail:
            return self._refuse(replies.MAIL_FIRST)
        if not self.envelope.recipients:
            return self._refuse(replies.RECIPIENT_FIRST)
        if argument:
            return self._refuse(replies.BAD_ARGUMENT)
        self._must_be_last()
        self.say(replies.START_DATA)
        self._in_data = True
        try:
            reply = await self._take_in_mail()
        finally:
            self._in_data = False
        # LMTP (RFC 2033 §4.2) wants one reply for each recipient that was accepted.
        for _ in self.envelope.recipients if self.setup.lmtp else (None,):
            self.say(reply)
        if not replies.is_error(reply):
            self._errors = self._junk = self._overshoot = 0
        self._set_post_data_state()

    async def _take_in_mail(self) -> bytes:
        """Read to the end of the mail and have it stored; returns the reply.

        :raises Broken: it is far too big.
        :raises Hangup: the client is gone before its end; nothing of it is kept.
        """
        door, peer = self.setup.door, self.peer
        rate, grace = self.setup.limits.min_data_rate, self.setup.limits.data_grace
        assert peer is not None
        body = Body(self.setup.limits.max_size)
        held = 0
        over_reply = replies.TOO_BIG
        self._data_until = self.loop.time() + grace
        try:
            while not body.ended:
                if not self._input:
                    await self._more()
                    continue
                chunk, self._input = self._input, bytearray()
                self._input += body.feed(chunk)
                now = self.loop.time()
                self._data_until = min(self._data_until + len(chunk) / rate, now + grace)
                grown = len(body.content) - held
                if grown > 0 and not door.has_room(peer, grown):
                    over_reply = replies.FULL
                    body.discard()
                    grown = -held
                door.hold(peer, grown)
                held += grown
                if body.received > self.setup.limits.max_size * limits.DISCARD_FACTOR:
                    raise Broken(over_reply)
            self._data_until = None
            if body.over:
                return over_reply
            self.envelope.octets = body.content
            self.envelope.sha256 = body.sha256()
            try:
                reply: bytes = await self._call_handler_hook("DATA")
            except Exception as error:
                # Here and not in _obey, since LMTP owes this reply once for each recipient.
                await self.handle_exception(error)
                reply = replies.NOT_STORED
            return reply
        finally:
            self._data_until = None
            door.hold(peer, -held)

    async def smtp_RSET(self, argument: str) -> None:
        """Forget the mail that was begun."""
        if argument:
            return self._refuse(replies.BAD_ARGUMENT)
        self._count_junk()
        self._set_rset_state()
        self.say(replies.OK)

    async def smtp_NOOP(self, argument: str) -> None:
        """Say that we are here."""
        self._count_junk()
        self.say(replies.OK)

    async def smtp_VRFY(self, argument: str) -> None:
        """Tell nothing about who exists (RFC 5321 §7.3)."""
        if not argument:
            return self._refuse(replies.BAD_ARGUMENT)
        self._count_junk()
        self.say(replies.NOT_VERIFIED)

    async def smtp_HELP(self, argument: str) -> None:
        """Name the commands."""
        self._count_junk()
        self.say(replies.HELP)

    async def smtp_QUIT(self, argument: str) -> None:
        """Part."""
        if argument:
            return self._refuse(replies.BAD_ARGUMENT)
        self.say(replies.BYE)
        raise Hangup

    async def smtp_STARTTLS(self, argument: str) -> None:
        """Begin TLS. What was said before it counts for nothing (RFC 3207 §4.2)."""
        if self.tls_context is None:
            return self._refuse(replies.NOT_IMPLEMENTED)
        if self.tls is not None:
            return self._refuse(replies.TLS_ACTIVE)
        if argument:
            return self._refuse(replies.BAD_ARGUMENT)
        self.say(replies.START_TLS)
        self._flush()
        # No await between this and start_tls: not one octet sent in the clear is read after TLS is on.
        self._input.clear()
        try:
            self.transport = await self.loop.start_tls(
                self.transport,
                self,
                self.tls_context,
                server_side=True,
                ssl_handshake_timeout=limits.HANDSHAKE_TIMEOUT,
            )
        except Exception as error:
            log.warning("tls_failed", error=type(error).__name__)
            self.setup.connections.discard(self)
            raise Hangup from error
        sslobject = self.transport.get_extra_info("ssl_object")
        self.tls = f"{sslobject.version()} {sslobject.cipher()[0]}"
        self.session = self._create_session()
        self._set_rset_state()

    async def smtp_AUTH(self, argument: str) -> None:
        """Not offered: nobody signs in here."""
        self._refuse(replies.NOT_IMPLEMENTED)

    async def smtp_EXPN(self, argument: str) -> None:
        """Not offered: lists are nobody's business."""
        self._refuse(replies.NOT_IMPLEMENTED)

    async def smtp_BDAT(self, argument: str) -> None:
        """Not offered; what follows would be read as commands, so the session ends."""
        raise Broken(replies.NOT_IMPLEMENTED)


COMMANDS: dict[bytes, Callable[[Connection, str], Awaitable[None]]] = {
    name.removeprefix("smtp_").encode(): getattr(Connection, name)
    for name in dir(Connection)
    if name.startswith("smtp_")
}
"""Verb → method, for every command that is answered at all."""
