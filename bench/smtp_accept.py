"""Mails durably accepted over SMTP in a second: ours, Postfix's, and plain aiosmtpd's that stores nothing.

``python -m bench.smtp_accept [--mails N] [--rounds N] [--processes N] [--profile FILE]``

Load: Debian's ``smtp-source``, 20 sessions, 4 KiB mails, a new connection for each mail (its default).
Rounds alternate between the targets, so that a noisy machine is noisy for all; the median counts.
Postfix is the machine's own version with its ordinary fsynced queue and default settings in a folder of
its own: smtpd and cleanup do all they do before 250, and then the mail is put on hold, so that no
delivery competes with accepting. That is the most favourable setting for Postfix, and the fair one: our
worker, which reads the mails later, does not run either.
CPU time says more than rates where others use the machine too: it counts a target's own processes, with
PostgreSQL's backends for ours, and all of Postfix's daemons for Postfix.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import dataclasses
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.places import empty_database
from idesluss import migrate
from services.intake import smtpd
from shared import logs
from shared.db import conninfo
from shared.settings import Settings
from tests.support.databases import settings_for
from tests.support.ports import free_port

SESSIONS = 20
OCTETS = 4096
CONNECTIONS = 2
"""Database connections of one listener process."""

SENDER, RECIPIENT = "sender@bench.example", "ide@krokom.example"


@dataclasses.dataclass
class Target:
    """Something that takes mail on a port."""

    name: str
    port: int
    cpu_seconds: Callable[[], float]
    """CPU time that its processes have used so far, those that stored the mail included."""
    rates: list[float] = dataclasses.field(default_factory=list)
    cpu_us: list[float] = dataclasses.field(default_factory=list)

    @property
    def rate(self) -> float:
        """Mails a second, the median over the rounds."""
        return statistics.median(self.rates)

    @property
    def cpu(self) -> float:
        """CPU time for each mail in microseconds, the median over the rounds."""
        return statistics.median(self.cpu_us)


def load(target: Target, mails: int, *, keep_connection: bool) -> None:
    """One round of mails into a target; its rate and its processes' CPU time are added to it."""
    command = ["smtp-source", "-s", str(SESSIONS), "-l", str(OCTETS), "-m", str(mails)]
    command += ["-d"] if keep_connection else []
    command += ["-f", SENDER, "-t", RECIPIENT, f"127.0.0.1:{target.port}"]
    cpu, began = target.cpu_seconds(), time.perf_counter()
    subprocess.run(command, check=True, timeout=600)
    target.rates.append(mails / (time.perf_counter() - began))
    target.cpu_us.append((target.cpu_seconds() - cpu) / mails * 1e6)


def _cpu_seconds(pids: Iterable[int], *, with_children: bool = False) -> float:
    """User and system time of processes; with that of their ended children where asked for."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11 : 15 if with_children else 13]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def database() -> Iterator[Settings]:
    """Settings with a fresh database that holds one sluice."""
    with empty_database() as url, tempfile.TemporaryDirectory() as folder:
        settings = settings_for(url, Path(folder))
        migrate.run(settings)
        with psycopg.connect(conninfo(url), autocommit=True) as connection:
            sluice = uuid.uuid4()
            connection.execute(
                "INSERT INTO intake.sluice (id, slug, code, name) VALUES (%s, 'krokom', 'KRO', 'Krokom')",
                [sluice],
            )
            connection.execute(
                "INSERT INTO intake.sluice_address (address, sluice_id) VALUES (%s, %s)", [RECIPIENT, sluice]
            )
        yield settings


def stored(settings: Settings) -> int:
    """How many mails the database holds."""
    with psycopg.connect(conninfo(make_url(settings.database_url))) as connection:
        row = connection.execute("SELECT count(*) FROM intake.inbound_email").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def forked(name: str, port: int, processes: int, serve: Any) -> Iterator[Target]:
    """``serve()`` in that many child processes until the end."""
    pids = []
    for _ in range(processes):
        pid = os.fork()
        if pid == 0:
            try:
                serve()
            finally:
                os._exit(0)
        pids.append(pid)
    try:
        _wait_for_port(port)
        yield Target(name, port, lambda: _cpu_seconds(pids))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for pid in pids:
            os.waitpid(pid, 0)


@contextmanager
def ours(settings: Settings, processes: int, profile: Path | None) -> Iterator[Target]:
    """Our listener as ``idesluss listener`` runs it, its log going to a file."""
    settings = dataclasses.replace(settings, smtp_port=free_port())
    others = backends(settings)

    def serve() -> None:
        log = os.open(settings.data_dir / "listener.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        logs.configure(settings, "listener")
        if profile is None:
            smtpd.main(settings, lambda: None)
        else:
            cProfile.runctx("smtpd.main(settings, lambda: None)", globals(), {"settings": settings}, str(profile))

    name = f"Idéslussen, {processes} process{'es' * (processes > 1)}"
    with forked(name, settings.smtp_port, processes, serve) as target:
        while len(mine := backends(settings) - others) < processes * CONNECTIONS:
            time.sleep(0.05)
        listener = target.cpu_seconds
        target.cpu_seconds = lambda: listener() + _cpu_seconds(mine)
        yield target


def backends(settings: Settings) -> set[int]:
    """The process ids of PostgreSQL's side of all our listeners' connections."""
    with psycopg.connect(conninfo(make_url(settings.database_url))) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'idesluss listener'"
        )
        return {int(pid) for (pid,) in rows}


def plain_aiosmtpd(*, uvloop: bool) -> Any:
    """aiosmtpd as it comes, with a handler that stores nothing."""
    port = free_port()

    def serve() -> None:
        from aiosmtpd.smtp import SMTP

        class Nothing:
            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
                return "250 OK"

        async def run() -> None:
            loop = asyncio.get_running_loop()
            stopping = asyncio.Event()
            loop.add_signal_handler(signal.SIGTERM, stopping.set)
            handler = Nothing()
            await loop.create_server(
                lambda: SMTP(handler, hostname="localhost", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", port
            )
            await stopping.wait()

        factory = None
        if uvloop:
            import uvloop as uv

            factory = uv.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(run())

    name = f"aiosmtpd, stores nothing{', uvloop' if uvloop else ''}"
    return forked(name, port, 1, serve)


MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = bench.example
mydestination = krokom.example
local_recipient_maps =
alias_maps =
alias_database =
in_flow_delay = 0
default_process_limit = 100
smtpd_client_restrictions = check_client_access static:HOLD
"""
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
local unix - n n - - local
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
"""


@contextmanager
def postfix() -> Iterator[Target]:
    """A Postfix instance of our own: its folder, its port, its fsynced queue; mails stay on hold."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="bench-postfix-"))
    folder.chmod(0o755)
    config = folder / "config"
    config.mkdir()
    (folder / "queue").mkdir()
    (folder / "data").mkdir()
    shutil.chown(folder / "data", "postfix")
    (config / "main.cf").write_text(MAIN_CF.format(folder=folder))
    (config / "master.cf").write_text(MASTER_CF.format(port=port))
    try:
        subprocess.run(["postfix", "-c", config, "start"], check=True, capture_output=True, timeout=60)
        _wait_for_port(port)
        master = int((folder / "queue/pid/master.pid").read_text())
        yield Target(
            "Postfix", port, lambda: _cpu_seconds([master], with_children=True) + _cpu_seconds(_children(master))
        )
    finally:
        subprocess.run(["postfix", "-c", config, "stop"], capture_output=True, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as probe:
                probe.recv(100)
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main() -> int:
    """Run the bench and print its table. 1 where a mail was lost or counted twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--keep-connection", action="store_true", help="many mails in one connection (smtp-source -d)")
    parser.add_argument("--profile", type=Path, help="write a cProfile of our listener here")
    options = parser.parse_args()
    if shutil.which("smtp-source") is None:
        print("smtp-source is missing: install Debian's postfix package to run this bench")
        return 0
    has_postfix = shutil.which("postfix") is not None and os.geteuid() == 0
    with ExitStack() as stack:
        settings = stack.enter_context(database())
        mine = [stack.enter_context(ours(settings, count, options.profile)) for count in options.processes]
        others = [
            stack.enter_context(plain_aiosmtpd(uvloop=False)),
            stack.enter_context(plain_aiosmtpd(uvloop=True)),
        ]
        if has_postfix:
            others.insert(0, stack.enter_context(postfix()))
        else:
            print("Postfix is missing or we are not root: its row is left out")
        targets = [*mine, *others]
        for target in targets:
            load(target, max(200, options.mails // 10), keep_connection=options.keep_connection)
            target.rates.clear()
            target.cpu_us.clear()
        before = stored(settings)
        for _ in range(options.rounds):
            for target in targets:
                load(target, options.mails, keep_connection=options.keep_connection)
        expected = options.mails * options.rounds * len(mine)
        lost = expected - (stored(settings) - before)
        print(f"| target | mails/s (median of {options.rounds}) | spread | CPU a mail |")
        print("| --- | --- | --- | --- |")
        for target in targets:
            spread = f"{min(target.rates):.0f}–{max(target.rates):.0f}"
            print(f"| {target.name} | {target.rate:.0f} | {spread} | {target.cpu:.0f} µs |")
        for target in mine:
            for other in others:
                rate, cpu = target.rate / other.rate, target.cpu / other.cpu
                print(f"{target.name}: {rate:.2f} × the mails of {other.name}, {cpu:.2f} × its CPU a mail")
        print(f"accepted {expected}, stored {expected - lost}")
        return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
