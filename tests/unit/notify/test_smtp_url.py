"""SMTP_RELAY_URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notify.channels.smtp import Relay, SmtpChannel, parse_relay_url
from services.notify.domain.mail import Submission
from services.notify.worker import relay_url
from shared.errors import MisconfiguredError
from shared.settings import load


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://relay.example", Relay("smtp", "relay.example", 25)),
        ("smtp://127.0.0.1:1025", Relay("smtp", "127.0.0.1", 1025)),
        ("smtp+starttls://relay.example", Relay("smtp+starttls", "relay.example", 587)),
        ("smtps://me:p%40ss%3A@relay.example", Relay("smtps", "relay.example", 465, "me", "p@ss:")),
        ("smtp://[::1]:25", Relay("smtp", "::1", 25)),
    ],
)
def test_each_form_is_read(url: str, relay: Relay) -> None:
    assert parse_relay_url(url) == relay


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example",
        "http://relay.example",
        "smtp://",
        "smtp://me:secret@:25",
        "smtp://me:secret@x:port",
        "smtp://me:secret@x:0",
    ],
)
def test_another_form_is_refused_by_name_and_without_its_password(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="SMTP_RELAY_URL") as refused:
        parse_relay_url(url)
    assert "secret" not in str(refused.value)


def test_without_relay_or_mailbox_there_is_nowhere_to_send_to(tmp_path: Path) -> None:
    environ = {"IDESLUSS_SECRET_KEY": "k" * 32, "IDESLUSS_DATA_DIR": str(tmp_path)}
    with pytest.raises(MisconfiguredError, match="IDESLUSS_MAILBOX_PORT"):
        relay_url(load(environ))
    assert relay_url(load(environ, mailbox_port=1025)) == "smtp://127.0.0.1:1025"
    assert relay_url(load(environ, smtp_relay_url="smtp://relay.example")) == "smtp://relay.example"


@pytest.mark.parametrize(
    ("sender", "recipient", "content"),
    [
        ("", "a@x.example\r\nRCPT TO:<b@x.example>", b"x\r\n"),
        ("b@x.example\r\nRSET", "a@x.example", b"x\r\n"),
        ("", "a@x.example", b"x\n.\nMAIL FROM:<b@x.example>\r\n"),
        ("", "a@x.example", b"x\r.\rMAIL FROM:<b@x.example>\r\n"),
        ("", "a@x.example", b"x\r\n.\n\r\n"),
        ("", "\u00e5sa@x.example", b"x\r\n"),
    ],
)
def test_nothing_that_could_be_read_as_a_command_is_even_tried(sender: str, recipient: str, content: bytes) -> None:
    channel = SmtpChannel(Relay("smtp", "127.0.0.1", 1), hostname="x")
    with pytest.raises(ValueError, match=r"mailbox|CRLF|SMTPUTF8"):
        channel.submit(Submission(sender, recipient, content))
