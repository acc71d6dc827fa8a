"""Every service of compose.yaml by its own command, healthy by its own check: a mail goes through, and all stop."""

from __future__ import annotations

import os
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import URL

from tests.support import databases, rabbitmq
from tests.support.running import letter
from tests.support.stack import IMAGE, WITHOUT_END, Stack, ours
from tests.support.waiting import wait_until

SLUICE = ["--code", "PRO", "--name", "Provs kommun", "--address", "ide@prov.example"]


@pytest.fixture
def stack(database_server: URL, database_template: str, tmp_path: Path) -> Iterator[Stack]:
    template = "template1" if os.environ.get(IMAGE) else database_template  # the image's own migrations make it all
    with rabbitmq.queues() as queues, databases.clone(database_server, template) as database:
        stack = Stack(tmp_path, database, queues.url, {"IDESLUSS_QUEUE_PREFIX": queues.prefix})
        try:
            yield stack
        finally:
            stack.stop()


def test_all_services_start_carry_a_mail_and_stop(stack: Stack) -> None:
    stack.run("migrate")
    stack.run("admin", "idesluss", "sluice", "save", "prov", *SLUICE)
    if stack.image:  # for backups of the server that compose.yaml starts
        assert stack.run("admin", "pg_dump", "--version").startswith("pg_dump (PostgreSQL) 18")
    roles = [name for name in ours() if name not in WITHOUT_END]
    for name in roles:
        stack.start(name)

    for name in ("listener", "web-intake", "web-rsvp", "web-notify"):
        wait_until(lambda name=name: stack.listens(name), 60, every=0.1)
    for service, page in {"intake": "/", "rsvp": "/traffar/", "notify": "/api/notify/openapi.json"}.items():
        assert requests.get(f"http://127.0.0.1:{stack.ports[f'web-{service}']}{page}", timeout=20).status_code == 200
    with smtplib.SMTP("127.0.0.1", stack.ports["listener"], timeout=20) as client:
        client.send_message(letter("Fler cykelställ", "Vid stationen.", to="ide@prov.example"))
    caught = f"http://127.0.0.1:{stack.ports['web-notify']}/mailbox/api/v1/messages"
    (mail,) = wait_until(lambda: requests.get(caught, timeout=20).json()["messages"], 30)

    assert [to["Address"] for to in mail["To"]] == ["asa@krokom.example"]
    for name in roles:
        wait_until(lambda name=name: stack.is_healthy(name), 30, every=1.0)
        if not name.startswith("web-"):
            figures = requests.get(f"http://127.0.0.1:{stack.metrics_ports[name]}/metrics", timeout=20).text
            assert "process_resident_memory_bytes" in figures, name
    assert stack.stop() == dict.fromkeys(roles, 0)
