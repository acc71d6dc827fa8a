"""Out by SMTP to one relay, over a connection that each worker thread keeps."""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
import time
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.notify.channels.base import Refused, RelayAway, RelayBusy, Unanswered
from services.notify.domain.mail import Submission
from shared.errors import MisconfiguredError
from shared.mail.addresses import is_sendable

TIMEOUT = 60.0
"""Seconds until a silent relay counts as away."""
FINAL_TIMEOUT = 600.0
"""Seconds for the answer after the mail (RFC 5321 §4.5.3.2.6): giving up sooner makes doubles (RFC 1047)."""
FRESH_SECONDS = 10.0
"""A connection used so lately is taken as alive; an older one is asked first."""
_SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_NOT_SIGNED_IN = (530, 534, 535, 538)
"""Replies about our own account (RFC 4954 §6): a person must mend it, and the mails wait."""


@dataclass(frozen=True, slots=True)
class Relay:
    """Where SMTP_RELAY_URL points."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None


def parse_relay_url(url: str) -> Relay:
    """Read ``smtp://user:password@host:port``, ``smtp+starttls://…`` or ``smtps://…``.

    :raises MisconfiguredError: naming SMTP_RELAY_URL; never repeats the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise MisconfiguredError("SMTP_RELAY_URL: the port must be a number from 1 to 65535") from error
    if parts.scheme not in _SCHEMES or not parts.hostname or port == 0:
        raise MisconfiguredError(
            "SMTP_RELAY_URL: for example smtp://relay.example:25, smtp+starttls://user:password@relay.example:587 "
            "or smtps://user:password@relay.example:465"
        )
    return Relay(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or _SCHEMES[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class SmtpChannel:
    """Hands mails to one relay. Thread-safe: every thread has a connection of its own."""

    def __init__(
        self, relay: Relay, *, hostname: str, timeout: float = TIMEOUT, final_timeout: float = FINAL_TIMEOUT
    ) -> None:
        self._relay = relay
        self._hostname = hostname
        self._timeout = timeout
        self._final_timeout = final_timeout
        self._kept = threading.local()
        self._all: set[smtplib.SMTP] = set()
        self._lock = threading.Lock()

    def submit(self, submission: Submission) -> str:
        """Hand the mail over and return the relay's reply. See ``Channel``."""
        _check(submission)
        reused = getattr(self._kept, "connection", None) is not None
        try:
            return self._transact(submission)
        except Unanswered:
            raise
        except RelayAway:
            # The relay closes what is idle. Nothing was handed over yet, so once more on a new connection.
            if not reused:
                raise
        return self._transact(submission)

    def close(self) -> None:
        """Close every thread's connection."""
        with self._lock:
            connections, self._all = self._all, set()
        for connection in connections:
            connection.close()

    def _transact(self, submission: Submission) -> str:
        try:
            connection = self._connection()
            reply = self._converse(connection, submission)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            if isinstance(error, smtplib.SMTPResponseException):
                raise RelayAway(_in_words(error.smtp_code, error.smtp_error)) from error
            raise RelayAway(f"{type(error).__name__}: {error}"[:500]) from error
        except BaseException:
            if getattr(self._kept, "midway", False):
                self._drop()
            raise
        self._kept.used = time.monotonic()
        return reply

    def _converse(self, connection: smtplib.SMTP, submission: Submission) -> str:
        self._kept.midway = True
        options: list[str] = []
        if submission.utf8:
            if not connection.has_extn("smtputf8"):
                self._kept.midway = False
                raise Refused("the relay takes no address with å, ä or ö before the @ (no SMTPUTF8)")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
            connection.command_encoding = "utf-8"
        else:
            connection.command_encoding = "ascii"
        if connection.has_extn("size"):
            options.append(f"SIZE={len(submission.content)}")
        self._expect(connection, connection.mail(submission.sender, options), 250)
        self._expect(connection, connection.rcpt(submission.recipient), 250, 251)
        self._expect(connection, connection.docmd("DATA"), 354)
        return self._hand_over(connection, submission.content)

    def _hand_over(self, connection: smtplib.SMTP, content: bytes) -> str:
        dotted = re.sub(rb"(?m)^\.", b"..", content)  # RFC 5321 §4.5.2
        ending = b".\r\n" if dotted.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            # In one piece: a lone dot after it would wait 40 ms for the relay's delayed acknowledgement.
            connection.send(dotted + ending)
        except (OSError, smtplib.SMTPException) as error:
            # Not all of it left, so the dot did not, and the relay cannot have taken the mail.
            self._drop()
            raise RelayAway(f"{type(error).__name__}: {error}"[:500]) from error
        try:
            assert connection.sock is not None  # it has just been written to
            connection.sock.settimeout(self._final_timeout)
            code, text = connection.getreply()
            connection.sock.settimeout(self._timeout)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Unanswered(f"no answer after the mail: {type(error).__name__}") from error
        self._expect(connection, (code, text), 250)
        self._kept.midway = False
        return _in_words(code, text)

    def _expect(self, connection: smtplib.SMTP, reply: tuple[int, bytes], *wanted: int) -> None:
        code, text = reply
        if code in wanted:
            return
        words = _in_words(code, text)
        if code in (421, -1) or code in _NOT_SIGNED_IN:
            self._drop()
            raise RelayAway(words)
        self._start_over(connection)
        if code >= 500:
            raise Refused(words)
        raise RelayBusy(words)

    def _start_over(self, connection: smtplib.SMTP) -> None:
        """Back to a clean start; a relay that does not even take RSET is let go, and what it said still counts."""
        try:
            clean = connection.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            clean = False
        if clean:
            self._kept.midway = False
        else:
            self._drop()

    def _connection(self) -> smtplib.SMTP:
        kept: smtplib.SMTP | None = getattr(self._kept, "connection", None)
        if kept is not None:
            if time.monotonic() - self._kept.used < FRESH_SECONDS or kept.noop()[0] == 250:
                return kept
            self._drop()
        self._kept.connection = connection = self._connect()
        self._kept.used = time.monotonic()
        with self._lock:
            self._all.add(connection)
        return connection

    def _connect(self) -> smtplib.SMTP:
        relay = self._relay
        connection: smtplib.SMTP
        if relay.scheme == "smtps":
            connection = smtplib.SMTP_SSL(
                relay.host,
                relay.port,
                local_hostname=self._hostname,
                timeout=self._timeout,
                context=ssl.create_default_context(),
            )
        else:
            connection = smtplib.SMTP(relay.host, relay.port, local_hostname=self._hostname, timeout=self._timeout)
        try:
            if relay.scheme == "smtp+starttls":
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if relay.user is not None:
                connection.login(relay.user, relay.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        self._kept.midway = False
        connection: smtplib.SMTP | None = getattr(self._kept, "connection", None)
        if connection is not None:
            self._kept.connection = None
            with self._lock:
                self._all.discard(connection)
            connection.close()


def _check(submission: Submission) -> None:
    """Nothing that could be read as a command or as an end of the mail may leave.

    :raises ValueError: our own fault; compose and the callers have cleaned everything before.
    """
    if not is_sendable(submission.recipient):
        raise ValueError("the recipient is no mailbox")
    if submission.sender and not is_sendable(submission.sender):
        raise ValueError("the envelope sender is no mailbox")
    if _BARE_LINE_END.search(submission.content):
        raise ValueError("a line does not end with CRLF")
    if not submission.utf8 and not (submission.sender + submission.recipient).isascii():
        raise ValueError("an address needs SMTPUTF8")


def _in_words(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {words}".split())[:500]
