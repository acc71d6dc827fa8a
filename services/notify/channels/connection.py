"""One SMTP connection: smtplib's opening (EHLO, STARTTLS, AUTH), and our own bounded reading of replies.

smtplib waits anew for every octet and reads a reply of any number of lines: a relay that drips or never ends its
answer would hold a thread and its memory. Here each reply has one deadline and one size.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from services.notify.channels.base import NeedsAPerson, RelayAway, RelayFull, SignInRefused
from services.notify.channels.relay_url import Relay

LONGEST_LINE = 8192
MOST_LINES = 256
"""Of one reply; RFC 5321 §4.5.3.1.5 has lines of 512 octets, and EHLO's reply a few dozen of them."""
FAREWELL = 1.0
"""Seconds to wait for the answer to QUIT: nothing hangs on it."""
NONSENSE = -1
"""The code of what is no reply."""
LOST = (OSError, smtplib.SMTPException)

_REPLY = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the relay said: its code (or ``NONSENSE``) and its words on one line, the code first."""

    code: int
    words: str

    @property
    def kind(self) -> int:
        """2 done, 3 go on, 4 not now, 5 never (RFC 5321 §4.2.1)."""
        return self.code // 100


class Connection(smtplib.SMTP):
    """A connection that is used by one thread at a time."""

    mails = 0
    used = 0.0
    clean = True
    """Between two mails. A connection that is not is never used again."""
    _unread = b""

    def write(self, octets: bytes) -> None:
        """Send all of it.

        :raises OSError, SMTPException: not all of it left.
        """
        self._wait_at_most(self.timeout)
        self.send(octets)

    def read(self, seconds: float | None = None) -> Reply:
        """The next reply, whole, within ``seconds`` (else the connection's timeout).

        :raises OSError, SMTPException: it did not come, or never ends; the connection is closed.
        """
        try:
            code, text = self._read(time.monotonic() + (self.timeout if seconds is None else seconds))
        except LOST:
            self.close()
            raise
        return Reply(code, in_words(code, text))

    def ask(self, command: bytes) -> Reply:
        """Send one command and read its reply."""
        self.write(command + b"\r\n")
        return self.read()

    def out_of_step(self) -> bool:
        """True where the relay has said something that we did not ask for."""
        return bool(self._unread)

    def getreply(self) -> tuple[int, bytes]:
        """smtplib's own reading, for its own commands."""
        try:
            return self._read(time.monotonic() + self.timeout)
        except LOST:
            self.close()
            raise

    def begin_tls(self, context: ssl.SSLContext, host: str) -> None:
        """STARTTLS. What came in the clear after the relay's word ends the connection (RFC 3207 §5).

        :raises RelayAway: the relay does not want to.
        """
        reply = self.ask(b"STARTTLS")
        if reply.code != 220 or self.out_of_step() or self.sock is None:
            raise RelayAway(f"no STARTTLS: {reply.words}")
        self._wait_at_most(self.timeout)
        self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self.esmtp_features = {}

    def quit_politely(self) -> None:
        """Say goodbye and close; whatever comes of it."""
        try:
            if self.clean and self.sock is not None:
                self._wait_at_most(FAREWELL)
                self.send(b"QUIT\r\n")
                self.read(FAREWELL)
        except LOST:
            pass
        finally:
            self.close()

    def _wait_at_most(self, seconds: float) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        self.sock.settimeout(seconds)

    def _read(self, deadline: float) -> tuple[int, bytes]:
        texts: list[bytes] = []
        codes: set[bytes] = set()
        while len(texts) < MOST_LINES:
            line = self._line(deadline)
            match = _REPLY.fullmatch(line)
            if match is None:
                return NONSENSE, line[:200]
            texts.append((match[3] or b"").strip())
            codes.add(match[1])
            if match[2] != b"-":
                return int(match[1]) if len(codes) == 1 else NONSENSE, b"\n".join(texts)
        raise smtplib.SMTPServerDisconnected("a reply without end")

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > LONGEST_LINE:
                raise smtplib.SMTPServerDisconnected("a line without end")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("timed out")
            self._wait_at_most(remaining)
            assert self.sock is not None
            octets = self.sock.recv(4096)
            if not octets:
                raise smtplib.SMTPServerDisconnected("the relay hung up")
            self._unread += octets
        line, _, self._unread = self._unread.partition(b"\n")
        return line.removesuffix(b"\r")


class TlsConnection(Connection, smtplib.SMTP_SSL):
    """A connection that is encrypted from its first octet (RFC 8314 §3)."""


def connect(relay: Relay, *, hostname: str, timeout: float, context: ssl.SSLContext | None) -> Connection:
    """A fresh connection: greeted, encrypted where the URL says so, signed in where it names a user.

    :raises RelayAway: it did not come about; ``RelayFull`` and ``NeedsAPerson`` where that is why.
    """
    try:
        connection = _greeted(relay, hostname, timeout, context)
    except smtplib.SMTPConnectError as error:
        words = in_words(error.smtp_code, error.smtp_error)
        raise (RelayFull(words) if error.smtp_code == 421 else RelayAway(words)) from error
    except LOST as error:
        raise away(error) from error
    try:
        assert connection.sock is not None  # it has just been read from
        # Else the last piece of a large mail waits for the relay's delayed acknowledgement of the one before.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if relay.scheme == "smtp+starttls":
            _hello(connection)
            if not connection.has_extn("starttls"):
                raise RelayAway("it does not offer STARTTLS, and nothing is sent in the clear")
            assert context is not None  # made for every relay that encrypts
            connection.begin_tls(context, relay.host)
        _hello(connection)
        if relay.user is not None:
            _sign_in(connection, relay.user, relay.password or "")
    except LOST as error:
        connection.close()
        raise away(error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _greeted(relay: Relay, hostname: str, timeout: float, context: ssl.SSLContext | None) -> Connection:
    if relay.scheme == "smtps":
        return TlsConnection(relay.host, relay.port, local_hostname=hostname, timeout=timeout, context=context)
    return Connection(relay.host, relay.port, local_hostname=hostname, timeout=timeout)


def _hello(connection: Connection) -> None:
    code, text = connection.ehlo()
    if 500 <= code <= 599:
        code, text = connection.helo()
    if not 200 <= code <= 299:
        raise RelayFull(in_words(code, text)) if code == 421 else RelayAway(in_words(code, text))


def _sign_in(connection: Connection, user: str, password: str) -> None:
    offered = connection.esmtp_features.get("auth", "").upper().split()
    connection.user, connection.password = user, password
    ways: dict[str, Any] = {  # smtplib's own, whose type has no public name
        "CRAM-MD5": connection.auth_cram_md5,
        "PLAIN": connection.auth_plain,
        "LOGIN": connection.auth_login,
    }
    refusal: smtplib.SMTPAuthenticationError | None = None
    for name in [each for each in ways if each in offered]:
        try:
            connection.auth(name, ways[name])
        except smtplib.SMTPAuthenticationError as error:
            refusal = error  # some offer what they do not do: the next way may be taken
        except ValueError as error:
            raise RelayAway("its challenge (AUTH) cannot be read") from error
        except LOST:
            if refusal is None:
                raise
            break
        else:
            return
    if refusal is None:
        raise SignInRefused("it offers no way to sign in that we know (CRAM-MD5, PLAIN, LOGIN)")
    words = in_words(refusal.smtp_code, refusal.smtp_error)
    raise (SignInRefused(words) if refusal.smtp_code >= 500 else RelayAway(words)) from refusal


def away(error: BaseException) -> RelayAway:
    """A lost connection as what it means for the mail. Holds nothing that was sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        return RelayAway(in_words(error.smtp_code, error.smtp_error))
    if isinstance(error, ssl.SSLCertVerificationError):
        return NeedsAPerson(f"its certificate is wrong: {error.verify_message}")
    if isinstance(error, TimeoutError):
        return RelayAway("no answer in time")
    return RelayAway(f"{type(error).__name__}: {error}"[:500])


def in_words(code: int, text: bytes | str) -> str:
    """A reply on one line: its code and its words, of a length that can be kept."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    said = "no reply" if code == NONSENSE else str(code)
    return " ".join(f"{said} {words}".split())[:500]
