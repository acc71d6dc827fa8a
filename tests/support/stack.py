"""compose.yaml's own services on this machine: the same commands, variables and health checks, without containers.

Only what a network of containers gives is put in its place: addresses, ports and a data folder each. With
IDESLUSS_TEST_IMAGE=FOLDER, the unpacked image of deploy/build-image, every command runs from that image: its files
read-only, under its number, without rights, with secrets where containers have them.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import URL

from tests.support.databases import SECRET_KEY
from tests.support.ports import free_ports

ROOT = Path(__file__).parent.parent.parent
COMPOSE = ROOT / "compose.yaml"
SECRETS = "/run/secrets"
WITHOUT_END = {"migrate", "admin"}
"""Run once, by Compose or by a person: nobody asks whether they are well."""
IMAGE = "IDESLUSS_TEST_IMAGE"
_USER = "10001:10001"
_PATH = "/app/bin:/usr/local/bin:/usr/bin:/bin"
_ENTER = f"""
mount --bind -o ro "$1" "$1" && mount -o remount,bind,ro "$1" && mount -t proc proc "$1/proc" &&
mount --rbind /dev "$1/dev" && mount -t tmpfs run "$1/run" && mkdir -p "$1{SECRETS}" && mount --bind "$2" "$1/tmp" &&
for file in "$3"/*; do touch "$1{SECRETS}/${{file##*/}}" && mount --bind "$file" "$1{SECRETS}/${{file##*/}}"; done &&
root=$1 && shift 3 && cd / &&
exec setpriv --no-new-privs /usr/sbin/chroot --userspec={_USER} --groups= "$root" "$@"
"""


def compose() -> dict[str, Any]:
    """compose.yaml as it is written, anchors followed."""
    loaded = yaml.safe_load(COMPOSE.read_text())
    assert isinstance(loaded, dict)
    return loaded


def interpolated(text: str) -> str:
    """A value as Compose reads it where nothing is set in .env: ``${NAME:-default}`` is its default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def ours() -> dict[str, dict[str, Any]]:
    """The services of our own image."""
    return {
        name: service
        for name, service in compose()["services"].items()
        if service.get("command", [""])[0] == "idesluss"
    }


@dataclass
class Stack:
    """The services on one database and RabbitMQ, each with a folder of its own under ``folder``."""

    folder: Path
    database: URL
    broker: str
    settings: dict[str, str] = field(default_factory=dict)
    """What .env would hold."""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.image = os.environ.get(IMAGE)
        self.database = self.database.set(username=self.database.username or getpass.getuser())
        self.secrets = self.folder / "secrets"
        subprocess.run([ROOT / "deploy/secrets", self.secrets], check=True, capture_output=True)
        owner = self.database.set(drivername="postgresql").render_as_string(hide_password=False)
        for name, text in (("secret-key", SECRET_KEY), ("database-owner-url", owner), ("broker-url", self.broker)):
            (self.secrets / name).chmod(0o600)
            (self.secrets / name).write_text(text)
            (self.secrets / name).chmod(0o444)
        names = [*ours()]
        ports = free_ports(2 * len(names))
        self.ports = dict(zip(names, ports[: len(names)], strict=True))
        self.metrics_ports = dict(zip(names, ports[len(names) :], strict=True))

    @property
    def host(self) -> str:
        return str(self.database.host)

    def environment(self, name: str) -> dict[str, str]:
        """The service's variables, with this machine's addresses in place of the containers'."""
        asked = {key: interpolated(value) for key, value in ours()[name]["environment"].items()}
        if not self.image:
            asked = {key: value.replace(SECRETS, str(self.secrets)) for key, value in asked.items()}
            asked["IDESLUSS_DATA_DIR"] = str(self.folder / name / "idesluss")
        bare = self.database.set(drivername="postgresql", username=None, password=None)
        here = {
            "DATABASE_URL": bare.render_as_string(),
            "IDESLUSS_MAILBOX_HOST": "127.0.0.1",
            "IDESLUSS_MAILBOX_PORT": str(self.ports["mailbox"]),
            "IDESLUSS_HTTP_HOST": "127.0.0.1",
            "IDESLUSS_HTTP_PORT": str(self.ports[name]),
            "IDESLUSS_HTTP_PROXIES": "127.0.0.1",
            "IDESLUSS_METRICS_HOST": "127.0.0.1",
            "IDESLUSS_METRICS_PORT": str(self.metrics_ports[name]),
            "IDESLUSS_SMTP_HOST": "127.0.0.1",
            "IDESLUSS_SMTP_PORT": str(self.ports["listener"]),
        }
        kept = {key: value for key, value in here.items() if key in asked}
        return {"PATH": _PATH, "LANG": "C.UTF-8", **asked, **kept, **self.settings}

    def command(self, name: str, words: list[str]) -> list[str]:
        """What runs ``words`` for the service, from the checkout or from the image."""
        folder = self.folder / name
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o777)
        if not self.image:
            return [str(Path(sys.executable).with_name(words[0])), *words[1:]]
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _ENTER, "sh"]
        return [*enter, self.image, str(folder), str(self.secrets), *words]

    def run(self, name: str, *words: str) -> str:
        """Run one command to its end as the service's, its own unless another is given; returns what it printed."""
        done = subprocess.run(
            self.command(name, list(words) or ours()[name]["command"]),
            env=self.environment(name),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{name}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, name: str) -> None:
        """Start a service by its command."""
        words = self.command(name, ours()[name]["command"])
        with (self.folder / f"{name}.log").open("ab") as output:
            self.running[name] = subprocess.Popen(
                words, env=self.environment(name), stdout=output, stderr=subprocess.STDOUT
            )

    def listens(self, name: str) -> bool:
        """Whether its port answers.

        :raises AssertionError: the service has ended.
        """
        assert self.running[name].poll() is None, f"{name} ended:\n{self.log(name)}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[name])) == 0

    def is_healthy(self, name: str) -> bool:
        """Its health check's word.

        :raises AssertionError: the service has ended.
        """
        assert self.running[name].poll() is None, f"{name} ended:\n{self.log(name)}"
        mark, *words = ours()[name]["healthcheck"]["test"]
        assert mark == "CMD"
        return not subprocess.run(
            self.command(name, words), env=self.environment(name), capture_output=True, timeout=60
        ).returncode

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def stop(self) -> dict[str, int]:
        """SIGTERM to all at once, as `docker compose down`; exit status by name."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        try:
            return {name: process.wait(timeout=30) for name, process in self.running.items()}
        finally:
            for process in self.running.values():
                if process.poll() is None:
                    process.kill()
            self.running.clear()


def caddy() -> str | None:
    """The program, where this machine has it."""
    return shutil.which("caddy")
