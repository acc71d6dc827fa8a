"""What leaves: the relays, their signatures, and text messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from idesluss.doctor.exposure import is_public
from idesluss.doctor.finding import Finding, Level
from idesluss.doctor.reaching import connects, greeting
from services.notify.channels.relay_url import Relay, parse_relay_urls
from services.notify.channels.sms_url import parse_sms_url
from shared.errors import MisconfiguredError


def relays(text: str) -> Iterator[Finding]:
    """The servers that take our outgoing mail."""
    try:
        parsed = parse_relay_urls(text)
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "SMTP_RELAY_URL", str(error).removeprefix("SMTP_RELAY_URL: "))
        return
    for relay in parsed:
        yield _relay(relay)


def _relay(relay: Relay) -> Finding:
    remedy = "check host and port, and the firewall between"
    if relay.scheme == "smtps":
        return connects("SMTP_RELAY_URL", relay.host, relay.port)
    return greeting("SMTP_RELAY_URL", relay.host, relay.port, remedy)


def dkim_keys(folder: str) -> Finding:
    """Whether our mails are signed, and with keys that can be read."""
    from services.notify.channels.dkim import Dkim  # few examinations come here, and dkimpy takes its time

    subject = "IDESLUSS_DKIM_KEYS"
    if not folder:
        text = "mails leave unsigned, unless the relay signs for the sluices' domains: `idesluss dkim create`"
        return Finding(Level.WARNING, subject, text)
    try:
        domains = Dkim(Path(folder)).domains
    except MisconfiguredError as error:
        return Finding(Level.FAULT, subject, str(error).removeprefix(f"{subject}: "))
    level = Level.OK if domains else Level.WARNING
    return Finding(level, subject, f"signs for {', '.join(sorted(domains)) or 'no domain'}")


def sms_provider(url: str, base_url: str) -> Finding:
    """Whoever takes our text messages, and whether its receipts find their way back to us."""
    try:
        parts = urlsplit(parse_sms_url(url).base)
    except MisconfiguredError as error:
        return Finding(Level.FAULT, "SMS_URL", str(error).removeprefix("SMS_URL: "))
    if not is_public(base_url):
        remedy = "set it to the address that the Internet reaches"
        return Finding(Level.WARNING, "SMS_URL", f"no receipts, for IDESLUSS_BASE_URL is this machine alone: {remedy}")
    return connects("SMS_URL", parts.hostname or "", parts.port or 443)
