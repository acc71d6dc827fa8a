"""A PostgreSQL and a RabbitMQ of a test's own, that may be killed: kill -9 of the whole engine, and up again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from shared.db import embedded_url
from shared.embedded_postgres import EmbeddedPostgres
from shared.processes import die_with_parent
from shared.settings import Settings
from tests.support.lasting import lasting
from tests.support.ports import lasting_ports
from tests.support.waiting import wait_until

RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
UP_SECONDS = 90


class OwnPostgres:
    """The embedded PostgreSQL, used as an engine of others': by DATABASE_URL."""

    def __init__(self, settings: Settings) -> None:
        self._postgres = EmbeddedPostgres(replace(settings, database_url=""))
        self.url = embedded_url(settings).set(drivername="postgresql").render_as_string(hide_password=False)

    def start(self) -> None:
        self._postgres.initialise()
        lasting(self._postgres.start)
        self._postgres.wait_ready(UP_SECONDS)

    def kill(self) -> None:
        """kill -9 of the postmaster."""
        assert self._postgres.process is not None
        self._postgres.process.kill()
        self._postgres.process.wait()

    def stop(self) -> None:
        self._postgres.stop()


class OwnRabbitmq:
    """One node in a folder of its own; skips where RabbitMQ is not installed."""

    def __init__(self, folder: Path) -> None:
        if not RABBITMQ_SERVER.exists():
            pytest.skip(f"no RabbitMQ here: {RABBITMQ_SERVER}")
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._port, distribution, names = lasting_ports(3)
        (folder / "plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self._port}\n")
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "idesluss_test@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}"

    def start(self) -> None:
        parent = os.getpid()
        with (self._folder / "output").open("ab") as output:
            self._process = lasting(
                subprocess.Popen,
                [str(RABBITMQ_SERVER.resolve())],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent),
            )
        wait_until(self._answers, UP_SECONDS, every=0.2)

    def kill(self) -> None:
        """kill -9 of the node and whatever it started."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it for good: nothing in it is kept."""
        self.kill()
        with contextlib.suppress(AssertionError):
            wait_until(self._end_names, 5, every=0.2)
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def _end_names(self) -> bool:
        """End the node's name server, once it has seen that the node is gone."""
        ended = subprocess.run(["epmd", "-kill"], env=self._environment, capture_output=True, timeout=10, check=False)
        return ended.returncode == 0

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError((self._folder / "output").read_text(errors="replace")[-2000:])
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
        except OSError:
            return False
