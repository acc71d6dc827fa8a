"""Health: each check within its time, side by side, and never a stack of threads behind a dead part."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import pytest

from shared.settings import MIB, load
from shared.web import health
from shared.web.app import make_app
from shared.web.health import Health, Healthy, Unhealthy

KEY = {"IDESLUSS_SECRET_KEY": "a" * 32}


def test_a_check_that_hangs_counts_as_failed_and_is_not_begun_twice() -> None:
    release, begun = threading.Event(), []

    def hang() -> Healthy:
        begun.append(1)
        release.wait(10)
        return Healthy()

    checks = Health({"stuck": hang, "fine": Healthy}, seconds=0.1)
    try:
        first, second = checks.results(), checks.results()
    finally:
        release.set()

    assert isinstance(first["stuck"], Unhealthy)
    assert isinstance(second["stuck"], Unhealthy)
    assert isinstance(first["fine"], Healthy)
    assert len(begun) == 1


@pytest.mark.parametrize(("free", "kind"), [(0, Unhealthy), (31 * MIB, Unhealthy), (33 * MIB, Healthy)])
def test_a_disk_that_is_nearly_full_is_told_before_mails_are_refused_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, kind: type
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: {tmp_path: SimpleNamespace(free=free)}[path])

    result = health.disk_check(load(KEY, data_dir=tmp_path))()

    assert isinstance(result, kind)
    assert result.note == f"{free // MIB} MiB free"


def test_slow_checks_run_side_by_side() -> None:
    gate = threading.Barrier(4, timeout=5)

    def meet() -> Healthy:
        gate.wait()
        return Healthy()

    results = Health({str(n): meet for n in range(4)}, seconds=5).results()

    assert all(isinstance(result, Healthy) for result in results.values())


def test_an_exception_is_a_failed_check_without_its_text() -> None:
    def fail() -> Healthy:
        raise ConnectionRefusedError("password=canary")

    result = Health({"part": fail}).results()["part"]

    assert isinstance(result, Unhealthy)
    assert "canary" not in result.note


def test_ready_is_503_and_names_the_part_that_is_not() -> None:
    app = make_app("tests.health", load(KEY))
    health.register(app, {"database": Healthy, "queue": lambda: Unhealthy("away")})
    client = app.test_client()

    answer = client.get("/health/ready")

    assert client.get("/health/live").status_code == 200
    assert answer.status_code == 503
    assert answer.json["checks"]["queue"] == {"ok": False, "note": "away"}
    assert answer.json["checks"]["database"]["ok"]


@pytest.mark.parametrize(("greeting", "well"), [(b"220 hej\r\n", True), (b"421 busy\r\n", False), (b"", False)])
def test_the_listener_is_well_when_it_greets_with_220(greeting: bytes, well: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(100)

        thread = threading.Thread(target=greet)
        thread.start()
        check = health.listener_check(load(KEY, smtp_port=port))
        result = Health({"listener": check}).results()["listener"]
        thread.join(5)

    assert isinstance(result, Healthy) is well


def test_a_listener_that_says_nothing_fails_within_the_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check = health.listener_check(load(KEY, smtp_port=server.getsockname()[1]))
        begun = monotonic()
        result = Health({"listener": check}, seconds=0.3).results()["listener"]

    assert isinstance(result, Unhealthy)
    assert monotonic() - begun < 2
