"""What a receiver's answer means for the next attempt."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from services.notify.channels.base import Refused, RelayAway, RelayBusy, Unanswered
from services.notify.channels.guarded_http import GuardedHttp
from services.notify.channels.webhook import Gone, WebhookChannel
from services.notify.domain.webhook import WebhookRequest
from tests.support.ports import free_port
from tests.support.receivers import Receiver, answer

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def submit(port: int, *, inside: bool = True) -> str:
    http = GuardedHttp(networks=(ip_network("127.0.0.0/8"),) if inside else ())
    request = WebhookRequest(f"http://127.0.0.1:{port}/hook", {"content-type": "application/json"}, b"{}")
    return WebhookChannel(http, lambda: NOW).submit(request)


def submit_to(reply: bytes) -> str:
    with Receiver(reply=reply).listening() as receiver:
        return submit(receiver.port)


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_every_2xx_is_taken(status: str) -> None:
    assert submit_to(answer(status)) == status[:3]


def test_the_reply_is_one_line_and_its_beginning() -> None:
    words = submit_to(answer("200 OK", "tack\r\n\x00\x1b[31m så mycket ".encode() + b"x" * 4000))

    assert words.startswith("200 tack [31m så mycket x")
    assert len(words) <= 504


def test_410_ends_it_for_that_endpoint() -> None:
    with pytest.raises(Gone, match="410") as refusal:
        submit_to(answer("410 Gone"))
    assert isinstance(refusal.value, Refused)


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "404 Not Found", "422 No", "500 Oops", "502 Bad Gateway"])
def test_every_other_refusal_is_tried_again(status: str) -> None:
    with pytest.raises(RelayBusy, match=status[:3]) as failure:
        submit_to(answer(status))
    assert failure.value.retry_after is None


def test_a_redirect_is_a_refusal() -> None:
    with pytest.raises(RelayBusy, match="redirect"):
        submit_to(answer("302 Found", Location="https://elsewhere.example/"))


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("0", timedelta(0)),
        ("9" * 30, timedelta(hours=1)),
        ("Tue, 24 Nov 2026 09:10:00 GMT", timedelta(minutes=10)),
        ("Tue, 24 Nov 2026 09:10:00", timedelta(minutes=10)),
        ("Wed, 25 Nov 2026 09:10:00 GMT", timedelta(hours=1)),
        ("Mon, 23 Nov 2026 09:10:00 GMT", timedelta(0)),
        ("-5", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_a_receiver_may_say_when_to_come_back_within_an_hour(status: str, asked: str, wait: timedelta | None) -> None:
    with pytest.raises(RelayBusy) as failure:
        submit_to(answer(status, retry_after=asked))
    assert failure.value.retry_after == wait


def test_an_inner_address_is_tried_again_without_a_connection() -> None:
    """Names change: what leads inside now may be mended before the day is over."""
    with Receiver().listening() as receiver, pytest.raises(RelayBusy, match="inside our own network"):
        submit(receiver.port, inside=False)
    assert receiver.connections == 0


def test_nobody_there_and_no_answer_are_told_apart() -> None:
    with pytest.raises(RelayAway) as away:
        submit(free_port())
    assert not isinstance(away.value, Unanswered)

    hanging_up = Receiver(reply=lambda peer: peer.shutdown(socket.SHUT_RDWR) or b"")
    with hanging_up.listening() as receiver, pytest.raises(Unanswered):
        submit(receiver.port)
