"""From a message on the bus to one SMS, whatever the provider does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import datetime

import pytest
from sqlalchemy import text

from services.notify.domain import receipt
from services.notify.usecases.send_sms import SETTLES
from shared.clock import now
from shared.settings import VARIABLES, Settings
from tests.integration.notify.sms_bench import LINK, NUMBER, ask, sms_worker
from tests.integration.notify.workbench import Notify
from tests.support.ports import free_port
from tests.support.providers import Answer, ScriptedProvider
from tests.support.waiting import wait_until

NO_HISTORY = Answer(body=b'{"data": []}')


def later() -> datetime:
    """When a history can be believed."""
    return now() + SETTLES


def outcomes(notify: Notify) -> list[str | None]:
    return [each.outcome for each in notify.attempts(notify.only("message"))]


def test_a_message_arrives_as_a_text_with_its_link_and_its_receipt_comes_back_to_us(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url) as notify:
        ask(notify, number="070-123 45 67")
        notify.ring_all()

        message = notify.only("message")
        (form,) = provider.requests
        callback = form.pop("whendelivered")
        assert form == {
            "from": "Krokom",
            "to": NUMBER,
            "message": f'Hej Åsa! Du har fått svar - "ja"...\n{LINK["url"]}',
        }
        assert callback.startswith(f"{settings.base_url}/api/notify/v1/receipts/sms/")
        assert receipt.notification_of(settings.signer, callback.rpartition("/")[2]) == message.id
        assert (message.state, message.provider_id) == ("sent", provider.sent[0]["id"])
        assert message.reply == f"200 id {message.provider_id}, 1 SMS"
        assert provider.queries == []
        assert notify.open_deliveries() == []


def test_a_message_is_sent_once_however_often_it_is_rung_for(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url) as notify:
        ask(notify)
        ask(notify)
        due = notify.open_deliveries()
        for _ in range(3):
            for each in due:
                notify.inbox.run(each)

        assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, b"oops", taken=True),
        Answer(200, b"<html>", taken=True),
        Answer(200, b"{}", taken=True),
        Answer(drops=True, taken=True),
        Answer(hangs=True, taken=True),
        Answer(302, b"", {"Location": "/"}, taken=True),
    ],
    ids=["500", "HTML", "no id", "drops", "hangs", "redirects"],
)
def test_a_message_that_was_taken_without_a_word_is_found_and_not_sent_again(
    settings: Settings, answer: Answer
) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url, patience=0.3) as notify:
        provider.says(answer)
        ask(notify)
        notify.ring_all()
        assert (notify.only("message").state, notify.only("message").reason) == ("temporary-failure", "relay-away")

        notify.ring_all()

        message = notify.only("message")
        assert (message.state, message.provider_id) == ("sent", provider.sent[0]["id"])
        assert "history" in (message.reply or "")
        assert outcomes(notify) == ["interrupted", "sent"]
        assert len(provider.sent) == len(provider.requests) == 1


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, b"nonsense"), Answer(drops=True)])
def test_a_message_that_was_not_taken_is_sent_once_the_history_can_be_believed(
    settings: Settings, answer: Answer
) -> None:
    with ScriptedProvider().listening() as provider:
        with sms_worker(settings, provider.url) as notify:
            provider.says(answer)
            ask(notify)
            notify.ring_all()
            notify.ring_all()
            assert len(provider.requests) == 1
            waiting = notify.only("message")
            assert waiting.next_try is not None
            assert waiting.next_try - now() > SETTLES / 2

        with sms_worker(settings, provider.url, clock=later) as notify:
            notify.ring_all()

            assert notify.only("message").state == "sent"
            assert outcomes(notify) == ["interrupted", "temporary-failure", "sent"]
            assert len(provider.sent) == 1


def test_a_message_that_is_late_in_the_history_is_not_sent_again(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url) as notify:
        provider.says(Answer(500, taken=True))
        provider.histories.append(NO_HISTORY)
        ask(notify)
        for _ in range(3):
            notify.ring_all()

        assert notify.only("message").state == "sent"
        assert len(provider.sent) == 1


def test_nothing_is_sent_again_while_the_history_cannot_be_read(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url, clock=later) as notify:
        provider.says(Answer(500, taken=True))
        provider.histories.extend([Answer(500), Answer(200, b"nonsense"), Answer(401)])
        ask(notify)
        for _ in range(4):
            notify.ring_all()
            assert notify.only("message").state == "temporary-failure"

        notify.ring_all()

        assert notify.only("message").state == "sent"
        assert len(provider.sent) == len(provider.requests) == 1
        assert outcomes(notify) == ["interrupted", *["temporary-failure"] * 3, "sent"]


def test_another_message_with_the_same_words_is_not_taken_for_it(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url, clock=later) as notify:
        provider.says(Answer(500))
        ask(notify, "first")
        notify.ring_all()
        ask(notify, "second")
        for _ in range(2):
            notify.ring_all()

        first, second = notify.notifications()
        assert (first.state, second.state) == ("sent", "sent")
        assert first.provider_id != second.provider_id
        assert len(provider.sent) == 2


def test_a_provider_that_is_away_gets_the_message_when_it_is_back_and_is_asked_for_no_history(
    settings: Settings,
) -> None:
    provider = ScriptedProvider(port=free_port())
    with sms_worker(settings, provider.url) as notify:
        ask(notify)
        notify.ring_all()
        assert notify.only("message").reason == "relay-away"
        with provider.listening():
            notify.ring_all()

            assert outcomes(notify) == ["temporary-failure", "sent"]
            assert provider.queries == []


def test_messages_wait_while_our_account_is_empty(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url) as notify:
        provider.says(Answer(403, b"Not enough credits"))
        ask(notify)
        notify.ring_all()
        waiting = notify.only("message")
        assert (waiting.state, waiting.reason, waiting.reply) == (
            "temporary-failure",
            "relay-away",
            "403 Not enough credits",
        )

        notify.ring_all()

        assert notify.only("message").state == "sent"


def test_a_plain_no_ends_it(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url) as notify:
        provider.says(Answer(403, b"Sending to this country is disallowed by default"))
        ask(notify)
        notify.ring_all()

        refused = notify.only("message")
        assert (refused.state, refused.reason) == ("permanent-failure", "relay-refused")
        assert refused.reply == "403 Sending to this country is disallowed by default"
        assert notify.open_deliveries() == []


def test_a_number_that_takes_no_sms_costs_nothing(settings: Settings) -> None:
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url) as notify:
        ask(notify, number="0900-123 45 67")
        notify.ring_all()

        assert notify.only("message").state == "permanent-failure"
        assert provider.requests == []


def test_without_a_provider_a_message_ends_in_plain_words(settings: Settings) -> None:
    with sms_worker(settings, "") as notify:
        ask(notify)
        notify.ring_all()

        ended = notify.only("message")
        assert (ended.state, ended.reason) == ("technical-failure", "no-channel")
        assert notify.open_deliveries() == []


WORKER = """
import sys
from shared.settings import load
from tests.integration.notify.sms_bench import sms_worker
with sms_worker(load(), sys.argv[1], patience=60) as notify:
    notify.ring_all()
"""


@pytest.mark.parametrize("taken", [True, False])
def test_a_worker_killed_between_submission_and_commit_leads_to_one_sms_and_is_recorded(
    settings: Settings, taken: bool
) -> None:
    asked, killed = threading.Event(), threading.Event()

    def wait_for_the_kill() -> Answer:
        asked.set()
        killed.wait(30)
        return Answer(taken=taken)

    environment = os.environ | {
        VARIABLES["database_url"]: settings.database_url,
        VARIABLES["data_dir"]: str(settings.data_dir),
        VARIABLES["secret_keys"]: ",".join(settings.secret_keys),
    }
    with ScriptedProvider().listening() as provider, sms_worker(settings, provider.url, clock=later) as notify:
        ask(notify)
        provider.says(wait_for_the_kill)
        child = subprocess.Popen([sys.executable, "-c", WORKER, provider.url], env=environment)
        try:
            assert asked.wait(60)
            assert notify.only("message").state == "sending"
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            killed.set()
        wait_until(lambda: len(provider.sent) == taken)
        with notify.database.transaction() as session:  # as if its lease had run out
            session.execute(text("UPDATE bus.delivery SET claimed_until = now() WHERE done_at IS NULL"))

        def sent() -> bool:
            notify.ring_all()
            return notify.only("message").state == "sent"

        wait_until(sent)

        assert outcomes(notify) == ["interrupted", "sent"]
        assert len(provider.sent) == 1
        assert notify.only("message").provider_id == provider.sent[0]["id"]
