"""SMTP_RELAY_URL: which relays there are, in the order in which they are tried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.errors import MisconfiguredError

_SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
BETWEEN = re.compile(r"\s*,\s*(?=smtps?(?:\+starttls)?:)")
"""What divides one URL from the next: a comma inside a password does not."""
_HOST = re.compile(r"[\w.:-]+")
_MOST_A_MINUTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Relay:
    """One relay that SMTP_RELAY_URL names."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None
    ca: Path | None = None
    """The certificates to trust instead of the machine's own (PEM)."""
    rate: int | None = None
    """How many mails a minute it takes from us; None: as many as there are."""

    def __str__(self) -> str:
        """``host:port``: what logs and replies call it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Relay({self.scheme}://{self})"


def parse_relay_urls(text: str) -> tuple[Relay, ...]:
    """Read one or more relay URLs divided by commas; the first is tried first.

    :raises MisconfiguredError: as for one; also where a relay stands there twice.
    """
    relays = tuple(parse_relay_url(url) for url in BETWEEN.split(text.strip()))
    if len({(relay.host, relay.port) for relay in relays}) < len(relays):
        raise MisconfiguredError("SMTP_RELAY_URL: a relay stands there twice")
    return relays


def parse_relay_url(url: str) -> Relay:
    """Read ``smtp://host:port``, ``smtp+starttls://user:password@host:port`` or ``smtps://…``.

    ``?ca=/path/file.pem`` names the certificates to trust, ``?rate=600`` the most mails a minute. A password is
    taken only where the connection is encrypted, or stays on this machine.

    :raises MisconfiguredError: naming SMTP_RELAY_URL; never repeats the URL, which may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise MisconfiguredError(
            "SMTP_RELAY_URL: the port must be a number from 1 to 65535, and what follows a ? be ca= or rate="
        ) from error
    host = parts.hostname
    strange = port == 0 or parts.path.strip("/") or parts.fragment
    if parts.scheme not in _SCHEMES or not host or not _HOST.fullmatch(host) or strange:
        raise MisconfiguredError(
            "SMTP_RELAY_URL: for example smtp://relay.example:25, smtp+starttls://user:password@relay.example:587 "
            "or smtps://user:password@relay.example:465; several are divided by commas"
        )
    ca, rate = query.pop("ca", None), query.pop("rate", None)
    if query:
        raise MisconfiguredError("SMTP_RELAY_URL: only ca= and rate= may follow the ?")
    relay = Relay(
        scheme=parts.scheme,
        host=host,
        port=port or _SCHEMES[parts.scheme],
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ca=Path(ca) if ca is not None else None,
        rate=_rate(rate),
    )
    _check(relay, ca)
    return relay


def _rate(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}", text, re.ASCII) or not 1 <= int(text) <= _MOST_A_MINUTE:
        raise MisconfiguredError("SMTP_RELAY_URL: rate= is a number of mails a minute, for example rate=600")
    return int(text)


def _check(relay: Relay, ca: str | None) -> None:
    clear = relay.scheme == "smtp"
    if relay.user is not None and clear and not _is_loopback(relay.host):
        raise MisconfiguredError(
            "SMTP_RELAY_URL: a password must not travel in the clear; write smtp+starttls:// or smtps://"
        )
    if not f"{relay.user or ''}{relay.password or ''}".isascii():
        raise MisconfiguredError("SMTP_RELAY_URL: user and password may hold ASCII only")
    if ca is not None and (clear or not ca):
        raise MisconfiguredError("SMTP_RELAY_URL: ca= names a file, and belongs to smtp+starttls:// or smtps://")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
