"""The web role: answers on its port, beats while it does, and stops without cutting anybody off."""

from __future__ import annotations

import http.client
import socket
import threading
from time import monotonic

import pytest

from idesluss import web
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
