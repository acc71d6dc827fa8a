"""deploy/Caddyfile, in a real Caddy in front of three servers that say who they are and what they were told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from idesluss.front import PREFIXES
from tests.support.ports import free_ports
from tests.support.stack import ROOT, caddy
from tests.support.waiting import wait_until

MIB = 1024 * 1024


@contextmanager
def told(name: str) -> Iterator[str]:
    """A server that answers with its name, the path and the headers; gives its address."""

    class Telling(BaseHTTPRequestHandler):
        def _tell(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.dumps({"service": name, "path": self.path, "headers": dict(self.headers)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _tell

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Telling)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(folder: Path, upstreams: dict[str, str], port: int) -> Iterator[Path]:
    """Caddy with our Caddyfile on a port of this machine; gives its log."""
    program = caddy()
    if program is None:
        pytest.skip("no Caddy on this machine (Debian: apt install caddy)")
    health = free_ports(1)[0]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SITE_ADDRESS": f"http://127.0.0.1:{port}",
        "HEALTH_PORT": str(health),
        "PATIENCE": "100ms",
        **{f"WEB_{name.upper()}": address for name, address in upstreams.items()},
    }
    log = folder / "caddy.log"
    words = [program, "run", "--config", str(ROOT / "deploy/Caddyfile"), "--adapter", "caddyfile"]
    with log.open("wb") as output:
        process = subprocess.Popen(words, env=environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: _answers(health))
        yield log
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    try:
        return _ask(port, "/")[1] == b"well"
    except ConnectionError:
        return False


def _ask(port: int, path: str, method: str = "GET", **arguments: Any) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, **arguments)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    port = free_ports(1)[0]
    with ExitStack() as stack:
        upstreams = {name: stack.enter_context(told(name)) for name in ("intake", "rsvp", "notify")}
        yield port, stack.enter_context(running(tmp_path_factory.mktemp("caddy"), upstreams, port))


def test_every_address_reaches_its_service(front: tuple[int, Path]) -> None:
    port, _ = front
    cases = {f"{prefix}{end}": name for name, prefixes in PREFIXES.items() for prefix in prefixes for end in ("", "/x")}
    cases |= dict.fromkeys(
        ("/", "/ide/krokom", "/kontakt/", "/traffarx", "/static/face.css", "/api/intake/v1/"), "intake"
    )

    found = {path: json.loads(_ask(port, path)[1]) for path in cases}

    assert {path: said["service"] for path, said in found.items()} == cases
    assert all(said["path"] == path for path, said in found.items())


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/metrics/", "/health/ready", "/health/live", "//metrics", "/./metrics", "/%6Detrics", "/METRICS"],
)
def test_what_is_for_machines_stays_inside(front: tuple[int, Path], path: str) -> None:
    assert _ask(front[0], path)[0] == 404


def test_the_asker_is_told_and_a_strangers_word_is_dropped(front: tuple[int, Path]) -> None:
    _, body = _ask(front[0], "/", headers={"X-Forwarded-For": "192.0.2.7"})

    assert json.loads(body)["headers"]["X-Forwarded-For"] == "127.0.0.1"


def test_a_body_too_large_is_refused(front: tuple[int, Path]) -> None:
    port, _ = front

    assert _ask(port, "/ide/krokom", "POST", body=b"x" * 47 * MIB)[0] == 200
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"POST /ide/krokom HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % (49 * MIB))
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_what_goes_wrong_is_logged_without_addresses(tmp_path: Path) -> None:
    port, nobody = free_ports(2)
    gone = dict.fromkeys(("intake", "rsvp", "notify"), f"127.0.0.1:{nobody}")
    with running(tmp_path, gone, port) as log:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/i/KRO-2026-0001?t=signed-token", body="a=b")
        assert connection.getresponse().status == 502
        connection.close()
        wait_until(lambda: "502" in log.read_text())

    assert "signed-token" not in log.read_text()
