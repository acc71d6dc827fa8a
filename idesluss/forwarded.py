"""Who really asks, behind a reverse proxy: its word is taken if it is listed, and nobody else's ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from shared.settings import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"
_OTHERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_BY",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
"""What some frameworks believe; nothing of ours needs them, as the base URL is a setting."""
TRACE = "HTTP_TRACEPARENT"
"""What trace a request is part of (W3C Trace Context): a listed proxy may say."""
_MOST = 20
"""Proxies in a row that are followed."""


def believing(proxies: Collection[Network], inner: WSGIApplication) -> WSGIApplication:
    """Give the app the client's address, as the listed proxies tell it, and take all such headers away."""

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told = environ.pop(FORWARDED_FOR, "")
        for name in _OTHERS:
            environ.pop(name, None)
        if not _is_listed(environ.get("REMOTE_ADDR", ""), proxies):
            environ.pop(TRACE, None)
        if proxies and told:
            environ["REMOTE_ADDR"] = client(environ.get("REMOTE_ADDR", ""), told, proxies)
        return inner(environ, start_response)

    return outer


def client(peer: str, told: str, proxies: Collection[Network]) -> str:
    """The first address, from our end of X-Forwarded-For, that is no listed proxy's.

    Each proxy adds at the end who asked it, so what stands before a stranger's address is that stranger's invention.
    """
    for said in reversed(told.rsplit(",", _MOST)[-_MOST:]):
        here, there = _address(peer), _address(said)
        if here is None or there is None or not any(here in network for network in proxies):
            break
        peer = str(there)
    return peer


def _is_listed(peer: str, proxies: Collection[Network]) -> bool:
    address = _address(peer) if proxies else None
    return address is not None and any(address in network for network in proxies)


def _address(said: str) -> IPv4Address | IPv6Address | None:
    """An address, also with a port or in brackets as some proxies write it."""
    text = said.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
