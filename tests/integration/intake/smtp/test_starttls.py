"""TLS begins with a clean slate: what was said in the clear before it counts for nothing (CVE-2024-34083)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import MisconfiguredError
from shared.settings import Settings
from tests.integration.intake.smtp.harness import IDE, Client, Running, Stored, listening

PEM = Path(__file__).parent / "tls"

INJECTED = [
    b"NOOP\r\n",
    b"RSET\r\n",
    b"QUIT\r\n",
    b"HELP\r\n",
    b"VRFY a@b\r\n",
    b"XYZZY\r\n",
    b"EHLO evil.example\r\n",
    b"HELO evil.example\r\n",
    b"MAIL FROM:<evil@b>\r\n",
    b"EHLO evil.example\r\nMAIL FROM:<evil@b>\r\n",
    f"MAIL FROM:<evil@b>\r\nRCPT TO:<{IDE}>\r\n".encode(),
    f"EHLO e\r\nMAIL FROM:<evil@b>\r\nRCPT TO:<{IDE}>\r\nDATA\r\nevil\r\n.\r\n".encode(),
    b"STARTTLS\r\n",
    b"AUTH PLAIN AGEAYg==\r\n",
    b"BDAT 4 LAST\r\nevil",
    b"NOOP\n",
    b"MAIL FROM:<evil",
    b"\r\n",
    b"NOOP\r\n" * 1000,
    b"x" * 4000,
]


@pytest.fixture(scope="module")
def with_tls(module_settings: Settings, stored: Stored) -> Iterator[Running]:
    """A listener with a certificate."""
    pem = {"smtp_tls_cert": str(PEM / "cert.pem"), "smtp_tls_key": str(PEM / "key.pem")}
    with listening(module_settings, **pem) as running:
        yield running


def _begin_tls(c: Client) -> None:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    c.socket = context.wrap_socket(c.socket)


def test_a_mail_over_tls_is_stored_with_its_cipher(with_tls: Running, stored: Stored) -> None:
    with Client(with_tls.port) as c:
        assert "250-STARTTLS" in c.say("EHLO client.example").split("\n")
        assert c.say("STARTTLS") == "220 2.0.0 Ready to start TLS"
        _begin_tls(c)
        assert "STARTTLS" not in c.say("EHLO client.example")
        assert c.say("STARTTLS").startswith("503 5.5.1")
        content = b"Subject: large\r\n\r\n" + b"y" * 300_000 + b"\r\n"
        correlation_id = c.mail(content).split()[-1]
        assert c.say("QUIT").startswith("221")

    [(protocol, tls, raw)] = stored.rows(
        "SELECT protocol, tls, raw FROM intake.inbound_email e JOIN intake.raw_mail r ON r.id = e.raw_id"
        " WHERE correlation_id = %s",
        [correlation_id],
    )
    assert protocol == "ESMTPS"
    assert tls.startswith("TLSv1.3 TLS_")
    assert raw == content


@pytest.mark.parametrize("injected", INJECTED, ids=lambda octets: repr(octets[:40]))
def test_no_command_injected_before_tls_is_run(with_tls: Running, stored: Stored, injected: bytes) -> None:
    before = stored.count()
    with Client(with_tls.port) as c:
        c.hello()
        c.send(b"STARTTLS\r\n" + injected)
        assert c.reply() == "220 2.0.0 Ready to start TLS"
        _begin_tls(c)

        # the first reply answers the first command under TLS, and nothing of before is known
        assert c.say("MAIL FROM:<a@b>") == "503 5.5.1 Say hello first"
        assert c.say("NOOP") == "250 2.0.0 Ok"
    assert stored.count() == before


def test_the_state_before_tls_is_forgotten(with_tls: Running) -> None:
    with Client(with_tls.port) as c:
        c.hello()
        c.say("MAIL FROM:<a@b>")
        c.say(f"RCPT TO:<{IDE}>")
        c.say("STARTTLS")
        _begin_tls(c)

        assert c.say("DATA").startswith("503 5.5.1")
        assert c.say("MAIL FROM:<a@b>").startswith("503 5.5.1")


def test_a_failed_handshake_ends_that_session_alone(with_tls: Running) -> None:
    with Client(with_tls.port) as c:
        c.hello()
        c.say("STARTTLS")
        c.send(b"MAIL FROM:<a@b>\r\n" * 10)
        while c.line():
            pass
    with Client(with_tls.port) as c:
        assert c.hello().mail().startswith("250 2.0.0")


def test_a_certificate_that_cannot_be_read_is_named_at_the_start(module_settings: Settings) -> None:
    with (
        pytest.raises(MisconfiguredError, match="IDESLUSS_SMTP_TLS_CERT"),
        listening(module_settings, smtp_tls_cert="/nowhere", smtp_tls_key="/nowhere"),
    ):
        pass
