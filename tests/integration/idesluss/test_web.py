"""The web role: answers on its port, beats while it does, and stops without cutting anybody off."""

from __future__ import annotations

import http.client
import socket
import threading
from ipaddress import ip_network
from time import monotonic

import pytest

from idesluss import callers, web
from idesluss.forwarded import client
from shared.errors import MisconfiguredError
from shared.settings import Settings
from tests.support.closing import databases_closed
from tests.support.waiting import wait_until


class Serving:
    """The web role in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stop = threading.Event()
        self.beats: list[float] = []
        self.thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        with databases_closed():
            web.serve(self.settings, lambda: self.beats.append(monotonic()), self.stop)

    def __enter__(self) -> Serving:
        self.thread.start()
        wait_until(lambda: self.beats)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(15)
        assert not self.thread.is_alive()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.settings.http_host, self.settings.http_port, timeout=10)


def test_it_answers_beats_and_stops(settings: Settings) -> None:
    with Serving(settings) as serving:
        connection = serving.connect()
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
        connection.close()
        wait_until(lambda: len(serving.beats) >= 3)

    gaps = [later - earlier for earlier, later in zip(serving.beats, serving.beats[1:], strict=False)]
    assert max(gaps) < 2.5
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((settings.http_host, settings.http_port), timeout=2)


def test_a_port_that_is_taken_is_told_with_its_variable(settings: Settings) -> None:
    with (
        socket.create_server((settings.http_host, settings.http_port)),
        pytest.raises(MisconfiguredError, match="IDESLUSS_HTTP_PORT"),
    ):
        web.serve(settings, lambda: None, threading.Event())


def test_a_body_without_end_is_cut_off_early(settings: Settings) -> None:
    with Serving(settings) as serving:
        connection = serving.connect()
        connection.putrequest("POST", "/api/intake/v1/ideas")
        connection.putheader("Content-Length", str(web.MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()


def test_idle_connections_do_not_keep_others_out(settings: Settings) -> None:
    with Serving(settings) as serving:
        idle = [socket.create_connection((settings.http_host, settings.http_port)) for _ in range(100)]
        connection = serving.connect()
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
        connection.close()
        for one in idle:
            one.close()


def _begin_upload(settings: Settings, sent: bytes) -> socket.socket:
    """A form of 30 MiB that has begun to come."""
    one = socket.create_connection((settings.http_host, settings.http_port), timeout=10)
    one.sendall(b"POST /ide/krokom HTTP/1.1\r\nHost: localhost\r\nContent-Length: 31457280\r\n\r\n" + sent)
    return one


def test_whoever_sends_too_slowly_or_holds_too_much_gives_way_and_others_are_served(
    settings: Settings, monkeypatch
) -> None:
    monkeypatch.setattr(callers, "MAX_UNDER_WAY", 5 * 1024 * 1024)
    with Serving(settings) as serving:
        large = [_begin_upload(settings, bytes(2 * 1024 * 1024)) for _ in range(4)]
        assert large[0].recv(1) == b"", "the oldest of too many gives way"
        large[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            large[-1].recv(1)
        monkeypatch.setattr(callers, "GRACE_SECONDS", 0.0)
        monkeypatch.setattr(callers, "MIN_RATE", 1024 * 1024 * 1024)
        dripping = [_begin_upload(settings, b"a") for _ in range(20)]
        assert [one.recv(1) for one in dripping] == [b""] * 20
        monkeypatch.undo()
        connection = serving.connect()
        connection.request("GET", "/health/live")
        assert connection.getresponse().status == 200
        for one in (connection, *large, *dripping):
            one.close()


@pytest.mark.parametrize(
    ("peer", "told", "is_asking"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),  # what a caller wrote before itself is invented
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:10.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, ", "10.0.0.1"),
        ("192.0.2.1", "203.0.113.7", "192.0.2.1"),  # not listed
        ("10.0.0.1", ",".join(["10.0.0.3"] * 5000), "10.0.0.3"),
    ],
)
def test_a_listed_proxy_alone_tells_who_asks(peer: str, told: str, is_asking: str) -> None:
    assert client(peer, told, [ip_network("10.0.0.0/24")]) == is_asking
