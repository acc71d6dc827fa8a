"""Out by SMTP: over the first relay that answers, as long as none has the mail."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.notify.channels.base import (
    CannotCarry,
    NeedsAPerson,
    Refused,
    RelayAway,
    RelayBusy,
    RelayFull,
    Unanswered,
)
from services.notify.channels.breaker import Breaker, BreakerState
from services.notify.channels.connection import Connection, connect
from services.notify.channels.conversation import EmptyMailTaken, check, converse
from services.notify.channels.pool import Pool
from services.notify.channels.relay_url import Relay
from services.notify.domain.mail import Submission
from shared import logs
from shared.errors import MisconfiguredError

if TYPE_CHECKING:  # only who signs loads dkimpy
    from services.notify.channels.dkim import Dkim

log = logs.get(__name__)

TIMEOUT = 60.0
"""Seconds until a silent relay counts as away."""
FINAL_TIMEOUT = 600.0
"""Seconds for the answer after the mail (RFC 5321 §4.5.3.2.6): giving up sooner makes doubles (RFC 1047)."""
CONNECTIONS = 10
"""The most to one relay at once, from one process."""


@dataclass(frozen=True, slots=True)
class RelayHealth:
    """How a relay does, as this process knows."""

    relay: str
    """``host:port``"""
    state: BreakerState
    faults: int
    """In a row."""
    connections: int


class SmtpChannel:
    """Hands mails to the relays of SMTP_RELAY_URL. Thread-safe."""

    def __init__(
        self,
        relays: Relay | Sequence[Relay],
        *,
        hostname: str,
        timeout: float = TIMEOUT,
        final_timeout: float = FINAL_TIMEOUT,
        signer: Dkim | None = None,
        connections: int = CONNECTIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        :param relays: in the order in which they are tried.
        :param hostname: what we call ourselves in EHLO.
        :param connections: the most to one relay at once.
        :param clock: what the circuit breakers go by.
        :raises MisconfiguredError: a relay's ``ca=`` cannot be read.
        """
        self.relays = (relays,) if isinstance(relays, Relay) else tuple(relays)
        self._signer = signer
        self._ways = [
            _Way(
                relay,
                Pool(str(relay), _opener(relay, hostname, timeout), most=connections),
                Breaker(str(relay), clock=clock),
                final_timeout,
            )
            for relay in self.relays
        ]

    def submit(self, submission: Submission) -> str:
        """Hand the mail over and return the relay's reply, with the relay's name where there are several.

        Another relay is tried only where the one before had nothing of the mail, or said that it is not able to
        take any (421). What a relay says about the mail itself is final.

        :raises RelayAway: no relay has it; ``retry_after`` is set where all that could take it are known to be away.
        :raises Unanswered: a relay may have it.
        :raises RelayBusy, Refused: what a relay said.
        :raises ValueError: something in it could be read as a command; our own fault.
        """
        check(submission)
        content = submission.content if self._signer is None else self._signer.sign(submission.content)
        away: RelayAway | None = None
        unable: CannotCarry | None = None
        skipped = False
        for way in self._ways:
            if not way.breaker.admits():
                skipped = True
                continue
            try:
                reply = way.submit(submission, content)
            except Unanswered:
                raise
            except RelayAway as error:
                away = error
            except CannotCarry as error:
                unable = error
            else:
                return reply if len(self._ways) == 1 else f"{reply} ({way.relay})"
        if unable is not None and away is None and not skipped:
            raise unable
        waits = [way.breaker.wait() for way in self._ways if way.breaker.state is not BreakerState.CLOSED]
        known = len(waits) == len(self._ways) or (unable is not None and waits)
        words = str(away) if away is not None else "no relay answers"
        raise RelayAway(words, retry_after=min(waits) if known else None) from away

    def first_choice(self) -> Relay:
        """The relay that a mail would be given to now, as far as we know: whose rate it counts for."""
        return next((way.relay for way in self._ways if way.breaker.state is BreakerState.CLOSED), self.relays[0])

    def states(self) -> tuple[RelayHealth, ...]:
        """Each relay's health, in the order in which they are tried."""
        return tuple(
            RelayHealth(str(way.relay), way.breaker.state, way.breaker.faults, way.pool.open) for way in self._ways
        )

    def close(self) -> None:
        """Close every idle connection."""
        for way in self._ways:
            way.pool.close()


class _Way:
    """One relay with what we know of it."""

    def __init__(self, relay: Relay, pool: Pool, breaker: Breaker, final_timeout: float) -> None:
        self.relay = relay
        self.pool = pool
        self.breaker = breaker
        self._final_timeout = final_timeout
        self._pipelining = True

    def submit(self, submission: Submission, content: bytes) -> str:
        """One mail to this relay, and into the breaker what came of it."""
        try:
            reply = self._submit(submission, content)
        except NeedsAPerson as fault:
            log.error("relay_needs_a_person", relay=str(self.relay), fault=str(fault))
            self.breaker.failed(hopeless=True)
            raise
        except RelayFull:
            self.breaker.gave_up()
            raise
        except RelayAway:
            self.breaker.failed()
            raise
        except (RelayBusy, Refused):
            self.breaker.succeeded()
            raise
        except BaseException:
            self.breaker.gave_up()
            raise
        self.breaker.succeeded()
        return reply

    def _submit(self, submission: Submission, content: bytes) -> str:
        connection, reused = self.pool.take()
        try:
            return self._converse(connection, submission, content)
        except Unanswered:
            raise
        except RelayAway:
            # The relay closes what is idle. Nothing was handed over yet, so once more on a new connection.
            if not reused:
                raise
        connection, _ = self.pool.take(fresh=True)
        return self._converse(connection, submission, content)

    def _converse(self, connection: Connection, submission: Submission, content: bytes) -> str:
        try:
            return converse(
                connection,
                submission,
                content,
                pipelining=self._pipelining,
                final_timeout=self._final_timeout,
            )
        except EmptyMailTaken as taken:
            log.warning("relay_took_an_empty_mail", relay=str(self.relay))
            self._pipelining = False
            raise taken.outcome from None
        finally:
            self.pool.give(connection)


def _opener(relay: Relay, hostname: str, timeout: float) -> Callable[[], Connection]:
    context = None
    if relay.scheme != "smtp":
        try:
            context = ssl.create_default_context(cafile=relay.ca)
        except (OSError, ValueError) as error:
            raise MisconfiguredError(f"SMTP_RELAY_URL: ca={relay.ca} holds no certificates ({error})") from error
    return lambda: connect(relay, hostname=hostname, timeout=timeout, context=context)
