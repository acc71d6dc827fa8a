"""Behind another mail server or a proxy: LMTP, and the PROXY protocol from those who may speak it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from services.intake.smtp.accept import GroupCommit
from shared.settings import Settings
from tests.integration.intake.smtp.harness import IDE, Client, Running, Stored, client, listening

V2 = b"\r\n\r\n\0\r\nQUIT\n"
HERE = (ip_network("127.0.0.1/32"),)


@pytest.fixture(scope="module")
def lmtp(module_settings: Settings, stored: Stored) -> Iterator[Running]:
    """A listener that speaks LMTP."""
    with listening(module_settings, smtp_lmtp=True, smtp_max_size=10_000) as running:
        yield running


@pytest.fixture(scope="module")
def proxied(module_settings: Settings, stored: Stored) -> Iterator[Running]:
    """A listener to which 127.0.0.1 is a proxy."""
    with listening(module_settings, proxy_peers=HERE, smtp_command_timeout=1.0) as running:
        yield running


def test_lmtp_gives_one_reply_for_each_accepted_recipient(lmtp: Running, stored: Stored) -> None:
    with Client(lmtp.port, greeted=False) as c:
        assert c.reply() == "220 localhost LMTP Idesluss"
        assert c.say("EHLO front.example").startswith("500 5.5.1")
        assert c.say("HELO front.example").startswith("500 5.5.1")
        assert c.say("LHLO front.example").startswith("250")
        c.say("MAIL FROM:<a@b>")
        assert c.say(f"RCPT TO:<{IDE}>").startswith("250")
        assert c.say("RCPT TO:<nobody@krokom.example>").startswith("550 5.1.1")
        assert c.say("RCPT TO:<ide+2@krokom.example>").startswith("250")
        c.say("DATA")
        first = c.say("hej\r\n.")
        assert c.reply() == first
        assert c.say("NOOP").startswith("250 2.0.0 Ok")

    rows = stored.rows(
        "SELECT protocol, count(*) FROM intake.inbound_email WHERE correlation_id = %s GROUP BY 1",
        [first.split()[-1]],
    )
    assert rows == [("LMTP", 2)]


def test_lmtp_refuses_a_mail_once_for_each_recipient(lmtp: Running) -> None:
    with Client(lmtp.port) as c:
        c.say("LHLO front.example")
        c.begin_data(IDE, "ide+2@krokom.example")
        c.send(b"x" * 10_001 + b"\r\n.\r\n")

        assert [c.reply()[:9], c.reply()[:9]] == ["552 5.3.4"] * 2
        assert c.say("NOOP").startswith("250")


def test_lmtp_tells_a_fault_of_our_own_once_for_each_recipient(lmtp: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret dsn=postgres://x")

    with Client(lmtp.port) as c:
        c.say("LHLO front.example")
        c.begin_data(IDE, "ide+2@krokom.example")
        monkeypatch.setattr(GroupCommit, "accept", fail)
        c.send(b"x\r\n.\r\n")

        assert [c.reply(), c.reply()] == ["451 4.3.0 Temporary fault, please try again later"] * 2
        assert c.say("NOOP").startswith("250")


def _v2(command: int, family: int, body: bytes) -> bytes:
    return V2 + bytes([0x20 | command, family]) + struct.pack("!H", len(body)) + body


HEADERS = {
    b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\r\n": "192.0.2.7",
    b"PROXY TCP6 2001:db8::7 ::1 4711 25\r\n": "2001:db8::7",
    b"PROXY UNKNOWN\r\n": "127.0.0.1",
    _v2(1, 0x11, socket.inet_aton("192.0.2.8") + socket.inet_aton("127.0.0.1") + b"\x12\x34\0\x19"): "192.0.2.8",
    _v2(1, 0x21, socket.inet_pton(socket.AF_INET6, "2001:db8::8") * 2 + b"\x12\x34\0\x19"): "2001:db8::8",
    _v2(1, 0x11, socket.inet_aton("192.0.2.9") * 2 + b"\x12\x34\0\x19" + b"\x04\0\x02xx"): "192.0.2.9",
    _v2(0, 0x00, b""): "127.0.0.1",
    _v2(0, 0x11, socket.inet_aton("192.0.2.8") * 2 + b"\x12\x34\0\x19"): "127.0.0.1",
}


@pytest.mark.parametrize("header", HEADERS, ids=lambda header: repr(header[:40]))
@pytest.mark.parametrize("chunk", [1, 1 << 20], ids=["octet by octet", "one packet"])
def test_a_listed_proxy_says_who_the_client_is(proxied: Running, stored: Stored, header: bytes, chunk: int) -> None:
    with Client(proxied.port, greeted=False) as c:
        for start in range(0, len(header), chunk):
            c.send(header[start : start + chunk])
        assert c.reply().startswith("220 ")
        correlation_id = c.hello().mail().split()[-1]

    [(peer_ip, trusted)] = stored.rows(
        "SELECT peer_ip, trusted_peer FROM intake.inbound_email WHERE correlation_id = %s", [correlation_id]
    )
    assert peer_ip == HEADERS[header]
    assert trusted == (peer_ip == "127.0.0.1")


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO x\r\n",
        b"PROXY\r\n",
        b"PROXY TCP4 256.0.0.1 127.0.0.1 1 25\r\n",
        b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 25\n",
        b"PROXY TCP4 " + b"1" * 5000 + b"\r\n",
        b"\r\n\r\n\0\r\nQUIX\n" + b"\0" * 20,
        V2 + b"\x11\x11\0\x0c" + b"\0" * 12,
        V2 + b"\x21\x11\xff\xff" + b"\0" * 5000,
        V2 + b"\x21\x11\0\x04" + b"\0" * 4,
    ],
    ids=lambda header: repr(header[:24]),
)
def test_a_malformed_header_ends_the_connection_without_a_word(proxied: Running, header: bytes) -> None:
    with Client(proxied.port, greeted=False) as c:
        c.send(header)
        assert c.is_closed()


def test_a_proxy_that_says_nothing_is_not_waited_for_for_ever(proxied: Running) -> None:
    with Client(proxied.port, greeted=False) as c:
        c.send(b"PROXY TCP4 ")
        assert c.reply().startswith("421 4.4.2")


def test_nobody_else_is_believed(running: Running) -> None:
    with Client(running.port) as c:
        assert c.say("PROXY TCP4 192.0.2.7 127.0.0.1 4711 25").startswith("500 5.5.1")
    with client(running) as c:
        c.send(next(header for header in HEADERS if header.startswith(V2)))
        assert c.reply()[0] in "5"
