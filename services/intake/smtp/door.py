"""Who may come in, and how much: connections, mails and buffered octets, over all sessions and per peer.

Counts are of this process. Trusted peers are exempt from what counts per peer, never from the totals.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from services.intake.smtp import replies
from services.intake.smtp.limits import PEER_SHARE, STRESS_SHARE
from shared.settings import Network, Settings

MINUTE = 60.0


@dataclass(slots=True)
class Counters:
    """What this listener did since it started, for metrics."""

    connections: int = 0
    mails: int = 0
    recipients: int = 0
    octets: int = 0
    groups: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Replies that refused something, by code and enhanced code."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection: as the socket says, or as a listed proxy says."""

    address: str
    key: str
    """What is counted: an IPv4 address, or the /64 network that one IPv6 host has for itself."""
    trusted: bool


class Door:
    """The counts and the decisions on them. Belongs to one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.counters = Counters()
        self.buffered = 0
        """Octets of mail in memory that are not yet durable."""
        self._max_connections = settings.smtp_max_connections
        self._max_per_peer = settings.smtp_max_connections_per_peer
        self._max_mails = settings.smtp_max_mails_per_peer_minute
        self._max_buffered = settings.smtp_max_buffered
        self._trusted = settings.trusted_peers
        self._proxies = settings.proxy_peers
        self._open = 0
        self._connections: Counter[str] = Counter()
        self._buffered: Counter[str] = Counter()
        self._mails: Counter[str] = Counter()
        self._minute_began = 0.0
        self._known: dict[str, Peer] = {}

    def peer(self, address: str) -> Peer:
        """Who it is that has this IP address."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= 10_000:
                self._known.clear()
            known = self._known[address] = self._look_at(address)
        return known

    def speaks_proxy(self, address: str) -> bool:
        """Whether this address is listed as a proxy that begins with the PROXY protocol."""
        return bool(self._proxies) and _within(_unmapped(address), self._proxies)

    def enter(self, peer: Peer) -> bytes | None:
        """Count a connection in. Returns the refusal, or None where it may stay; ``leave`` it in both cases."""
        self.counters.connections += 1
        self._open += 1
        self._connections[peer.key] += 1
        if self._open > self._max_connections:
            return replies.TOO_MANY_CONNECTIONS
        if not peer.trusted and self._connections[peer.key] > self._max_per_peer:
            return replies.TOO_MANY_FROM_PEER
        return None

    def leave(self, peer: Peer) -> None:
        """Count a connection out."""
        self._open -= 1
        _subtract(self._connections, peer.key, 1)

    @property
    def open_sessions(self) -> int:
        """Connections under way."""
        return self._open

    @property
    def under_stress(self) -> bool:
        """Whether so many connections are open that idle ones must hurry."""
        return self._open >= self._max_connections * STRESS_SHARE

    def may_mail(self, peer: Peer, now: float) -> bool:
        """Count a mail of this peer; False where it had its share of this minute. ``now`` is the loop's time."""
        if peer.trusted:
            return True
        if now - self._minute_began >= MINUTE:
            self._minute_began = now
            self._mails.clear()
        self._mails[peer.key] += 1
        return self._mails[peer.key] <= self._max_mails

    def has_room(self, peer: Peer, octets: int) -> bool:
        """Whether that many more octets of mail from this peer may be held in memory."""
        if self.buffered + octets > self._max_buffered:
            return False
        return peer.trusted or self._buffered[peer.key] + octets <= self._max_buffered // PEER_SHARE

    def hold(self, peer: Peer, octets: int) -> None:
        """Count octets that are held from now on."""
        self.buffered += octets
        self._buffered[peer.key] += octets

    def release(self, peer: Peer, octets: int) -> None:
        """Count octets that are held no more."""
        self.buffered -= octets
        _subtract(self._buffered, peer.key, octets)

    def _look_at(self, address: str) -> Peer:
        ip = _unmapped(address)
        key = str(ip) if ip.version == 4 else str(ip_network((ip, 64), strict=False))
        return Peer(str(ip), key, trusted=_within(ip, self._trusted))


def _unmapped(address: str) -> IPv4Address | IPv6Address:
    """The address without a zone, and as IPv4 where an IPv6 socket wraps it (RFC 4291 §2.5.5.2)."""
    ip = ip_address(address.partition("%")[0])
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _within(ip: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(ip in network for network in networks)


def _subtract(counter: Counter[str], key: str, amount: int) -> None:
    counter[key] -= amount
    if counter[key] <= 0:
        del counter[key]
