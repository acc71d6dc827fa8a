"""The whole suite as its users run it: started by the command line, spoken to through its real ports."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import requests

from shared import settings
from shared.settings import Settings
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

READY_SECONDS = 90
"""A first start makes a database cluster; on a slow and busy machine that takes a while."""


@dataclass
class Suite:
    """One running `idesluss up` with a data folder of its own."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Suite:
        """Start it and wait until it says that it is ready."""
        http_port, smtp_port = free_ports(2)
        self.environment.setdefault("IDESLUSS_HTTP_PORT", str(http_port))
        self.environment.setdefault("IDESLUSS_DEMO_IDEAS", "false")  # a journey begins with none
        self.environment.setdefault("IDESLUSS_SMTP_PORT", str(smtp_port))
        self.data_dir.mkdir(parents=True, exist_ok=True)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("IDESLUSS_") and name not in ("DATABASE_URL", "BROKER_URL", "SMTP_RELAY_URL")
        }
        with (self.data_dir / "test-output.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "idesluss", "up"],
                env={**inherited, "IDESLUSS_DATA_DIR": str(self.data_dir), **self.environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(lambda: self._is_up(), READY_SECONDS)
        except BaseException:
            self.stop()  # or it would run on for ever: nobody has it yet
            raise
        return self

    def _is_up(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"it ended at its start:\n{self.output()[-4000:]}")
        return (self.data_dir / "run.json").exists()

    def stop(self) -> int:
        """Stop it as Ctrl-C does; returns its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=60)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def output(self) -> str:
        """Everything it has printed."""
        return (self.data_dir / "test-output.log").read_text(errors="replace")

    @property
    def settings(self) -> Settings:
        """What it is configured with, as its own processes read it."""
        return settings.load({"IDESLUSS_DATA_DIR": str(self.data_dir), **self.environment})

    @property
    def run(self) -> dict[str, Any]:
        """run.json as it stands now."""
        loaded = json.loads((self.data_dir / "run.json").read_text())
        assert isinstance(loaded, dict)
        return loaded

    @property
    def url(self) -> str:
        return str(self.run["http_url"])

    def pids(self, name: str) -> list[int]:
        """The processes that play a role."""
        found = self.run["pids"][name]
        assert isinstance(found, list)
        return found

    def api(self, path: str, method: str = "GET", **arguments: Any) -> Any:
        """Call the JSON API with the demo token; returns the decoded answer."""
        answer = requests.request(
            method,
            f"{self.url}{path}",
            headers={"Authorization": f"Bearer {self.run['api_token']}"},
            timeout=10,
            **arguments,
        )
        assert answer.status_code < 400, f"{answer.status_code} {answer.text[:500]}"
        return answer.json()

    def ideas(self, **filters: str) -> list[dict[str, Any]]:
        """Every idea that the filters let through, over all pages."""
        return self._all("/api/intake/v1/ideas", filters)

    def inbound(self, **filters: str) -> list[dict[str, Any]]:
        """Every inbound email that the filters let through."""
        return self._all("/api/intake/v1/inbound-emails", filters)

    def _all(self, path: str, filters: dict[str, str]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            parameters = {**filters, "limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = self.api(path, params=parameters)
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def caught(self) -> list[dict[str, Any]]:
        """The newest outgoing mails that the mailbox caught, newest first."""
        return self.caught_page(0)

    def caught_page(self, start: int, limit: int = 500) -> list[dict[str, Any]]:
        """One page of what the mailbox caught."""
        found = requests.get(
            f"{self.url}/mailbox/api/v1/messages", params={"start": start, "limit": limit}, timeout=30
        ).json()["messages"]
        assert isinstance(found, list)
        return found

    def caught_to(self, address: str) -> list[dict[str, Any]]:
        """Those sent to one address, newest first, each whole."""
        return [
            self.mail(message["ID"])
            for message in self.caught()
            if address.lower() in [to["Address"].lower() for to in message["To"]]
        ]

    def mail(self, message_id: str) -> dict[str, Any]:
        """One caught mail with its headers."""
        base = f"{self.url}/mailbox/api/v1/message/{message_id}"
        mail = requests.get(base, timeout=10).json()
        mail["Headers"] = requests.get(f"{base}/headers", timeout=10).json()
        assert isinstance(mail, dict)
        return mail

    def send(self, message: EmailMessage | bytes, sender: str, *recipients: str) -> None:
        """Hand a mail in over SMTP."""
        with smtplib.SMTP("127.0.0.1", int(self.environment["IDESLUSS_SMTP_PORT"]), timeout=30) as client:
            if isinstance(message, bytes):
                client.sendmail(sender, list(recipients), message)
            else:
                client.send_message(message, sender, list(recipients))


def letter(
    subject: str,
    text: str,
    *,
    sender: str = "Åsa Öberg <asa@krokom.example>",
    to: str = "ide@krokom.example",
    message_id: str | None = None,
    **headers: str,
) -> EmailMessage:
    """An ordinary mail as a mail client writes it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Tue, 24 Nov 2026 09:14:00 +0100"
    if message_id:
        message["Message-ID"] = message_id
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message
