"""To a relay over TLS: only where its certificate is right, and never in the clear instead."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.notify.channels.base import RelayAway
from services.notify.channels.relay_url import parse_relay_url
from services.notify.channels.smtp import SmtpChannel
from services.notify.domain.mail import Submission
from shared.errors import MisconfiguredError
from tests.support.relays import (
    DRIP,
    ENDLESS_LINE,
    ENDLESS_REPLY,
    HANG,
    HANG_UP,
    ScriptedRelay,
    close_channels,
    open_channel,
)

TLS = Path(__file__).parent / "tls"
"""Made by us for a hundred years: ``good`` is for localhost and signed by ``ca``."""
MAIL = Submission("ide@krokom.example", "asa@invanare.example", b"Subject: x\r\n\r\nhemligt\r\n")
PATIENCE = 0.5


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_channels()


def relay_with(certificate: str, *, encrypted: bool, **script: str) -> ScriptedRelay:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(TLS / f"{certificate}.pem")
    extensions = ("AUTH PLAIN", "PIPELINING") if encrypted else ("STARTTLS", "AUTH PLAIN", "PIPELINING")
    return ScriptedRelay(extensions=extensions, tls=context, encrypted=encrypted, script=dict(script))


def channel_to(relay: ScriptedRelay, scheme: str, host: str = "localhost", query: str = "") -> SmtpChannel:
    trusted = query or f"?ca={TLS / 'ca.pem'}"
    target = parse_relay_url(f"{scheme}://me:secret@{host}:{relay.port}{trusted}")
    return open_channel(target, timeout=PATIENCE, final_timeout=PATIENCE)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_relay_with_the_right_certificate_gets_the_mail(scheme: str) -> None:
    with relay_with("good", encrypted=scheme == "smtps").listening() as relay:
        channel = channel_to(relay, scheme)
        assert [channel.submit(MAIL), channel.submit(MAIL)] == ["250 2.0.0 taken"] * 2
        channel.close()

    assert relay.taken == [MAIL.content] * 2
    assert relay.connections == 1
    verbs = [each.split(" ")[0].lower() for each in relay.commands]
    opening = ["ehlo"] if scheme == "smtps" else ["ehlo", "starttls", "ehlo"]
    assert verbs[: len(opening) + 1] == [*opening, "auth"]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
@pytest.mark.parametrize("certificate", ["wrong_name", "self_signed", "expired"])
def test_a_relay_with_a_wrong_certificate_gets_nothing(certificate: str, scheme: str) -> None:
    with (
        relay_with(certificate, encrypted=scheme == "smtps").listening() as relay,
        pytest.raises(RelayAway, match="certificate is wrong"),
    ):
        channel_to(relay, scheme).submit(MAIL)

    assert relay.taken == []
    assert [each for each in relay.commands if not each.lower().startswith(("ehlo", "starttls"))] == []


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_for_another_name_than_the_url_has_is_wrong(scheme: str) -> None:
    with (
        relay_with("good", encrypted=scheme == "smtps").listening() as relay,
        pytest.raises(RelayAway, match="certificate is wrong"),
    ):
        channel_to(relay, scheme, host="127.0.0.1").submit(MAIL)


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_without_ca_only_the_machines_own_certificates_are_trusted(scheme: str) -> None:
    with (
        relay_with("good", encrypted=scheme == "smtps").listening() as relay,
        pytest.raises(RelayAway, match="certificate is wrong"),
    ):
        channel_to(relay, scheme, query="?rate=600").submit(MAIL)


@pytest.mark.parametrize(
    "reply",
    [
        "454 4.7.0 not now",
        "502 5.5.1 no",
        "421 4.3.2 closing",
        "250 2.0.0 not the right word",
        HANG,
        HANG_UP,
        DRIP,
        ENDLESS_LINE,
        ENDLESS_REPLY,
        "what?",
    ],
)
def test_a_relay_that_does_not_begin_tls_is_away(reply: str) -> None:
    with relay_with("good", encrypted=False, STARTTLS=reply).listening() as relay, pytest.raises(RelayAway):
        channel_to(relay, "smtp+starttls").submit(MAIL)

    assert [each.split(" ")[0].upper() for each in relay.commands] == ["EHLO", "STARTTLS"]


def test_what_came_in_the_clear_after_the_word_for_tls_ends_the_connection() -> None:
    relay = relay_with("good", encrypted=False, STARTTLS="220 2.0.0 go on\r\n250-injected\r\n250 AUTH PLAIN")
    with relay.listening(), pytest.raises(RelayAway, match="no STARTTLS: 220"):
        channel_to(relay, "smtp+starttls").submit(MAIL)


def test_a_relay_that_offers_no_starttls_gets_nothing_in_the_clear() -> None:
    relay = relay_with("good", encrypted=False)
    relay.extensions = ("AUTH PLAIN",)
    with relay.listening(), pytest.raises(RelayAway, match="STARTTLS"):
        channel_to(relay, "smtp+starttls").submit(MAIL)

    assert [each.split(" ")[0] for each in relay.commands] == ["ehlo"]


def test_what_a_relay_says_of_itself_before_tls_counts_for_nothing() -> None:
    relay = relay_with("good", encrypted=False)
    relay.extensions = ("STARTTLS", "AUTH PLAIN", "SIZE 50000000")

    def forget() -> str:
        relay.extensions = ("AUTH PLAIN",)
        return "220 2.0.0 go on"

    relay.script["STARTTLS"] = forget
    with relay.listening():
        channel_to(relay, "smtp+starttls").submit(MAIL)

    assert "mail FROM:<ide@krokom.example>" in relay.commands  # without SIZE=


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem"])
def test_certificates_that_cannot_be_read_are_named_at_the_start(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.pem").write_text("")
    target = parse_relay_url(f"smtps://relay.example?ca={tmp_path / name}")
    with pytest.raises(MisconfiguredError, match=f"SMTP_RELAY_URL: .*{name}"):
        open_channel(target)
