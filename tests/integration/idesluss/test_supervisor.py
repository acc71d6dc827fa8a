"""`idesluss up` as a process of its own, with small roles and a real embedded PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import URL

from shared.db import Role, conninfo, role_url
from shared.settings import Settings, load
from tests.support.databases import SECRET_KEY
from tests.support.ports import free_ports
from tests.support.roles import events
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]
SECONDS = 30.0
"""A bound for a busy machine; a start takes about two."""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def environ(tmp_path: Path, first_start: Path) -> dict[str, str]:
    """Of a suite that has been started before."""
    shutil.copytree(first_start, tmp_path, dirs_exist_ok=True)
    http_port, smtp_port = free_ports(2)
    return {
        "PATH": os.environ["PATH"],
        "IDESLUSS_DATA_DIR": str(tmp_path),
        "IDESLUSS_SECRET_KEY": SECRET_KEY,
        "IDESLUSS_HTTP_PORT": str(http_port),
        "IDESLUSS_SMTP_PORT": str(smtp_port),
        "IDESLUSS_DEMO": "false",
    }


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return load(environ)


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Start]:
    """Starts a suite with roles given as name=function@stage; stops it after the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*roles: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.suite", *roles],
            env=environ | more,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=SECONDS)


def run_file(settings: Settings) -> dict[str, Any]:
    """run.json's content, or nothing where it is not there."""
    try:
        content: dict[str, Any] = json.loads((settings.data_dir / "run.json").read_text())
        return content
    except FileNotFoundError:
        return {}


def ready(settings: Settings) -> dict[str, Any]:
    return wait_until(lambda: run_file(settings), SECONDS)


def replaced(settings: Settings, name: str, old: int) -> int:
    """The number of the process that stands in run.json instead of ``old``."""

    def other() -> int:
        pids = run_file(settings).get("pids", {}).get(name, [])
        return pids[0] if pids and pids[0] != old else 0

    return wait_until(other, SECONDS)


def stop(process: subprocess.Popen[str], signum: signal.Signals = signal.SIGINT) -> str:
    process.send_signal(signum)
    output, _ = process.communicate(timeout=SECONDS)
    return output


def test_a_start_tells_where_everything_is_and_a_stop_leaves_nothing(start: Start, settings: Settings) -> None:
    process = start("web=web", "worker-rsvp=steady@1")
    told = ready(settings)

    assert told["http_url"] == f"http://127.0.0.1:{settings.http_port}"
    assert told["smtp_port"] == settings.smtp_port
    assert told["api_token"].startswith("idesluss_demo_all_")
    assert set(told) == {"http_url", "smtp_port", "api_token", "pids"}
    assert set(told["pids"]) == {"supervisor", "postgres", "web", "worker-rsvp"}
    assert told["pids"]["supervisor"] == [process.pid]
    assert (settings.data_dir / "run.json").stat().st_mode & 0o077 == 0
    for name, numbers in told["pids"].items():
        assert all(map(psutil.pid_exists, numbers)), name

    output = stop(process)
    assert process.returncode == 0
    assert f"Web        {settings.base_url}" in output
    assert told["api_token"] in output
    assert not (settings.data_dir / "run.json").exists()
    pids = [pid for numbers in told["pids"].values() for pid in numbers]
    assert not any(map(psutil.pid_exists, pids))
    assert "worker-rsvp" in (settings.data_dir / "log" / "idesluss.log").read_text()


def test_what_is_killed_is_started_again_and_run_json_says_so(start: Start, settings: Settings) -> None:
    start("web=web", "worker-rsvp=steady@1")
    pids = ready(settings)["pids"]

    for name in ("worker-rsvp", "web", "postgres"):
        os.kill(pids[name][0], signal.SIGKILL)
        assert psutil.pid_exists(replaced(settings, name, pids[name][0]))

    relay = conninfo(role_url(settings, Role.RELAY))

    def answers() -> bool:
        try:
            with psycopg.connect(relay) as connection:
                return connection.execute("SELECT count(*) FROM bus.delivery").fetchone() == (0,)
        except psycopg.OperationalError:
            return False

    wait_until(answers, SECONDS)
    assert run_file(settings)["pids"]["supervisor"] == pids["supervisor"]


def test_children_stop_stage_by_stage_and_the_database_last(start: Start, settings: Settings) -> None:
    process = start("web=web@2", "a=first@0", "b=second@1")
    ready(settings)

    output = stop(process, signal.SIGTERM)

    assert [words[1] for words in events(settings.data_dir) if words[0] == "down"] == ["first", "second", "web"]
    stopped = [line for line in output.splitlines() if " stopped  " in line]
    assert "process='postgres'" in stopped[-1]
    assert process.returncode == 0


def test_a_child_that_will_not_stop_is_killed_in_its_time(start: Start, settings: Settings) -> None:
    process = start("web=web", "stubborn=hanging")
    ready(settings)

    output = stop(process)

    assert "killed" in output
    assert process.returncode == 0


def test_a_role_that_keeps_dying_is_tried_again_and_hinders_nobody(start: Start, settings: Settings) -> None:
    process = start("web=web", "bad=failing", "good=steady")
    ready(settings)

    wait_until(lambda: sum(words[1] == "failing" for words in events(settings.data_dir)) >= 3, SECONDS)

    output = stop(process)
    assert "as it should" in output
    assert sum(words[:2] == ["up", "steady"] for words in events(settings.data_dir)) == 1


def test_a_halted_child_is_replaced(start: Start, settings: Settings) -> None:
    start("web=web", "worker-rsvp=steady", IDESLUSS_TEST_SILENCE="1.0")
    old = ready(settings)["pids"]["worker-rsvp"][0]

    os.kill(old, signal.SIGSTOP)

    assert replaced(settings, "worker-rsvp", old)


def test_a_halted_database_goes_on(start: Start, settings: Settings) -> None:
    start("web=web", IDESLUSS_TEST_SILENCE="1.0")
    postmaster = psutil.Process(ready(settings)["pids"]["postgres"][0])

    postmaster.suspend()
    wait_until(lambda: postmaster.status() == psutil.STATUS_STOPPED, SECONDS)

    wait_until(lambda: postmaster.status() != psutil.STATUS_STOPPED, SECONDS)


def test_a_second_suite_on_the_same_folder_is_told_who_has_it(start: Start, settings: Settings) -> None:
    first = start("web=web")
    ready(settings)

    second = start("web=web")
    output, _ = second.communicate(timeout=SECONDS)

    assert second.returncode == 1
    assert f"in use by an Idéslussen that runs (process {first.pid})" in output
    assert run_file(settings)["pids"]["supervisor"] == [first.pid]


def test_after_a_kill_of_the_supervisor_the_next_start_takes_over(start: Start, settings: Settings) -> None:
    first = start("web=web", "worker-rsvp=hanging")
    old = ready(settings)["pids"]
    first.kill()
    first.wait()

    start("web=web", "worker-rsvp=steady")

    assert replaced(settings, "supervisor", first.pid)
    survivors = [pid for numbers in old.values() for pid in numbers if psutil.pid_exists(pid)]
    assert [pid for pid in survivors if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE] == []


def test_a_taken_port_is_named_with_its_variable(start: Start, settings: Settings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.smtp_port))
        holder.listen()
        process = start("web=web")
        output, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert f"IDESLUSS_SMTP_PORT: port {settings.smtp_port} on 127.0.0.1 cannot be had" in output


def test_a_start_that_cannot_succeed_leaves_nothing_running(
    start: Start, settings: Settings, database_server: URL
) -> None:
    url = database_server.set(database="idesluss_nowhere").render_as_string(hide_password=False)
    process = start("web=web", DATABASE_URL=url)
    output, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 1
    assert "createdb idesluss_nowhere" in output
    assert not (settings.data_dir / "run.json").exists()


def test_a_start_can_be_broken_off(start: Start, settings: Settings) -> None:
    process = start("web=web")
    wait_until(lambda: (settings.data_dir / "postgres/data/postmaster.pid").exists(), SECONDS)

    stop(process)

    assert process.returncode == 0
    assert not (settings.data_dir / "postgres/data/postmaster.pid").exists()
