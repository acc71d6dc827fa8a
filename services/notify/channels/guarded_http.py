"""HTTP to addresses that people type in, which must never reach the inside of our own network.

A name is looked up once, every address it has is judged, and the connection goes to one of those and no other: a
name that answers differently the second time (DNS rebinding) has no second time. The judgement sits where the
socket is opened, so that no spelling of a URL and no redirect comes past it. ``check_url`` makes the same
judgement early, for whoever types the address in.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Request, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as Unconnected
from requests.exceptions import RequestException
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

from shared.errors import Rejected, TemporaryFailure
from shared.settings import Network

CONNECT_SECONDS = 5.0
"""Until a silent address counts as away; a name server too."""
TOTAL_SECONDS = 10.0
"""From the look-up to the reply's last byte, however slowly the bytes come.

Standard Webhooks advises 15 to 30 s; here a waiting thread is one of a worker's few, and whoever is late hears the
same message again.
"""
MAX_REPLY = 64 * 1024
"""Bytes of a reply that are read; the rest is not waited for."""
LONGEST_URL = 2000
MAX_ADDRESSES = 4
"""How many of a name's addresses are tried. All of them are judged."""

_FIELD = "url"
_LATE = "no answer in time"
_GLOBAL_6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_NEVER = tuple(
    map(
        ip_network,
        (
            "100.64.0.0/10",  # shared by carriers (RFC 6598)
            "192.0.0.0/24",  # protocol assignments: 192.0.0.192 is a cloud's metadata
            "192.88.99.0/24",  # 6to4 relays
            "168.63.129.16/32",  # a cloud's inside behind an address that looks public
            "2001::/23",  # protocol assignments, with Teredo (RFC 4380), which wraps an IPv4 address
            "2002::/16",  # 6to4 (RFC 3056), which wraps one too
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
"""Not for us, though Python (3.11.7) calls several of them global."""

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""Name and port → addresses in the order to try them. Raises OSError where there are none."""


class Unreached(TemporaryFailure):
    """No connection, or it broke before the request had left."""


class NoReply(TemporaryFailure):
    """The request was handed over, but no whole answer came: it may have been taken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes = field(repr=False)


def system_resolver(name: str, port: int) -> list[str]:
    """The addresses that this machine's own resolver gives.

    :raises OSError: it knows none.
    """
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@cache
def tls_context() -> ssl.SSLContext:
    """One for the whole process: reading the certificates takes 20 times as long as a request.

    Certificates are verified, by this machine's own authorities (or SSL_CERT_FILE's) and requests' built-in ones.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


@dataclass(frozen=True, slots=True)
class GuardedHttp:
    """Posts to the outside. Thread-safe; every request has a connection of its own."""

    networks: tuple[Network, ...] = ()
    """Networks of our own that may be reached, by http as well: what the operator allowed."""
    resolver: Resolver = system_resolver
    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS

    def check_url(self, url: str) -> None:
        """Judge an address now, as it will be judged again at every sending. Connects to nothing.

        :raises Rejected: it is no address that we send to; the message key says why.
        """
        prepared = _prepared(url, {}, b"")
        parts = urlsplit(prepared.url or "")
        try:
            self._judged(parts.scheme, parts.hostname or "", parts.port or _default_port(parts.scheme))
        except Unreached as error:
            raise Rejected(_FIELD, "webhook.url.unknown_name") from error

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one POST and read the answer's beginning. A redirect is an answer like others: nobody follows it.

        :raises Rejected: the address is none that we send to, or is none any more.
        :raises Unreached, NoReply: try again later.
        """
        request = _prepared(url, headers, body)
        with _Deadline(self.total_seconds) as deadline, self._session(deadline) as session:
            try:
                response = session.send(
                    request,
                    timeout=(self.connect_seconds, self.total_seconds),
                    allow_redirects=False,
                    stream=True,
                    verify=True,
                )
            except (RequestException, HTTPError, OSError) as error:
                words = _in_words(error, deadline)
                if deadline.handed_over:
                    raise NoReply(words) from error
                raise Unreached(words) from error
            with response:
                if deadline.passed:
                    # Cut in the middle of its header, an answer looks whole to Python's reader.
                    raise NoReply(_LATE)
                return Reply(response.status_code, response.headers, _beginning(response))

    @contextmanager
    def _session(self, deadline: _Deadline) -> Iterator[Session]:
        with Session() as session:
            session.trust_env = False  # a proxy, .netrc or CA file in the environment is for others than our callers
            session.adapters.clear()
            session.mount("http://", _Adapter(self, deadline))
            session.mount("https://", _Adapter(self, deadline))
            yield session

    def open(self, scheme: str, name: str, port: int, deadline: _Deadline) -> socket.socket:
        """A connection to one of the addresses that were judged a moment ago.

        :raises Rejected: one of the name's addresses is none that we send to.
        :raises Unreached: there is no such name, or none of its addresses answers.
        """
        fault: OSError | None = None
        for address in self._judged(scheme, name, port)[:MAX_ADDRESSES]:
            try:
                return deadline.watch(
                    socket.create_connection((str(address), port), min(self.connect_seconds, deadline.left()))
                )
            except OSError as error:
                fault = error
        raise Unreached(_plain(fault)) from fault

    def _judged(self, scheme: str, name: str, port: int) -> list[Address]:
        if port != _default_port(scheme) and port < 1024:
            raise Rejected(_FIELD, "webhook.url.port")
        if "%" in name:
            raise Rejected(_FIELD, "webhook.url.form")
        try:
            found = _within(self.connect_seconds, lambda: self.resolver(name, port))
        except (OSError, UnicodeError) as error:
            raise Unreached(f"no address for {name}") from error
        try:
            addresses = [ip_address(each) for each in found]
        except ValueError as error:
            raise Rejected(_FIELD, "webhook.url.inside") from error
        if not addresses:
            raise Unreached(f"no address for {name}")
        ours = [any(address in network for network in self.networks) for address in addresses]
        if not all(mine or is_outside(address) for address, mine in zip(addresses, ours, strict=True)):
            raise Rejected(_FIELD, "webhook.url.inside")
        if scheme != "https" and not all(ours):
            raise Rejected(_FIELD, "webhook.url.https")
        return addresses


def is_outside(address: Address) -> bool:
    """True for an address of one machine on the public Internet.

    An IPv6 address that wraps an IPv4 one is none, but where a translator (NAT64, RFC 6052) wraps a public one.
    """
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_outside(IPv4Address(address.packed[-4:]))
        if address.scope_id is not None or address not in _GLOBAL_6:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)


class _Deadline:
    """Cuts the connection when the time is up: a timeout of the socket's own begins anew with every byte."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._watched: socket.socket | None = None
        self.handed_over = False

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._watched is not None:
                self._watched.close()

    @property
    def passed(self) -> bool:
        """True once the time is up."""
        return self.left() <= 0.001

    def left(self) -> float:
        """Seconds left, never quite none: a socket takes 0 as "do not wait"."""
        return max(self._end - time.monotonic(), 0.001)

    def watch(self, connection: socket.socket) -> socket.socket:
        """Cut this one too; its double stays ours when TLS takes the socket over."""
        with self._lock:
            self._watched = connection.dup()
        return connection

    def _cut(self) -> None:
        with self._lock:
            if self._watched is not None:
                try:
                    self._watched.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # it has ended by itself


class _Adapter(HTTPAdapter):
    """requests' own adapter, whose connections all go through the guard."""

    def __init__(self, guard: GuardedHttp, deadline: _Deadline) -> None:
        self._guard = guard
        self._deadline = deadline
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*arguments, **named, ssl_context=tls_context())
        self.poolmanager.pool_classes_by_scheme = _pools(self._guard, self._deadline)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing to add: the context has the certificates, and reading them anew for each request takes long."""


def _pools(guard: GuardedHttp, deadline: _Deadline) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return guard.open("http", self.host, self.port or _default_port("http"), deadline)

        def request(self, *arguments: Any, **named: Any) -> None:
            super().request(*arguments, **named)
            deadline.handed_over = True

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return guard.open("https", self.host, self.port or _default_port("https"), deadline)

        def request(self, *arguments: Any, **named: Any) -> None:
            super().request(*arguments, **named)
            deadline.handed_over = True

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _prepared(url: str, headers: Mapping[str, str], body: bytes) -> PreparedRequest:
    """The request as it will leave.

    :raises Rejected: the URL is none, or says more than where to go.
    """
    if len(url) > LONGEST_URL or "\\" in url or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise Rejected(_FIELD, "webhook.url.form")
    try:
        request = Request("POST", url, headers=dict(headers), data=body).prepare()
        parts = urlsplit(request.url or "")
        known = parts.scheme in ("http", "https") and bool(parts.hostname)
        typed = urlsplit(url)
        is_nowhere = typed.port == 0  # requests leaves it out, as if none had been typed
    except (RequestException, ValueError) as error:
        raise Rejected(_FIELD, "webhook.url.form") from error
    if not known:
        raise Rejected(_FIELD, "webhook.url.form")
    if is_nowhere:
        raise Rejected(_FIELD, "webhook.url.port")
    if "@" in parts.netloc or "@" in typed.netloc:
        raise Rejected(_FIELD, "webhook.url.user")
    return request


def _beginning(response: Response) -> bytes:
    """What can be read of the body. The status has been heard: a body that breaks off changes nothing any more."""
    try:
        content: bytes = response.raw.read(MAX_REPLY, decode_content=False)
    except (HTTPError, HTTPException, OSError):
        return b""
    return content


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _within(seconds: float, call: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What ``call`` returns or raises; a system's resolver cannot be told how long it may take.

    :raises TimeoutError: it took longer, and is left to itself.
    """
    found: list[Sequence[str]] = []
    faults: list[Exception] = []

    def run() -> None:
        try:
            found.append(call())
        except Exception as error:  # handed on to the caller's thread
            faults.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if faults:
        raise faults[0]
    if not found:
        raise TimeoutError("the name server is silent")
    return found[0]


def _in_words(error: Exception, deadline: _Deadline) -> str:
    if deadline.passed:
        return _LATE
    if isinstance(error, Unconnected) and error.args:
        inner = error.args[0]
        error = getattr(inner, "reason", inner) if isinstance(inner, Exception) else error
    return _plain(error)


def _plain(error: BaseException | None) -> str:
    """One line without the URL, whose path may be the receiver's secret."""
    if isinstance(error, NewConnectionError):
        return "no connection"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
