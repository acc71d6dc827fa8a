"""A clean stop finishes the mails under way; several processes share one port."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from services.intake.smtp.listener import Listener
from services.intake.smtp.recipients import AddressBook
from shared.settings import VARIABLES, Settings
from tests.integration.intake.smtp.harness import IDE, Client, Stored, client, listening
from tests.support.databases import SECRET_KEY
from tests.support.waiting import wait_until


def test_a_stop_lets_a_mail_under_way_finish_and_sends_the_idle_home(module_settings: Settings, stored: Stored) -> None:
    before = stored.count()
    with listening(module_settings) as running, client(running) as busy, client(running) as idle:
        busy.begin_data()
        busy.send(b"Subject: under way\r\n")
        idle.say("MAIL FROM:<a@b>")
        running.begin_stop()

        assert idle.reply() == "421 4.3.2 Service closing, please try again later"
        assert idle.is_closed()
        with pytest.raises(ConnectionRefusedError):
            wait_until(lambda: socket.create_connection(("127.0.0.1", running.port)).close())
        assert busy.say("\r\nhej\r\n.").startswith("250 2.0.0")
        assert busy.reply() == "421 4.3.2 Service closing, please try again later"
        assert busy.is_closed()
        running.stop()
    assert stored.count() == before + 1


def test_a_stop_does_not_wait_for_ever(module_settings: Settings, stored: Stored) -> None:
    before = stored.count()
    with listening(module_settings, smtp_drain_seconds=0.3) as running, client(running) as c:
        c.begin_data()
        running.stop()
        assert c.is_closed()
    assert stored.count() == before


def _lower_limit(open_files: int | None) -> str:
    if open_files is None:
        return ""
    return f"import resource as r; r.setrlimit(r.RLIMIT_NOFILE, ({open_files}, r.getrlimit(r.RLIMIT_NOFILE)[1]))"


def test_a_listener_whose_inner_works_have_ended_says_so(
    module_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def end(_: object) -> None:
        raise ValueError("broken")

    async def look() -> None:
        listener = Listener(dataclasses.replace(module_settings, smtp_port=0))
        await listener.start()
        try:
            await asyncio.sleep(0)
            listener.check()
        finally:
            await listener.stop()

    monkeypatch.setattr(AddressBook, "keep_fresh", end)
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(look())


@contextmanager
def process(settings: Settings, *, open_files: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """``smtpd.main`` in a process of its own, once it listens."""
    code = (
        f"{_lower_limit(open_files)}\n"
        "from services.intake import smtpd\n"
        "from shared import logs, settings\n"
        "settings = settings.load()\n"
        "logs.configure(settings, 'listener')\n"
        "smtpd.main(settings, lambda: print('beat', flush=True))\n"
    )
    environ = {
        **{name: value for name, value in os.environ.items() if name not in VARIABLES.values()},
        "DATABASE_URL": settings.database_url,
        "IDESLUSS_SECRET_KEY": SECRET_KEY,
        "IDESLUSS_DATA_DIR": str(settings.data_dir),
        "IDESLUSS_SMTP_PORT": str(settings.smtp_port),
    }
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "beat\n"
            yield child
        finally:
            child.kill()


def test_two_processes_share_a_port_and_stop_cleanly_at_sigterm(settings: Settings) -> None:
    stored = Stored(settings)
    stored.add_sluice("krokom", IDE)
    with process(settings) as first, process(settings) as second:
        with ExitStack() as stack:
            for _ in range(60):
                c = stack.enter_context(Client(settings.smtp_port))
                assert c.hello().mail().startswith("250 2.0.0")
        outputs = []
        for child in (first, second):
            child.send_signal(signal.SIGTERM)
            outputs.append(child.communicate(timeout=20)[1])

        assert [first.returncode, second.returncode] == [0, 0]
    taken = [len(re.findall("mail_accepted", output)) for output in outputs]
    assert sum(taken) == 60
    assert all(taken)
    assert stored.count() == 60
    for output in outputs:
        assert "listener_stopped" in output
        assert IDE not in output
        assert "Traceback" not in output


def test_a_killed_process_had_stored_every_mail_that_heard_250(settings: Settings) -> None:
    stored = Stored(settings)
    stored.add_sluice("krokom", IDE)
    told: list[str] = []

    def send(port: int) -> None:
        with suppress(OSError, AssertionError), Client(port) as c:  # the kill ends it anywhere
            c.hello()
            while (reply := c.mail()).startswith("250 2.0.0"):
                told.append(reply.split()[-1])

    for _ in range(3):
        with process(settings) as child:
            threads = [threading.Thread(target=send, args=(settings.smtp_port,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            before = len(told)
            wait_until(lambda before=before: len(told) > before + 20)
            child.kill()
            for thread in threads:
                thread.join()

    ids = [correlation_id for (correlation_id,) in stored.rows("SELECT correlation_id FROM intake.inbound_email")]
    assert len(ids) == len(set(ids))
    assert set(told) <= set(ids)
    assert len(told) > 60


def test_a_low_limit_on_open_files_is_raised_to_what_the_sessions_need(settings: Settings) -> None:
    Stored(settings).add_sluice("krokom", IDE)
    with process(settings, open_files=64), ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(Client(settings.smtp_port)).hello()
