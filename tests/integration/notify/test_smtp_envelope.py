"""What the relay hears of a mail's envelope: delivery reports asked for (RFC 3461), and nothing but our own commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notify.channels.relay_url import Relay
from services.notify.domain.mail import Submission
from tests.support.relays import ScriptedRelay, close_channels, open_channel

PLAIN = ("SMTPUTF8", "8BITMIME")
BODY = b"Subject: x\r\n\r\nhej\r\n"
SENDER, RECIPIENT = "ide+studs.x@krokom.example", "asa@invanare.example"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_channels()


def said(submission: Submission, *extensions: str) -> list[str]:
    """MAIL and RCPT as a relay with these extensions hears them."""
    with ScriptedRelay(extensions=(*PLAIN, *extensions)).listening() as relay:
        open_channel(Relay("smtp", "127.0.0.1", relay.port)).submit(submission)
        return relay.commands[1:3]


def test_a_relay_that_knows_dsn_is_told_what_to_report_and_under_which_name() -> None:
    assert said(Submission(SENDER, RECIPIENT, BODY, envelope_id="n+42=x"), "DSN") == [
        f"mail FROM:<{SENDER}> RET=HDRS ENVID=n+2B42+3Dx",
        f"rcpt TO:<{RECIPIENT}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;{RECIPIENT}",
    ]


def test_a_receipt_is_asked_for_where_one_is_wanted() -> None:
    _, rcpt = said(Submission(SENDER, RECIPIENT, BODY, envelope_id="n", wants_receipt=True), "DSN")
    assert rcpt == f"rcpt TO:<{RECIPIENT}> NOTIFY=FAILURE,DELAY,SUCCESS ORCPT=rfc822;{RECIPIENT}"


def test_without_a_name_only_notify_is_said() -> None:
    assert said(Submission(SENDER, RECIPIENT, BODY), "DSN") == [
        f"mail FROM:<{SENDER}>",
        f"rcpt TO:<{RECIPIENT}> NOTIFY=FAILURE,DELAY",
    ]


def test_for_the_null_return_path_nothing_is_asked() -> None:
    assert said(Submission("", RECIPIENT, BODY, envelope_id="n"), "DSN") == ["mail FROM:<>", f"rcpt TO:<{RECIPIENT}>"]


def test_a_relay_that_does_not_announce_dsn_hears_nothing_of_it() -> None:
    submission = Submission(SENDER, RECIPIENT, BODY, envelope_id="n", wants_receipt=True)
    assert said(submission) == [f"mail FROM:<{SENDER}>", f"rcpt TO:<{RECIPIENT}>"]


@pytest.mark.parametrize(
    ("recipient", "original"),
    [
        ("a+b=c@x.example", "rfc822;a+2Bb+3Dc@x.example"),
        ('"a b"@x.example', 'rfc822;"a+20b"@x.example'),
        ("åsa+tag@x.example", r"utf-8;åsa\x{2B}tag@x.example"),
    ],
)
def test_signs_with_a_meaning_of_their_own_are_written_as_the_standard_says(recipient: str, original: str) -> None:
    submission = Submission(SENDER, recipient, BODY, envelope_id="n", utf8=not recipient.isascii())
    _, rcpt = said(submission, "DSN")
    assert rcpt == f"rcpt TO:<{recipient}> NOTIFY=FAILURE,DELAY ORCPT={original}"


def test_the_size_is_that_of_what_is_sent() -> None:
    mail, _ = said(Submission(SENDER, RECIPIENT, BODY), "SIZE 1000")
    assert mail == f"mail FROM:<{SENDER}> SIZE={len(BODY)}"


HOSTILE = [
    "\r\nRCPT TO:<evil@x.example>",
    "\nRCPT TO:<evil@x.example>",
    "\rRCPT TO:<evil@x.example>",
    "\r\n.\r\nMAIL FROM:<evil@x.example>",
    "> SIZE=1\r\nRSET",
    "> NOTIFY=NEVER",
    ">",
    "<",
    " ",
    "\t",
    "\x00",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028",
    "\u2029",
    "\ud800",
    "\u560d\u560a",  # CR and LF where a careless encoder keeps the low octets
    "%0d%0aRSET",
    "@evil.example",
    ",evil@x.example",
    "\\\r\n",
    '"\r\nDATA',
    "a" * 300,
    "\u200b",
    "\x7f",
    "\xa0",
    "\r\n",
    "\r\n\r\n.\r\n",
]
"""What does not belong into an address."""


@pytest.mark.parametrize("extensions", [PLAIN, (*PLAIN, "DSN", "PIPELINING")], ids=["in-turn", "pipelined"])
@pytest.mark.parametrize("where", ["sender", "recipient", "envelope_id", "content"])
def test_nothing_hostile_makes_a_command_of_its_own(where: str, extensions: tuple[str, ...]) -> None:
    with ScriptedRelay(extensions=extensions).listening() as relay:
        channel = open_channel(Relay("smtp", "127.0.0.1", relay.port))
        for hostile in HOSTILE:
            for address in (f"asa{hostile}@x.example", f"{hostile}asa@x.example", f"asa@x.example{hostile}"):
                fields = {"sender": SENDER, "recipient": RECIPIENT, "envelope_id": "n"}
                fields[where] = address
                content = fields.pop("content", "").encode("utf-8", "surrogatepass") + BODY
                relay.commands.clear()
                relay.taken.clear()
                try:
                    channel.submit(Submission(content=content, utf8=True, **fields))
                except ValueError:
                    assert relay.commands == []
                    continue
                verbs = [each.split(" ")[0] for each in relay.commands]
                assert [each for each in verbs if each != "ehlo"] == ["mail", "rcpt", "DATA"], repr(address)
                assert relay.taken == [content]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.sampled_from([b"", b".", b"..", b".x", b"x.", b"QUIT", b"MAIL FROM:<a@b>"]), max_size=8))
def test_any_lines_arrive_as_they_were_in_one_mail(module_relay: ScriptedRelay, lines: list[bytes]) -> None:
    content = b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
    channel = open_channel(Relay("smtp", "127.0.0.1", module_relay.port))
    before = len(module_relay.taken)
    channel.submit(Submission(SENDER, RECIPIENT, content))
    channel.close()

    assert module_relay.taken[before:] == [content]


@pytest.fixture(scope="module")
def module_relay() -> object:
    with ScriptedRelay(extensions=(*PLAIN, "PIPELINING")).listening() as relay:
        yield relay
