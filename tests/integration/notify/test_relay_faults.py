"""Relays that refuse, hang up, vanish and come back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from services.notify.channels.base import RelayAway
from services.notify.channels.relay_url import parse_relay_url
from services.notify.channels.smtp import SmtpChannel
from services.notify.domain.mail import Submission
from services.notify.render import Renderer
from services.notify.store import notifications
from shared.bus.inbox import MAX_ATTEMPTS
from shared.clock import now
from shared.contracts.registry import IDEA_RECEIVED
from shared.settings import VARIABLES, Settings
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support.ports import free_port
from tests.support.relays import HANG_UP, ScriptedRelay
from tests.support.waiting import wait_until


def confirm(notify: Notify, address: str = "asa@invanare.example") -> None:
    """Let one confirmation become due."""
    notify.inbox.run(notify.tell(IDEA_RECEIVED, facts.idea_received(submitter=facts.person(address), contacts=[])))


def message_ids(relay: ScriptedRelay) -> list[str]:
    return [re.search(rb"(?m)^Message-ID: (\S+)", mail)[1].decode() for mail in relay.taken]  # type: ignore[index]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_a_mail_refused_for_now_is_tried_again_and_leaves_once(settings: Settings, verb: str) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        relay.script[verb] = "451 4.7.1 come back later"
        confirm(notify)
        notify.ring_all()
        waiting = notify.only("confirmation")
        assert (waiting.state, waiting.reason) == ("temporary-failure", "relay-busy")
        assert waiting.reply == "451 4.7.1 come back later"
        assert waiting.next_try is not None
        assert timedelta() < waiting.next_try - now() < timedelta(seconds=2)

        del relay.script[verb]
        notify.ring_all()

        sent = notify.only("confirmation")
        assert (sent.state, sent.reason, sent.next_try) == ("sent", None, None)
        assert [each.outcome for each in notify.attempts(sent)] == ["temporary-failure", "sent"]
        assert message_ids(relay)[-1] == sent.message_id
        assert notify.open_deliveries() == []


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_a_mail_refused_for_good_is_not_tried_again_and_the_connection_is_kept(settings: Settings, verb: str) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        relay.script[verb] = "550 5.1.1 nobody of that name"
        confirm(notify)
        notify.ring_all()
        del relay.script[verb]
        confirm(notify, "bo@invanare.example")
        notify.ring_all()

        refused, sent = notify.notifications()
        reason = "relay-refused" if verb == "MAIL" else "recipient-gone"
        assert (refused.state, refused.reason) == ("permanent-failure", reason)
        assert refused.reply == "550 5.1.1 nobody of that name"
        assert refused.attempts == 1
        assert sent.state == "sent"
        assert relay.connections == 1
        assert notify.open_deliveries() == []


def test_a_relay_that_refuses_for_good_and_hangs_up_is_believed(settings: Settings) -> None:
    script = {"RCPT": "550 5.1.1 nobody of that name", "RSET": HANG_UP}
    with ScriptedRelay(script=script).listening() as relay, worker(settings, relay.port) as notify:
        confirm(notify)
        notify.ring_all()

        assert notify.only("confirmation").state == "permanent-failure"


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_relay_that_hangs_up_before_it_has_the_mail_gets_it_later(settings: Settings, verb: str) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        relay.script[verb] = HANG_UP
        confirm(notify)
        notify.ring_all()
        assert notify.only("confirmation").reason == "relay-away"

        del relay.script[verb]
        notify.ring_all()

        assert notify.only("confirmation").state == "sent"
        assert len(relay.taken) == 1


def test_a_relay_that_hangs_up_after_the_mail_gets_the_same_mail_again_and_it_is_counted(
    settings: Settings,
) -> None:
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        relay.script["."] = HANG_UP
        confirm(notify)
        notify.ring_all()
        del relay.script["."]
        notify.ring_all()

        sent = notify.only("confirmation")
        assert sent.state == "sent"
        assert [each.outcome for each in notify.attempts(sent)] == ["interrupted", "sent"]
        assert len(relay.taken) == 2
        assert relay.taken[0] == relay.taken[1]
        assert set(message_ids(relay)) == {sent.message_id}


def test_a_relay_that_never_answers_is_away_once_the_time_is_up(settings: Settings) -> None:
    asked = threading.Event()
    released = threading.Event()

    def hang() -> str:
        asked.set()
        released.wait(10)
        return HANG_UP

    with (
        ScriptedRelay(script={"RCPT": hang}).listening() as relay,
        worker(settings, relay.port, timeout=0.3) as notify,
    ):
        confirm(notify)
        notify.ring_all()
        released.set()

        assert asked.is_set()
        assert notify.only("confirmation").reason == "relay-away"


def test_a_connection_that_the_relay_closed_meanwhile_costs_no_attempt(settings: Settings) -> None:
    with worker(settings, port := free_port()) as notify:
        with ScriptedRelay(port).listening():
            confirm(notify)
            notify.ring_all()
        with ScriptedRelay(port).listening() as relay:
            confirm(notify, "bo@invanare.example")
            notify.ring_all()

            assert [each.attempts for each in notify.notifications()] == [1, 1]
            assert len(relay.taken) == 1


def test_all_that_waited_for_a_dead_relay_goes_on_in_order_when_it_is_back(settings: Settings) -> None:
    with worker(settings, port := free_port()) as notify:
        for number in range(5):
            confirm(notify, f"person{number}@invanare.example")
        waiting = notify.open_deliveries()
        # Each later one has failed more often, so that by their pauses alone they would leave in another order.
        for number, message_id in enumerate(reversed(waiting)):
            for _ in range(number + 4):
                notify.inbox.run(message_id)
        assert {each.state for each in notify.notifications()} == {"temporary-failure"}
        assert notify.open_deliveries(due=True) == []

    # A worker that has not learned yet to leave the relay alone.
    with ScriptedRelay(port).listening() as relay, worker(settings, port) as notify:
        confirm(notify, "ny@invanare.example")
        notify.ring_all(due=True)

        assert {each.state for each in notify.notifications()} == {"sent"}
        recipients = [each for each in relay.commands if each.startswith("rcpt")]
        assert recipients == [
            "rcpt TO:<ny@invanare.example>",
            *(f"rcpt TO:<person{number}@invanare.example>" for number in range(5)),
        ]
        assert len(set(message_ids(relay))) == 6


def test_after_three_days_of_trying_a_mail_is_given_up(settings: Settings) -> None:
    with worker(settings, free_port()) as notify:
        confirm(notify)
    with worker(settings, free_port(), clock=lambda: now() + timedelta(days=3)) as notify:
        notify.ring_all()

        given_up = notify.only("confirmation")
        assert (given_up.state, given_up.reason) == ("permanent-failure", "expired")
        assert notify.open_deliveries() == []


def test_a_template_at_fault_is_a_technical_failure_after_the_last_attempt(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "templates" / "confirmation"
    broken.mkdir(parents=True)
    (broken / "sv.txt").write_text("{{ nothing_of_that_name }}\n\nHej")
    with (
        ScriptedRelay().listening() as relay,
        worker(settings, relay.port, renderer=Renderer(tmp_path / "templates")) as notify,
    ):
        confirm(notify)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert notify.only("confirmation").state in ("created", "temporary-failure"), attempt
            notify.ring_all()

        failed = notify.only("confirmation")
        assert (failed.state, failed.reason) == ("technical-failure", "own-fault")
        assert "nothing_of_that_name" in (failed.reply or "")
        assert failed.attempts == MAX_ATTEMPTS
        assert notify.open_deliveries() == []
        assert relay.taken == []


@pytest.mark.parametrize("url", ["smtp+starttls://127.0.0.1:{}", "smtps://127.0.0.1:{}"])
def test_a_relay_that_should_speak_tls_and_does_not_gets_nothing_in_the_clear(url: str) -> None:
    with ScriptedRelay().listening() as relay:
        channel = SmtpChannel(parse_relay_url(url.format(relay.port)), hostname="notify.test", timeout=0.5)
        with pytest.raises(RelayAway):
            channel.submit(Submission("", "asa@invanare.example", b"Subject: x\r\n\r\nhemligt\r\n"))

    assert relay.taken == []
    assert not [each for each in relay.commands if "hemligt" in each or each.upper().startswith(("MAIL", "AUTH"))]


def test_mails_wait_while_the_relay_refuses_our_password() -> None:
    relay = ScriptedRelay(extensions=("AUTH PLAIN",), script={"AUTH": "535 5.7.8 no"})
    with relay.listening():
        channel = SmtpChannel(parse_relay_url(f"smtp://me:secret@127.0.0.1:{relay.port}"), hostname="notify.test")
        with pytest.raises(RelayAway) as refused:
            channel.submit(Submission("", "asa@invanare.example", b"Subject: x\r\n\r\nx\r\n"))

    assert "535" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_dots_at_the_start_of_lines_arrive_as_they_were() -> None:
    content = b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\nx.\r\n"
    with ScriptedRelay().listening() as relay:
        channel = SmtpChannel(parse_relay_url(f"smtp://127.0.0.1:{relay.port}"), hostname="notify.test")
        channel.submit(Submission("", "asa@invanare.example", content))
        channel.submit(Submission("", "asa@invanare.example", content.removesuffix(b"\r\n")))
        channel.close()

    assert relay.taken == [content, content]


WORKER = """
import sys
from shared.settings import load
from tests.integration.notify.workbench import worker
with worker(load(), int(sys.argv[1]), timeout=60) as notify:
    notify.ring_all()
"""


def test_a_worker_killed_between_data_and_commit_leads_to_the_same_mail_again_and_is_counted(
    settings: Settings,
) -> None:
    killed = threading.Event()

    def wait_for_the_kill() -> str:
        killed.wait(30)
        return "250 2.0.0 taken, and nobody there to hear it"

    environment = os.environ | {
        VARIABLES["database_url"]: settings.database_url,
        VARIABLES["data_dir"]: str(settings.data_dir),
        VARIABLES["secret_keys"]: ",".join(settings.secret_keys),
    }
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        confirm(notify)
        relay.script["."] = wait_for_the_kill
        child = subprocess.Popen([sys.executable, "-c", WORKER, str(relay.port)], env=environment)
        try:
            wait_until(lambda: relay.taken, 20)
            assert notify.only("confirmation").state == "sending"
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            killed.set()
        del relay.script["."]
        with notify.database.transaction() as session:  # as if its lease had run out
            session.execute(text("UPDATE bus.delivery SET claimed_until = now() WHERE done_at IS NULL"))

        def sent() -> bool:
            notify.ring_all()
            return notify.only("confirmation").state == "sent"

        wait_until(sent)

        confirmation = notify.only("confirmation")
        assert [each.outcome for each in notify.attempts(confirmation)] == ["interrupted", "sent"]
        assert relay.taken[0] == relay.taken[1]
        assert set(message_ids(relay)) == {confirmation.message_id}


def test_looking_for_those_that_wait_is_not_done_after_every_mail(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []

    def look(*_: object) -> int:
        looked.append(1)
        return 0

    monkeypatch.setattr(notifications, "hasten", look)
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        for number in range(10):
            confirm(notify, f"person{number}@invanare.example")
        notify.ring_all()

        assert len(relay.taken) == 10
        assert len(looked) < 10
