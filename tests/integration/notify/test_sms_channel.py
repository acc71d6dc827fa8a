"""46elks' API over a real socket: what is taken, what is refused, and what nobody knows."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.notify.channels.base import NeedsAPerson, Refused, RelayAway, Unanswered
from services.notify.channels.retry_after import LONGEST_PAUSE
from services.notify.channels.sms import MAX_ANSWER, SmsChannel
from services.notify.channels.sms_url import parse_sms_url
from services.notify.domain.sms import Sms
from shared.clock import now
from tests.support.ports import free_port
from tests.support.providers import PASSWORD, USER, Answer, ScriptedProvider

SMS = Sms("+46701234567", "Krokom", "Hej Åsa! 50 % & {mer} + 1 €\nhttps://ide.krokom.example/i/KRO-2026-0042")
CALLBACK = "https://ide.krokom.example/api/notify/v1/receipts/sms/abc"
START = now() - timedelta(minutes=1)


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider().listening() as found:
        yield found


def channel_to(provider: ScriptedProvider, *, patience: float = 1.0) -> SmsChannel:
    return SmsChannel(parse_sms_url(provider.url), timeout=(1.0, patience))


def submit(provider: ScriptedProvider, *answers: Answer, patience: float = 1.0) -> None:
    provider.says(*answers)
    channel_to(provider, patience=patience).submit(SMS, callback_url=CALLBACK)


def test_a_message_arrives_as_it_was_written_and_its_receipt_names_it(provider: ScriptedProvider) -> None:
    receipt = channel_to(provider).submit(SMS, callback_url=CALLBACK)

    assert provider.requests == [
        {"from": "Krokom", "to": "+46701234567", "message": SMS.text, "whendelivered": CALLBACK}
    ]
    assert provider.authorization == [f"{USER}:{PASSWORD}"]
    assert receipt.provider_id == provider.sent[0]["id"]
    assert receipt.parts == 1
    assert receipt.provider_id in receipt.reply


def test_the_parts_are_the_providers_count_or_else_ours(provider: ScriptedProvider) -> None:
    for said, counted in ((3, 3), ("3", 1), (0, 1), (None, 1), (True, 1)):
        provider.says(Answer(body=json.dumps({"id": "s1", "parts": said}).encode()))

        assert channel_to(provider).submit(SMS, callback_url=CALLBACK).parts == counted


@pytest.mark.parametrize(
    "words", ["Alphanumeric numbers may not start with a digit", "Invalid to number", "<html>\n <b>No</b></html>"]
)
@pytest.mark.parametrize("status", [400, 403])
def test_a_plain_no_is_for_good_and_is_told_in_the_providers_words(
    provider: ScriptedProvider, status: int, words: str
) -> None:
    with pytest.raises(Refused) as refused:
        submit(provider, Answer(status, words.encode()))

    assert str(status) in refused.value.reason
    assert words.split()[-1] in refused.value.reason


def test_what_the_provider_says_is_cut_and_tells_no_password(provider: ScriptedProvider) -> None:
    with pytest.raises(Refused) as refused:
        submit(provider, Answer(400, f"bad: {USER}:{PASSWORD} {'x' * 5000}".encode()))

    assert USER not in refused.value.reason
    assert PASSWORD not in refused.value.reason
    assert len(refused.value.reason) < 300


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "API access requires Basic HTTP authentication"),
        (403, "Not enough credits"),
        (403, "Account is suspended"),
        (402, ""),
        (404, ""),
        (405, ""),
    ],
)
def test_messages_wait_while_our_account_is_at_fault_and_somebody_is_told(
    provider: ScriptedProvider, status: int, words: str
) -> None:
    with capture_logs() as logged, pytest.raises(NeedsAPerson) as refused:
        submit(provider, Answer(status, words.encode()))

    assert str(status) in str(refused.value)
    assert [(each["event"], each["log_level"]) for each in logged] == [("sms_account_refused", "error")]


def _in_seconds(seconds: int) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        (lambda: "7", 7, 7),
        (lambda: _in_seconds(90), 60, 91),
        (lambda: _in_seconds(-90), 0, 0),
        (lambda: "99999999", LONGEST_PAUSE.total_seconds(), LONGEST_PAUSE.total_seconds()),
    ],
)
def test_a_provider_that_is_asked_too_often_says_how_long_to_wait(
    provider: ScriptedProvider, said: Callable[[], str], least: float, most: float
) -> None:
    with pytest.raises(RelayAway) as away:
        submit(provider, Answer(429, b"slow down", {"Retry-After": said()}))

    assert not isinstance(away.value, Unanswered)
    assert away.value.retry_after is not None
    assert least <= away.value.retry_after.total_seconds() <= most


@pytest.mark.parametrize("said", ["", "soon", "-1", "1.5"])
def test_a_wait_that_cannot_be_read_is_none(provider: ScriptedProvider, said: str) -> None:
    with pytest.raises(RelayAway) as away:
        submit(provider, Answer(429, b"slow down", {"Retry-After": said}))

    assert away.value.retry_after is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, b"Internal Server Error"),
        Answer(502, b"<html>Bad Gateway</html>"),
        Answer(503, b"", {"Retry-After": "5"}),
        Answer(200, b""),
        Answer(200, b"<html>Welcome to the hotel's network</html>"),
        Answer(200, b"sent!"),
        Answer(200, b"null"),
        Answer(200, b'["s1"]'),
        Answer(200, b"{}"),
        Answer(200, b'{"id": 7}'),
        Answer(200, b'{"id": ""}'),
        Answer(200, b'{"id": "a b\\u0000"}'),
        Answer(200, b'{"id": "s1"'),
        Answer(200, b"\xff\xfe\x00"),
        Answer(200, b"[" * 60_000),
        Answer(200, b'{"id": "s1", "x": ' + b"9" * 5000 + b"}"),
        Answer(302, b"", {"Location": "/elsewhere"}),
        Answer(204, b""),
        Answer(drops=True),
        Answer(endless=True),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r:.30} {answer.headers} {answer.drops} {answer.endless}",
)
def test_an_answer_that_is_neither_yes_nor_no_leaves_it_open_whether_it_was_taken(
    provider: ScriptedProvider, answer: Answer
) -> None:
    with pytest.raises(Unanswered):
        submit(provider, answer)

    assert len(provider.requests) == 1
    assert provider.queries == []


def test_a_message_that_failed_at_once_is_refused(provider: ScriptedProvider) -> None:
    with pytest.raises(Refused):
        submit(provider, Answer(200, b'{"id": "s1", "status": "failed"}'))


@pytest.mark.parametrize("answer", [Answer(hangs=True), Answer(drips=True)])
def test_a_provider_that_never_ends_its_answer_holds_no_worker(provider: ScriptedProvider, answer: Answer) -> None:
    begun = time.monotonic()
    with pytest.raises(Unanswered):
        submit(provider, answer, patience=0.3)

    assert time.monotonic() - begun < 5


def test_an_answer_is_read_no_further_than_it_may_be_long(provider: ScriptedProvider) -> None:
    fits = b'{"id": "s1", "pad": "%s"}'
    submit(provider, Answer(body=fits % (b"x" * (MAX_ANSWER - len(fits) + 2))))
    with pytest.raises(Unanswered):
        submit(provider, Answer(body=fits % (b"x" * MAX_ANSWER)))


def test_what_was_never_sent_is_known_to_be_not_taken() -> None:
    channel = SmsChannel(parse_sms_url(ScriptedProvider(port=free_port()).url))
    with pytest.raises(RelayAway) as away:
        channel.submit(SMS, callback_url=CALLBACK)

    assert not isinstance(away.value, Unanswered)
    assert PASSWORD not in str(away.value)


def test_a_provider_whose_certificate_nobody_vouches_for_gets_no_password(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    subprocess.run([*command, "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with ScriptedProvider().listening(tls) as provider:
        channel = SmsChannel(parse_sms_url(provider.url.replace("+http", "")), timeout=(1.0, 1.0))
        with pytest.raises(NeedsAPerson):
            channel.submit(SMS, callback_url=CALLBACK)

    assert provider.requests == []


def test_a_message_that_was_taken_is_found_and_another_is_not(provider: ScriptedProvider) -> None:
    channel = channel_to(provider)
    assert channel.find(SMS, START) is None

    receipt = channel.submit(SMS, callback_url=CALLBACK)

    found = channel.find(SMS, START)
    assert found is not None
    assert found.provider_id == receipt.provider_id
    assert channel.find(Sms("+46701234568", "Krokom", SMS.text), START) is None
    assert channel.find(Sms(SMS.to, "Krokom", SMS.text + "!"), START) is None
    assert channel.find(SMS, now() + timedelta(hours=1)) is None
    assert channel.find(SMS, START, others={receipt.provider_id}) is None


def test_what_came_in_or_went_to_somebody_else_is_not_our_message(provider: ScriptedProvider) -> None:
    """Also where the provider takes no notice of what it was asked for."""
    form = {"from": "Krokom", "to": SMS.to, "message": SMS.text}
    entries = [
        provider.take(form, direction="incoming"),
        provider.take(form, to="+46701234568"),
        provider.take(form, message=None),
    ]
    provider.histories.append(Answer(body=json.dumps({"data": entries[::-1]}).encode()))

    assert channel_to(provider).find(SMS, START) is None


def test_the_oldest_of_two_is_ours(provider: ScriptedProvider) -> None:
    channel = channel_to(provider)
    first = channel.submit(SMS, callback_url=CALLBACK)
    channel.submit(SMS, callback_url=CALLBACK)

    found = channel.find(SMS, START)
    assert found is not None
    assert found.provider_id == first.provider_id


def test_the_whole_history_since_then_is_looked_through_page_by_page(provider: ScriptedProvider) -> None:
    provider.page = 10
    form = {"from": "Krokom", "to": SMS.to, "message": "another"}
    wanted = provider.take(form | {"message": SMS.text}, created="2026-11-24T08:00:00.000000")
    for number in range(25):
        provider.take(form, created=f"2026-11-24T08:01:{number:02}.000000")
    channel = channel_to(provider)

    found = channel.find(SMS, datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    assert found is not None
    assert found.provider_id == wanted["id"]
    assert len(provider.queries) == 3

    assert channel.find(SMS, datetime(2026, 11, 24, 8, 6, tzinfo=UTC)) is None


def test_a_history_without_end_is_given_up(provider: ScriptedProvider) -> None:
    provider.page = 1
    for number in range(30):
        provider.take({"from": "Krokom", "to": SMS.to, "message": f"{number}"}, created=f"2099-01-01T00:00:{number:02}")

    with pytest.raises(RelayAway):
        channel_to(provider).find(SMS, START)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(401, b"no"),
        Answer(403, b"no"),
        Answer(body=b"<html>"),
        Answer(body=b"{}"),
        Answer(body=b'{"data": {}}'),
        Answer(body=b'{"data": ["s1"]}'),
        Answer(body=b'{"data": [{}]}'),
        Answer(body=b'{"data": [{"id": "s1"}]}'),
        Answer(body=b'{"data": [{"id": "s1", "created": "yesterday"}]}'),
        Answer(drops=True),
        Answer(hangs=True),
        Answer(endless=True),
        Answer(302, b"", {"Location": "/elsewhere"}),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r:.30} {answer.drops} {answer.hangs} {answer.endless}",
)
def test_a_history_that_cannot_be_read_is_not_an_empty_one(provider: ScriptedProvider, answer: Answer) -> None:
    provider.histories.append(answer)

    with pytest.raises(RelayAway) as away:
        channel_to(provider, patience=0.5).find(SMS, START)

    assert not isinstance(away.value, Unanswered)
