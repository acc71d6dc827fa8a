"""The figures that bound one session. Those that an operator may need to change come from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from shared.settings import Settings

HARD_ERRORS = 20
"""Refused commands without a mail until the session ends (Postfix's smtpd_hard_error_limit)."""

JUNK_COMMANDS = 100
"""NOOP, RSET, VRFY and the like without a mail until the session ends (Postfix's smtpd_junk_command_limit)."""

RECIPIENT_OVERSHOOT = 1000
"""Recipients beyond the limit that are answered 452 until they count as abuse (Postfix's overshoot limit)."""

TRUSTED_FACTOR = 10
"""A trusted peer passes on other people's faults: it may make this many times as many."""

STRESS_SHARE = 0.75
"""From this share of all connections on, waiting clients get ``STRESS_TIMEOUT`` seconds."""

STRESS_TIMEOUT = 10.0
DATA_GRACE = 60.0

HANDSHAKE_TIMEOUT = 30.0
"""Seconds for a TLS handshake."""

DISCARD_FACTOR = 10
"""A mail that is too big is read to its end, so that its sender hears 552, up to this many times the limit."""

READ_AHEAD = 256 * 1024
"""Octets kept unread per session before the client has to wait."""

PEER_SHARE = 4
"""One peer may hold at most this part (a fourth) of all octets buffered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one session may do. Sizes are octets, times are seconds."""

    max_size: int
    max_recipients: int
    command_timeout: float
    min_data_rate: int
    data_grace: float
    """How long the data of a mail may stand still at most; each octet earns time at the minimum rate."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings ask for."""
        return cls(
            max_size=settings.smtp_max_size,
            max_recipients=settings.smtp_max_recipients,
            command_timeout=settings.smtp_command_timeout,
            min_data_rate=max(1, settings.smtp_min_data_rate),
            data_grace=min(DATA_GRACE, settings.smtp_command_timeout),
        )
