"""HTTP servers for tests, on real sockets: webhooks' receivers that answer as the test tells them to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntaken"


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of an answer; ``retry_after="5"`` becomes ``Retry-After: 5``."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


@dataclass
class Taken:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


@dataclass
class Receiver:
    """Takes POSTs and answers with ``reply`` (bytes, or a callable that is given the connection and decides)."""

    reply: bytes | Callable[[socket.socket], bytes] = OK
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    certificate: Path | None = None
    """A PEM file with key and certificate; with it, TLS is spoken."""
    connections: int = 0
    names: list[str | None] = field(default_factory=list)
    """The server names that TLS clients asked for."""
    taken: list[Taken] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[Receiver]:
        """Accept connections until the block ends."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        server = socket.create_server((self.host, self.port), family=family)
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                self.connections += 1
                threads.append(threading.Thread(target=self._serve, args=(peer,), daemon=True))
                threads[-1].start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()
            for each in threads:
                each.join(5)

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            peer.settimeout(20)
            with self._secured(peer) as secured:
                self._take(secured)
        peer.close()

    def _secured(self, peer: socket.socket) -> socket.socket:
        if self.certificate is None:
            return peer
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        return context.wrap_socket(peer, server_side=True)

    def _take(self, peer: socket.socket) -> None:
        with peer.makefile("rb") as stream:
            line = stream.readline().decode("latin-1").strip()
            headers = {}
            while field_line := stream.readline().decode("latin-1").strip():
                name, _, value = field_line.partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", "0")))
            if line:
                self.taken.append(Taken(line, headers, body))
                peer.sendall(self.reply if isinstance(self.reply, bytes) else self.reply(peer))


def make_certificate(folder: Path, name: str) -> Path:
    """A PEM file with a key and a certificate for ``name`` that signs itself."""
    path = folder / f"{name}.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(path)]
    command += ["-out", str(path.with_suffix(".crt"))]
    subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path
