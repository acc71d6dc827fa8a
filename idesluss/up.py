"""`idesluss up`: the whole suite on one machine, from an empty folder to ready, and down again.

The supervisor forks: while a first child waits for PostgreSQL, migrates and makes the demo data, it imports
what the roles need, once for all; then it forks the roles, which share that memory.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import importlib
import importlib.util
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import click
import psycopg

from idesluss import datafolder, logfile, runfile
from idesluss.beats import Beats
from idesluss.doctor import machine
from idesluss.doctor.finding import Level
from idesluss.forking import fork
from idesluss.observing import observed
from idesluss.roles import POSTGRES_STAGE, ROLES, Role
from idesluss.supervisor import Child, Supervisor
from services.notify.channels.relay_url import parse_relay_urls
from shared import db, logs
from shared.embedded_postgres import EmbeddedPostgres
from shared.errors import IdeslussenError, MisconfiguredError
from shared.hosts import http_url, reachable
from shared.settings import Settings

log = logs.get(__name__)

DATABASE_PATIENCE = timedelta(seconds=60)
"""How long a start waits for a database server of one's own, which may be starting beside us."""
FIRST_CHORES = 30.0
"""Seconds after which a start that is not ready is worth a word."""
SIGN_IN_AS = " (sign in as kontakt@krokom.example or admin@region.example; the link lands in /mailbox/)"
EXAMPLE = ", for example to ide@krokom.example"
CHORES_EVERY = 5.0
"""Seconds between looks at the log's size and at halted database processes."""


class Suite:
    """One data folder's suite, for the life of its supervisor."""

    def __init__(self, settings: Settings, roles: Sequence[Role], lock: int) -> None:
        self.settings = settings
        self._roles = roles
        self._lock = lock
        self._begun = time.monotonic()
        self._ready = False
        self._next_chores = self._begun + FIRST_CHORES
        self._halted: dict[int, float] = {}
        self._postgres = EmbeddedPostgres(settings) if settings.embedded_database else None
        self._supervisor = Supervisor(self._children(), changed=self._on_change, tick=self._on_tick)

    def run(self) -> None:
        """Start, run until told to stop, stop.

        :raises IdeslussenError: the start failed, with the reason.
        """
        with self._supervisor.signals():
            try:
                if self._prepare():
                    self._supervisor.run()
            finally:
                self._supervisor.request_stop()
                self._supervisor.stop_all()
                if self._postgres is not None:
                    self._postgres.stop()
                runfile.remove(self.settings.data_dir)

    def _prepare(self) -> bool:
        """Everything before the roles; False if a stop was requested meanwhile."""
        if self._postgres is not None:
            self._start_postgres(self._postgres)
        _say("Bringing the database up to date")
        preparation = fork("prepare", self._prepare_database, close=self._private)
        _preload(self._roles)
        status = self._wait_for(preparation)
        gc.collect()
        gc.freeze()  # what is here now never changes: no collection touches, and thereby copies, shared pages
        return status == 0 and not self._supervisor.stopping

    def _start_postgres(self, postgres: EmbeddedPostgres) -> None:
        if not postgres.data.exists():
            _say("Making the database (first start)")
        postgres.initialise()
        _say(f"Starting PostgreSQL {postgres.version} as {postgres.runs_as}")
        postgres.start()

    def _prepare_database(self) -> None:
        logs.configure(self.settings, "prepare")
        logfile.attach(self.settings)
        from idesluss import migrate

        if self._postgres is not None:
            self._postgres.wait_ready()
        else:
            wait_for_server(self.settings)
        moved = migrate.run(self.settings)
        if moved:
            log.info("migrated", schemas=moved)
        if self.settings.demo and importlib.util.find_spec("idesluss.demo"):
            importlib.import_module("idesluss.demo").seed(self.settings)

    def _wait_for(self, preparation: int) -> int:
        """The exit code of the preparing child.

        :raises IdeslussenError: it failed, and has said why in the log.
        """
        while True:
            pid, status = os.waitpid(preparation, os.WNOHANG)
            if pid:
                break
            if self._supervisor.stopping:
                os.kill(preparation, signal.SIGTERM)
                os.waitpid(preparation, 0)
                return 1
            self._supervisor.wait(0.05)
        code = os.waitstatus_to_exitcode(status)
        if code == 2:
            raise MisconfiguredError("the database could not be brought up to date; the reason is above")
        if code:
            raise IdeslussenError("the database could not be brought up to date; the reason is above")
        return code

    @property
    def _private(self) -> tuple[int, ...]:
        """Descriptors that no child keeps."""
        return (self._lock, *self._supervisor.descriptors)

    def _children(self) -> list[Child]:
        settings = self.settings
        number = {"listener": settings.listener_processes, "mailbox": int(settings.catches_mail)}
        copies = [role for role in self._roles for _ in range(number.get(role.name, 1))]
        self._beats = Beats(len(copies))
        children = [self._role_child(role, slot) for slot, role in enumerate(copies)]
        if self._postgres is not None:
            children.insert(0, self._postgres_child(self._postgres))
        return children

    def _role_child(self, role: Role, slot: int) -> Child:
        beat = self._beats.beater(slot)

        def body() -> None:
            logs.configure(self.settings, role.name)
            logfile.attach(self.settings)
            with observed(self.settings, role.name, place=slot):
                role.load()(self.settings, beat)

        def start() -> int:
            beat()
            return fork(role.name, body, close=self._private)

        patience = role.patience + (self.settings.smtp_drain_seconds if role.name == "listener" else 0)
        return Child(role.name, start, role.stage, patience, silence=lambda: self._beats.silence(slot))

    def _postgres_child(self, postgres: EmbeddedPostgres) -> Child:
        def start() -> int:
            running = postgres.process
            if running is not None and running.returncode is None:
                return running.pid  # started while preparing
            return postgres.start()

        return Child(
            "postgres",
            start,
            POSTGRES_STAGE,
            patience=30.0,
            stop_signal=signal.SIGINT,  # fast: it ends sessions, but writes everything
            last_signal=signal.SIGQUIT,
            reaped=postgres.reaped,
        )

    def _on_change(self) -> None:
        roles = [child.pid for child in self._supervisor.children if child.pid and child.name != "postgres"]
        runfile.remember(self.settings.data_dir, roles)
        if self._ready:
            self._write_run_file()

    def _on_tick(self) -> None:
        if not self._ready and answers_ready(self.settings):
            self._ready = True
            self._write_run_file()
            self._announce()
        if time.monotonic() >= self._next_chores:
            self._next_chores = time.monotonic() + CHORES_EVERY
            logfile.turn_over(self.settings)
            self._wake_halted_postgres()
            if not self._ready:
                log.warning("not_ready_yet", look_at=f"{http_url(self.settings)}/health/ready")

    def _wake_halted_postgres(self) -> None:
        """A database process that somebody halted holds its locks and everybody up: let it go on."""
        if self._postgres is None:
            return
        now = time.monotonic()
        self._halted = {pid: self._halted.get(pid, now) for pid in self._postgres.halted()}
        for pid, since in self._halted.items():
            if now - since > 2 * CHORES_EVERY:
                log.warning("postgres_process_halted", pid=pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _write_run_file(self) -> None:
        pids: dict[str, list[int]] = {"supervisor": [os.getpid()], "postgres": []}
        for child in self._supervisor.children:
            pids.setdefault(child.name, []).extend([child.pid] if child.pid else [])
        runfile.write(
            self.settings.data_dir,
            http_url=http_url(self.settings),
            smtp_port=self.settings.smtp_port,
            api_token=api_token(self.settings),
            pids=pids,
        )

    def _announce(self) -> None:
        settings, url = self.settings, http_url(self.settings)
        _say(f"Ready in {time.monotonic() - self._begun:.1f} s")
        lines = [
            ("Web", settings.base_url),
            ("Mail in", f"{settings.smtp_host}:{settings.smtp_port} (SMTP){EXAMPLE if settings.demo else ''}"),
            ("Mail out", f"{url}/mailbox/" if settings.catches_mail else "through SMTP_RELAY_URL"),
            ("Contacts", f"{url}/kontakt/{SIGN_IN_AS if settings.demo and settings.catches_mail else ''}"),
            ("Operations", f"{url}/kontakt/drift/ (sign in with the API token, or as an administrator)"),
            ("Health", f"{url}/health/ready"),
            ("API token", api_token(settings)),
            ("Data", str(settings.data_dir)),
            ("Stop", "Ctrl-C"),
        ]
        for name, value in lines:
            click.echo(f"  {name:<10} {value}")


def main(settings: Settings, roles: Sequence[Role] = ROLES) -> None:
    """Run the suite until SIGTERM or SIGINT.

    :raises Conflict: another suite has the data folder.
    :raises IdeslussenError: the start failed, with the reason.
    """
    with datafolder.held(settings.data_dir) as lock:
        logs.configure(settings, "supervisor")
        logfile.attach(settings)
        runfile.end_orphans(settings.data_dir)
        runfile.remove(settings.data_dir)
        check_ports(settings)
        if settings.catches_mail and settings.mailbox_port == 0:
            settings = replace(settings, mailbox_port=_free_port())
        _say(f"Idéslussen starts, with its data in {settings.data_dir}")
        python = machine.python(sys.version_info[:3])
        if python.level is not Level.OK:
            _say(f"Warning: Python {python.text}")
        Suite(settings, roles, lock).run()
        _say("Stopped")


def check_ports(settings: Settings) -> None:
    """Refuse a start whose ports somebody else has, or whose relay cannot be understood.

    :raises MisconfiguredError: naming the variable.
    """
    if not settings.catches_mail:
        parse_relay_urls(settings.smtp_relay_url)
    wanted = [
        ("IDESLUSS_HTTP_PORT", settings.http_host, settings.http_port),
        ("IDESLUSS_SMTP_PORT", settings.smtp_host, settings.smtp_port),
    ]
    if settings.catches_mail and settings.mailbox_port:
        wanted.append(("IDESLUSS_MAILBOX_PORT", "127.0.0.1", settings.mailbox_port))
    for variable, host, port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise MisconfiguredError(
                    f"{variable}: port {port} on {host} cannot be had ({error.strerror}); stop what uses it, "
                    f"or choose another, for example {variable}={port + 1}"
                ) from error


def wait_for_server(settings: Settings) -> None:
    """Wait until the server of DATABASE_URL accepts connections; says why not, but decides nothing.

    What stays wrong is reported by the migrations that follow.
    """
    deadline = time.monotonic() + DATABASE_PATIENCE.total_seconds()
    while time.monotonic() < deadline:
        try:
            psycopg.connect(db.conninfo(db.admin_url(settings)), connect_timeout=db.CONNECT_TIMEOUT).close()
            return
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
            if "password authentication" in reason or "does not exist" in reason:
                return
            log.warning("database_does_not_answer", reason=reason)
            time.sleep(1)


def answers_ready(settings: Settings) -> bool:
    """True if GET /health/ready gives 200 just now."""
    connection = http.client.HTTPConnection(reachable(settings.http_host), settings.http_port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def api_token(settings: Settings) -> str:
    """The demo administrator's token, with every right; the same at each start under one secret key."""
    from shared.web import tokens

    return tokens.issue(settings.signer, name="demo", scopes=("*",))


def _preload(roles: Sequence[Role]) -> None:
    """Import what the roles need. One that cannot be imported says so itself when it starts."""
    for role in roles:
        _quietly(role.load)
    _quietly(lambda: importlib.import_module("shared.web.tokens"))
    if threading.active_count() > 1:
        log.warning("threads_before_fork", names=[thread.name for thread in threading.enumerate()])


def _quietly(load: Callable[[], object]) -> None:
    try:
        load()
    except Exception as error:
        log.debug("not_preloaded", reason=repr(error))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(line: str) -> None:
    click.echo(line)
