"""Only CRLF.CRLF ends a mail (SEC Consult 2023, CVE-2023-51764, CVE-2024-27305)."""

from __future__ import annotations

import socket

import pytest

from tests.integration.intake.smtp.harness import IDE, Running, Stored, client

ENDINGS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\n\x0b.\r\n",
    b"\x85.\x85",
    b"\r\n..\r\n",
    b"\r\n. \r\n",
]


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
@pytest.mark.parametrize("chunk", [1, 1 << 20], ids=["octet by octet", "one packet"])
def test_no_other_ending_makes_two_mails(running: Running, stored: Stored, ending: bytes, chunk: int) -> None:
    before = len(stored.raws())
    content = (
        b"Subject: first\r\n\r\nfirst"
        + ending
        + f"MAIL FROM:<evil@b>\r\nRCPT TO:<{IDE}>\r\nDATA\r\nSubject: second\r\n\r\nsecond\r\n".encode()
    )
    with client(running) as c:
        c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        c.begin_data()
        octets = content + b".\r\n"
        for start in range(0, len(octets), chunk):
            c.send(octets[start : start + chunk])
        assert c.reply().startswith("250 2.0.0")
        assert c.say("QUIT").startswith("221")

    [raw] = stored.raws()[before:]
    assert raw == content.replace(b"\r\n.", b"\r\n")


def test_crcrlf_dot_crlf_ends_a_mail_since_it_holds_the_right_ending(running: Running, stored: Stored) -> None:
    with client(running) as c:
        c.begin_data()
        assert c.say(b"x\r\r\n.").startswith("250 2.0.0")

    assert stored.raws()[-1] == b"x\r\r\n"
