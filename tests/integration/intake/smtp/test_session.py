"""What a session says to commands, right and wrong."""

from __future__ import annotations

import re
import socket

import pytest

from tests.integration.intake.smtp.harness import IDE, Client, Running, Stored, client


def test_ehlo_offers_exactly_what_is_kept(running: Running) -> None:
    with Client(running.port) as c:
        lines = c.say("EHLO client.example").split("\n")

    assert [line[4:] for line in lines[1:]] == [
        "SIZE 41943040",
        "8BITMIME",
        "SMTPUTF8",
        "PIPELINING",
        "ENHANCEDSTATUSCODES",
    ]


def test_a_mail_is_stored_octet_for_octet_with_its_envelope(running: Running, stored: Stored) -> None:
    body = "Subject: hej\r\n\r\n..två punkter\r\nåäö\r\n".encode() + b"bare\nLF bare\rCR \0 NUL\r\n"
    with client(running) as c:
        assert c.say("MAIL FROM:<Åsa+x@b.example> BODY=8BITMIME SIZE=100 SMTPUTF8") == "250 2.1.0 Sender ok"
        assert c.say("RCPT TO:<IDE+a.b@Krokom.Example>") == "250 2.1.5 Recipient ok"
        c.say("DATA")
        reply = c.say(body + b".")

    correlation_id = reply.removeprefix("250 2.0.0 Ok: queued as ")
    [row] = stored.rows(
        "SELECT raw, size, sha256 = sha256(raw), recipient, envelope_from, peer_ip, helo, protocol, tls,"
        " trusted_peer FROM intake.inbound_email e JOIN intake.raw_mail r ON r.id = e.raw_id"
        " WHERE correlation_id = %s",
        [correlation_id],
    )
    raw = body.replace(b"\r\n..", b"\r\n.")
    assert row == (
        *(raw, len(raw), True, "IDE+a.b@Krokom.Example", "Åsa+x@b.example"),
        *("127.0.0.1", "client.example", "UTF8SMTP", None, True),
    )


def test_an_accepted_mail_owes_the_worker_one_message_for_each_recipient(running: Running, stored: Stored) -> None:
    with client(running) as c:
        correlation_id = c.mail(b"x\r\n", IDE, "ide+2@krokom.example").split()[-1]

    rows = stored.rows(
        "SELECT m.name, m.payload, d.consumer, d.done_at FROM bus.message m"
        " JOIN bus.delivery d ON d.message_id = m.id WHERE correlation_id = %s",
        [correlation_id],
    )
    inbound = stored.rows("SELECT id FROM intake.inbound_email WHERE correlation_id = %s", [correlation_id])
    assert sorted(rows) == sorted(
        ("mail.received.v1", f'{{"inbound_email_id":"{inbound_id}"}}', "intake", None) for (inbound_id,) in inbound
    )
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("NOOP anything", "250 2.0.0"),
        ("RSET", "250 2.0.0"),
        ("RSET now", "501 5.5.4"),
        ("VRFY ide@krokom.example", "252 2.5.0"),
        ("VRFY", "501 5.5.4"),
        ("HELP", "214 2.0.0"),
        ("EXPN all", "502 5.5.1"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("LHLO x", "500 5.5.1"),
        ("TURN", "500 5.5.1"),
        ("XYZZY", "500 5.5.1"),
        ("", "500 5.5.1"),
        ("EHLO", "501 5.5.4"),
        ("DATA", "503 5.5.1"),
        ("RCPT TO:<ide@krokom.example>", "503 5.5.1"),
        ("MAIL", "501 5.5.4"),
        ("MAIL FROM <a@b>", "501 5.5.4"),
        ("MAIL FROM:<a@b", "501 5.5.4"),
        ("MAIL FROM:<a b@c>", "553 5.1.7"),
        ("MAIL FROM:<@relay.example:a@b>", "553 5.1.7"),
        ("MAIL FROM:<å@b.example>", "553 5.6.7"),
        ("MAIL FROM:<a@b> SIZE=41943041", "552 5.3.4"),
        ("MAIL FROM:<a@b> SIZE=much", "501 5.5.4"),
        ("MAIL FROM:<a@b> SIZE=" + "9" * 30, "501 5.5.4"),
        ("MAIL FROM:<a@b> BODY=BINARYMIME", "501 5.5.4"),
        ("MAIL FROM:<a@b> SMTPUTF8=yes", "501 5.5.4"),
        ("MAIL FROM:<a@b> AUTH=<>", "555 5.5.4"),
        ("MAIL FROM:<a@b> RET=HDRS", "555 5.5.4"),
        ("MAIL FROM:<a@b> SIZE=1 SIZE=1", "501 5.5.4"),
        ("NOOP nul\0", "500 5.5.2"),
        ("NOOP \x0b", "500 5.5.2"),
        (b"NOOP x", "250 2.0.0"),
        (b"MAIL FROM:<\xff@b>", "500 5.5.2"),
    ],
)
def test_every_command_gets_its_reply_and_the_session_goes_on(
    running: Running, command: str | bytes, expected: str
) -> None:
    with client(running) as c:
        reply = c.say(command)

        assert reply.startswith(expected)
        assert re.fullmatch(r"[2-5]\d\d [245]\.\d\.\d [ -~]+", reply)
        assert c.say("NOOP") == "250 2.0.0 Ok"


@pytest.mark.parametrize(
    "sender", ["", "root", "a@b.example", "SRS0=HHH=TT=x.example=a@b.example", '"a b>"@b', "a@[192.0.2.1]"]
)
def test_every_kind_of_return_path_is_accepted(running: Running, sender: str) -> None:
    with client(running) as c:
        assert c.say(f"MAIL FROM:<{sender}>") == "250 2.1.0 Sender ok"
        assert c.say(f"MAIL FROM:<{sender}>") == "503 5.5.1 MAIL was given already"


def test_mail_without_hello_is_refused(running: Running) -> None:
    with Client(running.port) as c:
        assert c.say("MAIL FROM:<a@b>").startswith("503 5.5.1")


def test_helo_knows_no_parameters(running: Running, stored: Stored) -> None:
    with Client(running.port) as c:
        assert c.say("HELO old.example") == "250 localhost"
        assert c.say("MAIL FROM:<a@b> SIZE=10").startswith("501 5.5.4")
        correlation_id = c.mail().split()[-1]

    assert stored.rows("SELECT protocol FROM intake.inbound_email WHERE correlation_id = %s", [correlation_id]) == [
        ("SMTP",)
    ]


def test_pipelined_commands_get_their_replies_in_order(running: Running, stored: Stored) -> None:
    before = stored.count()
    with client(running) as c:
        c.send(f"MAIL FROM:<a@b>\r\nRCPT TO:<nobody@krokom.example>\r\nRCPT TO:<{IDE}>\r\nDATA\r\n".encode())
        assert [c.reply()[:9] for _ in range(4)] == ["250 2.1.0", "550 5.1.1", "250 2.1.5", "354 End d"]
        c.send(f"one\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<{IDE}>\r\nRSET\r\nQUIT\r\n".encode())
        replies = [c.reply()[:9] for _ in range(5)]

        assert replies == ["250 2.0.0", "250 2.1.0", "250 2.1.5", "250 2.0.0", "221 2.0.0"]
        assert c.is_closed()
    assert stored.count() == before + 1


@pytest.mark.parametrize(
    "octets",
    [
        b"NOOP\n",
        b"NOOP\nNOOP\r\n",
        b"NOOP\rNOOP\r\n",
        b"NOOP\r\r\n",
        b"\n",
        b"MAIL FROM:<a@b>\nRCPT TO:<ide@krokom.example>\r\n",
        b"NOOP " + b"x" * 2042 + b"\r\n",
        b"x" * 100_000,
        b"GET / HTTP/1.1\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n",
        b"CONNECT x:25 HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b" NOOP\r\n",
        b"1234\r\n",
        b"BDAT 20 LAST\r\nMAIL FROM:<evil@b>\r\n",
    ],
    ids=lambda octets: repr(octets[:24]),
)
@pytest.mark.parametrize("chunk", [1, 1 << 20], ids=["octet by octet", "one packet"])
def test_what_is_not_smtp_is_refused_once_and_the_connection_closed(
    running: Running, octets: bytes, chunk: int
) -> None:
    with client(running) as c:
        c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for start in range(0, min(len(octets), 4000), chunk):
                c.send(octets[start : start + chunk])
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent
        replies = []
        while line := c.line():
            replies.append(line)

    assert len(replies) <= 1
    assert all(reply[0] == "5" for reply in replies)
    # a reset, because we closed with octets unread, may overtake the reply
    assert replies or c.was_reset


def test_commands_sent_before_the_reply_to_ehlo_end_the_session(running: Running) -> None:
    with Client(running.port) as c:
        assert c.say("EHLO x\r\nMAIL FROM:<a@b>").startswith("554 5.5.0")
        assert c.is_closed()


def test_data_sent_before_354_ends_the_session(running: Running, stored: Stored) -> None:
    before = stored.count()
    with client(running) as c:
        c.send(f"MAIL FROM:<a@b>\r\nRCPT TO:<{IDE}>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n".encode())
        assert [c.reply()[:9] for _ in range(3)] == ["250 2.1.0", "250 2.1.5", "554 5.5.0"]
        assert c.is_closed()
    assert stored.count() == before


def test_a_client_that_half_closes_after_its_mail_still_hears_the_reply(running: Running) -> None:
    with client(running) as c:
        c.begin_data()
        c.send(b"hej\r\n.\r\n")
        c.socket.shutdown(socket.SHUT_WR)

        assert c.reply().startswith("250 2.0.0 Ok: queued as ")
        assert c.is_closed()
