"""SMTP_RELAY_URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notify.channels.relay_url import Relay, parse_relay_url, parse_relay_urls
from services.notify.channels.smtp import SmtpChannel
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
        ("smtp://me:secret@127.0.0.1", Relay("smtp", "127.0.0.1", 25, "me", "secret")),
        ("smtp://me:secret@[::1]", Relay("smtp", "::1", 25, "me", "secret")),
        ("smtp://me:secret@localhost", Relay("smtp", "localhost", 25, "me", "secret")),
        ("smtp://relay.example/", Relay("smtp", "relay.example", 25)),
        ("smtp://relay.example?rate=600", Relay("smtp", "relay.example", 25, rate=600)),
        (
            "smtps://relay.example:4465?ca=/etc/a%20b.pem&rate=1",
            Relay("smtps", "relay.example", 4465, ca=Path("/etc/a b.pem"), rate=1),
        ),
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
        "smtp://me:secret@relay.example",
        "smtp://me:secret@10.0.0.1",
        "smtps://me:sécret@relay.example",
        "smtps://me:secret@relay.example/path",
        "smtps://me:secret@relay.example#x",
        "smtps://me:secret@relay.example?rate=0",
        "smtps://me:secret@relay.example?rate=-1",
        "smtps://me:secret@relay.example?rate=many",
        "smtps://me:secret@relay.example?rate=1000001",
        "smtps://me:secret@relay.example?rate=",
        "smtps://me:secret@relay.example?ca=",
        "smtps://me:secret@relay.example?verify=no",
        "smtps://me:secret@relay.example?secret",
        "smtp://relay.example?ca=/etc/ca.pem",
    ],
)
def test_another_form_is_refused_by_name_and_without_its_password(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="SMTP_RELAY_URL") as refused:
        parse_relay_url(url)
    assert "secret" not in str(refused.value)


def test_several_relays_stand_in_the_order_in_which_they_are_tried() -> None:
    text = " smtps://me:a,b@first.example?rate=10 , smtp+starttls://second.example,smtp://third.example:2525 "
    assert parse_relay_urls(text) == (
        Relay("smtps", "first.example", 465, "me", "a,b", rate=10),
        Relay("smtp+starttls", "second.example", 587),
        Relay("smtp", "third.example", 2525),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "smtp://a.example,",
        "smtp://a.example,,smtp://b.example",
        "smtp://a.example b.example",
        "smtp://a.example,smtp://a.example:25",
        "smtp://a.example,http://b.example",
        "smtps://me:secret@a.example,smtp://me:secret@b.example",
    ],
)
def test_one_wrong_relay_among_several_is_refused(text: str) -> None:
    with pytest.raises(MisconfiguredError, match="SMTP_RELAY_URL") as refused:
        parse_relay_urls(text)
    assert "secret" not in str(refused.value)


def test_a_relay_shows_its_place_and_never_its_password() -> None:
    relay = parse_relay_url("smtps://me:secret@[2001:db8::1]:25")
    assert (str(relay), repr(relay)) == ("[2001:db8::1]:25", "Relay(smtps://[2001:db8::1]:25)")


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
