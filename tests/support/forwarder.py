"""Stands between us and a server; can be cut, and can hold everything back, without touching the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Forwarder:
    """Forwards a port of its own to the server. Close it at the end."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._open = threading.Event()
        self._flowing = threading.Event()
        self._open.set()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """The server is away: what is connected is cut, what connects is refused."""
        self._open.clear()
        self._shut()

    def hold(self) -> None:
        """The server hangs, or its machine is gone from the network: nothing passes any more."""
        self._flowing.clear()

    def restore(self) -> None:
        """All is well again."""
        self._open.set()
        self._flowing.set()

    def close(self) -> None:
        """Cut, and stop for good."""
        self.cut()
        self._flowing.set()
        self._server.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=20)
        self._server.close()
        for each in self._sockets:
            each.close()

    def _shut(self) -> None:
        for each in self._sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            if not self._open.is_set():
                near.close()
                continue
            far = socket.create_connection(self._target)
            self._sockets += [near, far]
            for one, other in ((near, far), (far, near)):
                thread = threading.Thread(target=self._pump, args=(one, other))
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while octets := source.recv(65536):
                self._flowing.wait()
                sink.sendall(octets)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@contextmanager
def forwarding(host: str, port: int) -> Iterator[Forwarder]:
    """A forwarder for one test."""
    forwarder = Forwarder(host, port)
    try:
        yield forwarder
    finally:
        forwarder.close()
