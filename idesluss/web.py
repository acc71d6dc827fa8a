"""The web role: waitress serves the one origin of all services."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import create_server

from idesluss import callers
from idesluss.forwarded import believing
from idesluss.front import create_front, create_one
from shared import logs
from shared.errors import MisconfiguredError
from shared.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    Create = Callable[[Settings], WSGIApplication]

log = logs.get(__name__)

THREADS = 8
"""Requests worked on at once; each holds a database connection at most for one short transaction."""
CONNECTION_LIMIT = 500
"""Open sockets, idle ones included; further callers wait in the kernel's queue."""
MAX_BODY = 48 * 1024 * 1024
"""Bytes of a request body that are read at all, most of them to disk; each app sets its own, lower limit, and a form
that takes files one that is hardly lower. What all bodies may have together is for ``callers`` to say."""
MAX_HEADER = 32 * 1024
CHANNEL_TIMEOUT = 60
"""Seconds until an idle or dawdling connection is closed."""
BEAT_SECONDS = 1.0
STOP_SECONDS = 8.0
"""How long requests under way may take to finish when stopping."""


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """Serve all services until SIGTERM or SIGINT, finish what is under way, and return.

    :raises MisconfiguredError: the address or port cannot be had.
    """
    _until_told(settings, beat, create_front)


def intake(settings: Settings, beat: Callable[[], None]) -> None:
    """The same for intake alone."""
    _until_told(settings, beat, create_one("intake"))


def rsvp(settings: Settings, beat: Callable[[], None]) -> None:
    """The same for rsvp alone."""
    _until_told(settings, beat, create_one("rsvp"))


def notify(settings: Settings, beat: Callable[[], None]) -> None:
    """The same for notify alone."""
    _until_told(settings, beat, create_one("notify"))


def _until_told(settings: Settings, beat: Callable[[], None], create: Create) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(settings, beat, stop, create)


def serve(settings: Settings, beat: Callable[[], None], stop: threading.Event, create: Create = create_front) -> None:
    """Serve what ``create`` makes until ``stop`` is set."""
    sockets: dict[int, Any] = {}
    try:
        server = create_server(  # type: ignore[no-untyped-call] # waitress bears no types
            believing(settings.http_proxies, create(settings)),
            map=sockets,
            listen=_address(settings),
            threads=THREADS,
            connection_limit=CONNECTION_LIMIT,
            max_request_body_size=MAX_BODY,
            max_request_header_size=MAX_HEADER,
            channel_timeout=CHANNEL_TIMEOUT,
            ident=None,
            # Whose word for who they are is taken, if anybody's, is ``believing``'s to say.
            clear_untrusted_proxy_headers=False,
            asyncore_use_poll=True,
        )
    except OSError as error:
        wasyncore.close_all(sockets, ignore_all=True)  # type: ignore[no-untyped-call]
        raise MisconfiguredError(_why_not(settings, error)) from error
    server.channel_class = callers.Channel
    log.info("web_listening", url=settings.base_url)
    beaten = 0.0
    while not stop.is_set():
        wasyncore.loop(timeout=0.5, map=sockets, use_poll=True, count=1)  # type: ignore[no-untyped-call]
        if monotonic() - beaten >= BEAT_SECONDS:
            beat()
            beaten = monotonic()
            _hold_to_limits(sockets)
    _finish(server, sockets, beat)


def _hold_to_limits(sockets: dict[int, Any]) -> None:
    slow, large = callers.close_slow(sockets.values()), callers.make_room(sockets.values())
    if slow or large:
        log.warning("web_callers_closed", slow=slow, large=large)


def _finish(server: Any, sockets: dict[int, Any], beat: Callable[[], None]) -> None:
    """Take no more callers, let requests under way be answered, then close."""
    server.close()
    until = monotonic() + STOP_SECONDS
    while monotonic() < until and any(_is_busy(channel) for channel in sockets.values()):
        wasyncore.loop(timeout=0.1, map=sockets, use_poll=True, count=1)  # type: ignore[no-untyped-call]
        beat()
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
    wasyncore.close_all(sockets, ignore_all=True)  # type: ignore[no-untyped-call]
    log.info("web_stopped")


def _is_busy(channel: Any) -> bool:
    """True for a connection with a request under way or an answer not yet sent."""
    return bool(getattr(channel, "requests", None) or getattr(channel, "total_outbufs_len", 0))


def _address(settings: Settings) -> str:
    host = settings.http_host
    return f"[{host}]:{settings.http_port}" if ":" in host else f"{host}:{settings.http_port}"


def _why_not(settings: Settings, error: OSError) -> str:
    where = _address(settings)
    if error.errno == errno.EADDRINUSE:
        return f"IDESLUSS_HTTP_PORT: another program has {where}; stop it, or set another port"
    if error.errno == errno.EACCES:
        return f"IDESLUSS_HTTP_PORT: {where} is not allowed for this user. Ports below 1024 need rights"
    return f"IDESLUSS_HTTP_HOST: {where} cannot be listened on ({error.strerror or error})"
