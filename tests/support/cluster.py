"""The suite as on several machines: many processes of each role, on engines that are not ours, each kept alive alone.

Where many are to start in a short test they are forked from a process that has imported what they need; what they run
is the same command. A long run starts each as ``python -m idesluss ROLE``, as systemd does.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import requests

from idesluss.roles import ROLES
from shared.processes import die_with_parent
from shared.settings import Settings, load
from tests.support.lasting import lasting
from tests.support.ports import lasting_ports
from tests.support.waiting import wait_until

MANY = {
    "listener": 2,
    "web": 3,
    "worker-intake": 3,
    "worker-rsvp": 3,
    "worker-notify": 3,
    "relay": 2,
    "scheduler": 2,
    "mailbox": 1,
}
"""How many of each role make a cluster where a test asks for no other."""
RESTART_SECONDS = 1.0
"""After which a dead process is started again, as a systemd unit with ``RestartSec=1`` is."""
READY_SECONDS = 90
STOP_SECONDS = 40
STAGES = {role.name: role.stage for role in ROLES}

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["idesluss.cli", *(role.main.partition(":")[0] for role in ROLES)])


def arguments(role: str) -> list[str]:
    """A role as the command line knows it."""
    return role.split("-", 1)  # worker-intake: worker intake


@dataclass
class Member:
    """One process of the cluster. ``name`` is its role and which of them it is."""

    role: str
    number: int
    environment: dict[str, str]
    log: Path
    forked: bool
    process: BaseProcess | subprocess.Popen[bytes] | None = None
    is_wanted: bool = True
    died_at: float | None = None

    @property
    def name(self) -> str:
        return f"{self.role}/{self.number}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        if isinstance(self.process, subprocess.Popen):
            return self.process.poll()
        return self.process.exitcode if self.process else None

    def start(self) -> None:
        parent = os.getpid()
        if self.forked:
            process = FORKING.Process(  # type: ignore[attr-defined]
                target=_play, args=(arguments(self.role), self.environment, str(self.log)), daemon=True
            )
            process.start()
            self.process = process
            return
        with self.log.open("ab") as output:
            self.process = lasting(
                subprocess.Popen,
                [sys.executable, "-m", "idesluss", *arguments(self.role)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent),
            )

    def signal(self, number: int) -> None:
        """Send a signal, if it is there."""
        if self.code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _play(command: list[str], environment: dict[str, str], log: str) -> None:
    """In a forked process: what ``python -m idesluss`` does."""
    os.setsid()
    die_with_parent(signal.SIGKILL, os.getppid())
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.environ.clear()
    os.environ.update(environment)
    from idesluss.cli import main

    main(command)


@dataclass
class Cluster:
    """``numbers`` says how many there are of each role; the engines are those of DATABASE_URL and BROKER_URL."""

    data_dir: Path
    environment: dict[str, str]
    numbers: Mapping[str, int]
    forked: bool = True
    members: list[Member] = field(default_factory=list)
    deaths: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        listeners, webs = self.numbers["listener"], self.numbers["web"]
        mailbox, *ports = lasting_ports(1 + listeners + webs)
        self.smtp_ports, self.http_ports = ports[:listeners], ports[listeners:]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("IDESLUSS_") and name not in ("DATABASE_URL", "BROKER_URL", "SMTP_RELAY_URL")
        }
        self.environment = {
            **inherited,
            "IDESLUSS_DATA_DIR": str(self.data_dir),
            "IDESLUSS_BASE_URL": self.urls[0],
            "IDESLUSS_MAILBOX_PORT": str(mailbox),
            "IDESLUSS_HTTP_PROXIES": "127.0.0.1",
            "IDESLUSS_DEMO_IDEAS": "false",
            "IDESLUSS_LOG_LEVEL": "warning",
            **self.environment,
        }
        for role, number in self.numbers.items():
            for nth in range(number):
                self.members.append(
                    Member(role, nth, self._environment(role, nth), self.data_dir / f"{role}-{nth}.log", self.forked)
                )
        self._keeping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_alive, daemon=True)

    def _environment(self, role: str, nth: int) -> dict[str, str]:
        # Every process looks at one listener's health: its own, or the first.
        smtp = self.smtp_ports[nth if role == "listener" else 0]
        http = self.http_ports[nth if role == "web" else 0]
        return {**self.environment, "IDESLUSS_SMTP_PORT": str(smtp), "IDESLUSS_HTTP_PORT": str(http)}

    @property
    def urls(self) -> list[str]:
        """Every web process' own address."""
        return [f"http://127.0.0.1:{port}" for port in self.http_ports]

    @property
    def settings(self) -> Settings:
        """As the first of each reads them."""
        return load(self._environment("cluster", 0))

    def start(self) -> Cluster:
        """Start all, and wait until every listener and web answers."""
        for member in self.members:
            member.start()
        self._keeper.start()
        try:
            wait_until(self.is_ready, READY_SECONDS, every=0.1)
        except AssertionError as error:
            logs = "\n".join(
                f"{each.name}: {each.log.read_text()[-2000:]}" for each in self.members if self._said(each)
            )
            self.stop()
            raise AssertionError(logs) from error
        return self

    def _said(self, member: Member) -> bool:
        return member.log.exists() and member.log.stat().st_size > 0

    def is_ready(self) -> bool:
        """True if every listener and every web answers."""
        return all(greets(port) for port in self.smtp_ports) and all(answers(url) for url in self.urls)

    def stop(self) -> dict[str, int | None]:
        """Stop all, stage by stage; the exit code of each, by name. What does not stop in its time is killed."""
        self._keeping.set()
        if self._keeper.ident is not None:
            self._keeper.join()
        for stage in sorted({STAGES[member.role] for member in self.members}):
            here = [member for member in self.members if STAGES[member.role] == stage and member.process is not None]
            for member in here:
                member.signal(signal.SIGTERM)
                member.signal(signal.SIGCONT)
            with contextlib.suppress(AssertionError):
                wait_until(lambda here=here: all(each.code is not None for each in here), STOP_SECONDS)  # type: ignore[misc]
            for member in here:
                member.signal(signal.SIGKILL)
        return {member.name: member.code for member in self.members if member.process is not None}

    def of(self, role: str) -> list[Member]:
        """The processes of a role."""
        return [member for member in self.members if member.role == role]

    def restart(self, member: Member) -> int | None:
        """Stop one as an upgrade does, start it again, and wait until it answers; its exit code."""
        member.is_wanted = False
        member.signal(signal.SIGTERM)
        code = wait_until(lambda: _ended(member), STOP_SECONDS)[0]
        member.start()
        member.died_at, member.is_wanted = None, True
        if member.role in ("listener", "web"):
            wait_until(lambda: self._answers(member), READY_SECONDS, every=0.05)
        return code

    def _answers(self, member: Member) -> bool:
        if member.role == "web":
            return answers(self.urls[member.number])
        return greets(self.smtp_ports[member.number])

    def memory(self) -> dict[str, int]:
        """MB by role, shared pages counted by their share, children with their parents."""
        found: Counter[str] = Counter()
        for member in self.members:
            with contextlib.suppress(psutil.Error):
                parent = psutil.Process(member.pid)
                for process in (parent, *parent.children(recursive=True)):
                    with contextlib.suppress(psutil.Error):
                        found[member.role] += process.memory_full_info().pss
        return {role: octets // 2**20 for role, octets in sorted(found.items())}

    def _keep_alive(self) -> None:
        while not self._keeping.wait(0.1):
            for member in self.members:
                if not member.is_wanted or member.code is None:
                    continue
                if member.died_at is None:
                    member.died_at = time.monotonic()
                    self.deaths[member.role] += 1
                elif time.monotonic() - member.died_at > RESTART_SECONDS:
                    member.start()
                    member.died_at = None


def _ended(member: Member) -> tuple[int | None] | None:
    return None if member.code is None else (member.code,)


def answers(url: str) -> bool:
    """True if a web process answers at all that it is alive."""
    try:
        return requests.get(f"{url}/health/live", timeout=5).ok
    except requests.RequestException:
        return False


def greets(port: int) -> bool:
    """True if a listener says that it is there."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except (OSError, smtplib.SMTPException):
        return False


@dataclass
class Harm:
    """kill -9 and SIGSTOP, of whom chance picks."""

    cluster: Cluster
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)

    def kill(self, role: str) -> Member:
        """kill -9 one process of a role."""
        member = self._living(role)
        member.signal(signal.SIGKILL)
        self.done[f"{role} killed"] += 1
        return member

    def halt(self, role: str, seconds: float) -> threading.Timer:
        """SIGSTOP one process of a role, and wake it after so long."""
        member = self._living(role)
        pid = member.pid
        member.signal(signal.SIGSTOP)
        self.done[f"{role} halted"] += 1
        timer = threading.Timer(seconds, _wake, (pid,))
        timer.start()
        return timer

    def _living(self, role: str) -> Member:
        def one() -> Any:
            living = [member for member in self.cluster.of(role) if member.code is None]
            return self.chance.choice(living) if living else None

        member: Member = wait_until(one, 60)
        return member


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
