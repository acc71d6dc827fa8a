"""What the outside sees: the address in every link, the proxies in front, and demo data where it does not belong."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from idesluss.doctor.finding import Finding, Level
from shared.settings import Settings

LOCAL = ("127.0.0.1", "::1", "localhost")
"""This machine, as nobody else can reach it."""


def is_public(base_url: str) -> bool:
    """True where people on other machines are meant to come."""
    return urlsplit(base_url).hostname not in LOCAL


def exposure(loaded: Settings) -> Iterator[Finding]:
    """Settings that contradict each other once other machines are meant."""
    public = is_public(loaded.base_url)
    if public and urlsplit(loaded.base_url).scheme != "https":
        yield Finding(
            Level.WARNING,
            "IDESLUSS_BASE_URL",
            f"{loaded.base_url} is not https: links to personal pages would travel open; put a proxy with TLS in front",
        )
    if public and loaded.http_host in LOCAL and not loaded.http_proxies:
        yield Finding(
            Level.WARNING,
            "IDESLUSS_HTTP_PROXIES",
            "people come through a proxy, and all of them share one limit: name the proxy's address, such as 127.0.0.1",
        )
    if public and loaded.hostname == "localhost":
        text = "set it to this server's name in DNS: it stands in Message-IDs and in our greeting"
        yield Finding(Level.WARNING, "IDESLUSS_HOSTNAME", text)
    if public and loaded.demo:
        text = "demo sluices are made at a first start: IDESLUSS_DEMO=false, and delete those that are there"
        yield Finding(Level.WARNING, "IDESLUSS_DEMO", text)
    if public and loaded.catches_mail:
        text = "our mails reach nobody: the catching mailbox has them; set the relay that sends for your domains"
        yield Finding(Level.WARNING, "SMTP_RELAY_URL", text)
    fronts = [network for network in loaded.trusted_peers if not network.is_loopback]
    if fronts and not loaded.trusted_authserv_ids:
        text = (
            f"mail from {', '.join(map(str, fronts))} is not checked again, and without a name whose "
            "Authentication-Results count no sender is ever vouched for"
        )
        yield Finding(Level.WARNING, "IDESLUSS_TRUSTED_AUTHSERV_IDS", text)
    if len(loaded.secret_keys) > 1:
        older = len(loaded.secret_keys) - 1
        text = f"a rotation is under way: {older} older still verify; docs/operations.md says when they may go"
        yield Finding(Level.OK, "secret keys", text)
