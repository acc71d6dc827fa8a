"""The SMTP channel alone against a relay that fails in every state, with and without PIPELINING.

What matters each time: what it means for the mail, whether the relay may have it, that no other relay gets it then,
and that no connection is used on whose state is not known.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.notify.channels import pool
from services.notify.channels.base import Refused, RelayAway, RelayBusy, SenderRefused, Unanswered
from services.notify.channels.breaker import BreakerState
from services.notify.channels.relay_url import Relay
from services.notify.channels.smtp import SmtpChannel
from services.notify.domain.mail import Submission
from shared.errors import PermanentFailure, TemporaryFailure
from tests.support.ports import free_port
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

PATIENCE = 0.3
SENDER = "ide+studs.x@krokom.example"
MAIL = Submission(SENDER, "asa@invanare.example", b"Subject: x\r\n\r\nhej\r\n")
PLAIN = ("SMTPUTF8", "8BITMIME", "SIZE 50000000")
PIPELINING = (*PLAIN, "PIPELINING")

NOT_NOW = ["450 4.2.0 later", "450-4.2.0 later\r\n450 4.2.0 or never", "452 4.3.1 full"]
NEVER = ["550 5.1.1 nobody", "550-5.1.1 nobody\r\n550 5.1.1 here", "554 5.7.1 no"]
CLOSING = ["421 4.3.2 closing", "421-4.3.2 closing\r\n421 4.3.2 now"]
NO_WORD = [
    HANG,
    HANG_UP,
    DRIP,
    ENDLESS_LINE,
    ENDLESS_REPLY,
    "what?",
    "250-ok\r\n550 or not",
    "999 a code of no kind",
    "25 short",
    "1",
]

CRAM_MD5 = base64.b64encode(b"me " + hmac.new(b"secret", b"<1@scripted>", "md5").hexdigest().encode()).decode()
"""RFC 2195's answer to the scripted relay's challenge."""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_channels()


def channel_to(*relays: ScriptedRelay | int, **options: object) -> SmtpChannel:
    """A channel to relays on this machine; a number is a port where nobody listens."""
    ports = [each if isinstance(each, int) else each.port for each in relays]
    targets = [Relay("smtp", "127.0.0.1", port) for port in ports]
    return open_channel(targets, timeout=PATIENCE, final_timeout=PATIENCE, **options)


@contextmanager
def peer(extensions: tuple[str, ...] = PLAIN, **script: str) -> Iterator[ScriptedRelay]:
    with ScriptedRelay(extensions=extensions, script=dict(script)).listening() as relay:
        yield relay


def outcome_of(channel: SmtpChannel, mail: Submission = MAIL) -> TemporaryFailure | PermanentFailure | str:
    try:
        return channel.submit(mail)
    except (TemporaryFailure, PermanentFailure) as failure:
        return failure


def expected(verb: str, reply: str) -> type[Exception]:
    if reply in NOT_NOW:
        return RelayBusy
    if reply in NEVER:
        return SenderRefused if verb == "MAIL" else Refused
    return Unanswered if verb == "." and reply not in CLOSING else RelayAway


@pytest.mark.parametrize("extensions", [PLAIN, PIPELINING], ids=["in-turn", "pipelined"])
@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER, *CLOSING, *NO_WORD])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_a_fault_in_any_state_means_what_it_means(verb: str, reply: str, extensions: tuple[str, ...]) -> None:
    wanted = expected(verb, reply)
    with peer(extensions) as relay, peer() as other:
        relay.script[verb] = reply
        channel = channel_to(relay, other)
        result = outcome_of(channel)

        # another relay gets the mail only where this one was at fault and has nothing of it
        if wanted is RelayAway:
            assert isinstance(result, str)
            assert result.endswith(f"(127.0.0.1:{other.port})")
            assert len(other.taken) == 1
        else:
            assert type(result) is wanted
            assert other.connections == 0
        assert len(relay.taken) == (1 if verb == "." else 0)

        # the next mail goes through, and never over a connection whose state is not known
        broken = relay.connections
        del relay.script[verb]
        assert str(channel.submit(MAIL)).endswith(f"(127.0.0.1:{relay.port})")
        assert relay.connections == (broken if reply in (*NOT_NOW, *NEVER) else broken + 1)
        channel.close()


@pytest.mark.parametrize("extensions", [PLAIN, PIPELINING], ids=["in-turn", "pipelined"])
@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_what_the_relay_said_about_the_mail_is_kept(verb: str, reply: str, extensions: tuple[str, ...]) -> None:
    with peer(extensions, **{verb: reply}) as relay:
        result = outcome_of(channel_to(relay))

    assert " ".join(reply.replace(f"\r\n{reply[:3]} ", " ").replace("-", " ", 1).split()) == str(result)


@pytest.mark.parametrize("extensions", [PLAIN, PIPELINING], ids=["in-turn", "pipelined"])
@pytest.mark.parametrize(
    ("verb", "reply"), [("MAIL", "354 go on"), ("RCPT", "354 go on"), ("DATA", "250 ok"), (".", "354 go on")]
)
def test_a_reply_of_the_wrong_kind_is_no_reply(verb: str, reply: str, extensions: tuple[str, ...]) -> None:
    with peer(extensions, **{verb: reply}) as relay:
        result = outcome_of(channel_to(relay))

        assert type(result) is (Unanswered if verb == "." else RelayAway)
        assert len(relay.taken) == (1 if verb == "." else 0)
        assert "." not in relay.commands


@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER, *CLOSING, *NO_WORD])
def test_a_relay_that_greets_with_anything_but_220_is_away_and_the_next_is_tried(reply: str) -> None:
    with peer(CONNECT=reply) as relay, peer() as other:
        assert type(outcome_of(channel_to(relay))) is RelayAway
        assert isinstance(outcome_of(channel_to(relay, other)), str)

        assert relay.commands == []
        assert len(other.taken) == 1


def test_a_relay_that_refuses_connections_is_away_and_the_next_is_tried() -> None:
    with peer() as other:
        assert type(outcome_of(channel_to(free_port()))) is RelayAway
        assert outcome_of(channel_to(free_port(), other)) == f"250 2.0.0 taken (127.0.0.1:{other.port})"


def test_one_relay_is_not_named_in_its_reply() -> None:
    with peer() as relay:
        assert channel_to(relay).submit(MAIL) == "250 2.0.0 taken"


@pytest.mark.parametrize("reply", ["500 5.5.1 what", "502 5.5.1 no", "550 5.5.1 no"])
def test_a_relay_that_knows_no_ehlo_is_greeted_with_helo(reply: str) -> None:
    with peer(EHLO=reply) as relay:
        assert outcome_of(channel_to(relay)) == "250 2.0.0 taken"
        assert [each.split(" ")[0] for each in relay.commands][:3] == ["ehlo", "helo", "mail"]
        assert relay.commands[2] == f"mail FROM:<{SENDER}>"


@pytest.mark.parametrize("reply", [*NOT_NOW, *CLOSING, *NO_WORD])
def test_a_relay_that_does_not_answer_ehlo_is_away(reply: str) -> None:
    with peer(EHLO=reply) as relay:
        assert type(outcome_of(channel_to(relay))) is RelayAway
        assert len(relay.commands) == 1


@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER, *CLOSING, *NO_WORD])
def test_a_relay_that_takes_neither_ehlo_nor_helo_is_away(reply: str) -> None:
    with peer(EHLO="500 5.5.1 what", HELO=reply) as relay:
        assert type(outcome_of(channel_to(relay))) is RelayAway
        assert len(relay.commands) == 2


@pytest.mark.parametrize("extensions", [PLAIN, PIPELINING], ids=["in-turn", "pipelined"])
@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER, *CLOSING, *NO_WORD])
def test_a_refusal_counts_whatever_becomes_of_rset_and_the_connection_is_let_go(
    reply: str, extensions: tuple[str, ...]
) -> None:
    with peer(extensions, RCPT="550 5.1.1 nobody", RSET=reply) as relay:
        channel = channel_to(relay)
        result = outcome_of(channel)
        assert type(result) is Refused
        assert str(result) == "550 5.1.1 nobody"

        del relay.script["RCPT"]
        channel.submit(MAIL)
        assert relay.connections == 2
        assert relay.dialogues[0][-1] == "RSET"


@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER, *CLOSING, *NO_WORD])
def test_a_kept_connection_that_answers_noop_badly_costs_nothing(reply: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "FRESH_SECONDS", 0.0)
    with peer(NOOP=reply) as relay:
        channel = channel_to(relay)
        assert [channel.submit(MAIL), channel.submit(MAIL)] == ["250 2.0.0 taken"] * 2

        assert relay.connections == 2
        assert relay.dialogues[0][-1] == "NOOP"
        assert channel.states()[0].faults == 0


@pytest.mark.parametrize("reply", [*NOT_NOW, *NEVER, *CLOSING, *NO_WORD])
def test_nothing_hangs_on_the_answer_to_quit(reply: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notify.channels.connection.FAREWELL", PATIENCE)  # the relay itself hangs for 60 s
    with peer(QUIT=reply) as relay:
        channel = channel_to(relay)
        channel.submit(MAIL)
        started = time.monotonic()
        channel.close()

        assert time.monotonic() - started < 10 * PATIENCE
        assert relay.commands[-1] == "QUIT"
        assert channel.states()[0].connections == 0


@pytest.mark.parametrize(
    "script",
    [{}, {"RSET": HANG_UP}, *({"DATA": reply} for reply in (HANG_UP, HANG, "what?", CLOSING[0], "250 ok"))],
    ids=str,
)
@pytest.mark.parametrize("refused", ["MAIL", "RCPT"])
def test_in_one_piece_the_first_refusal_is_the_answer(refused: str, script: dict[str, str]) -> None:
    with peer(PIPELINING, **{refused: "550 5.7.1 not you", **script}) as relay:
        result = outcome_of(channel_to(relay))

        assert type(result) is (SenderRefused if refused == "MAIL" else Refused)
        assert str(result) == "550 5.7.1 not you"
        assert [each.split(" ")[0] for each in relay.commands][1:4] == ["mail", "rcpt", "DATA"]
        assert relay.taken == []


@pytest.mark.parametrize("ending", ["554 5.5.1 no valid recipient", "451 4.3.0 no", HANG, HANG_UP, "what?"])
@pytest.mark.parametrize("reply", ["550 5.1.1 nobody", "450 4.2.0 later"])
def test_a_refused_mail_that_is_let_in_all_the_same_ends_with_a_lone_dot(reply: str, ending: str) -> None:
    with peer(PIPELINING, RCPT=reply, DATA="354 go on", **{".": ending}) as relay:
        channel = channel_to(relay)
        result = outcome_of(channel)

        assert str(result) == reply
        assert relay.taken == [b""]  # nothing of the mail

        for verb in ("RCPT", "DATA", "."):
            del relay.script[verb]
        channel.submit(MAIL)
        assert relay.taken[1:] == [MAIL.content]
        assert relay.connections == (1 if ending[:1] in "45" and ending else 2)


def test_a_relay_that_takes_an_empty_mail_for_it_is_given_no_data_ahead_again() -> None:
    with peer(PIPELINING, RCPT="550 5.1.1 nobody", DATA="354 go on", **{".": "250 2.0.0 taken"}) as relay:
        channel = channel_to(relay)
        assert str(outcome_of(channel)) == "550 5.1.1 nobody"
        assert str(outcome_of(channel)) == "550 5.1.1 nobody"

        assert relay.taken == [b""]
        first, second = relay.dialogues
        assert [each.split(" ")[0] for each in first] == ["ehlo", "mail", "rcpt", "DATA"]
        assert [each.split(" ")[0] for each in second] == ["ehlo", "mail", "rcpt", "RSET"]


def test_a_closing_relay_that_lets_the_mail_in_gets_no_dot() -> None:
    with peer(PIPELINING, RCPT="421 4.3.2 closing", DATA="354 go on") as relay:
        assert type(outcome_of(channel_to(relay))) is RelayAway
        assert relay.taken == []


@pytest.mark.parametrize("extensions", [PLAIN, PIPELINING], ids=["in-turn", "pipelined"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_relay_that_answers_twice_gets_nothing(verb: str, extensions: tuple[str, ...]) -> None:
    twice = "354 go on\r\n250 2.0.0 taken" if verb == "DATA" else "250 ok\r\n250 ok"
    with peer(extensions, **{verb: twice}) as relay:
        assert type(outcome_of(channel_to(relay))) is RelayAway
        assert relay.taken == []


def test_mails_over_one_connection_are_each_answered() -> None:
    with peer(PIPELINING) as relay:
        channel = channel_to(relay)
        for number in range(5):
            channel.submit(Submission("", f"person{number}@invanare.example", b"Subject: %d\r\n\r\n.\r\n" % number))

        assert [mail.split(b"\r\n")[0] for mail in relay.taken] == [b"Subject: %d" % number for number in range(5)]
        assert relay.connections == 1


@pytest.mark.parametrize(("extensions", "trips"), [(PIPELINING, 2), (PLAIN, 4)], ids=["pipelined", "in-turn"])
def test_a_mail_takes_two_round_trips_where_the_relay_reads_ahead_and_four_where_not(
    extensions: tuple[str, ...], trips: int
) -> None:
    with ScriptedRelay(extensions=extensions, latency=0.02).listening() as relay:
        channel = open_channel(Relay("smtp", "127.0.0.1", relay.port))
        channel.submit(MAIL)
        before = relay.trips
        for _ in range(4):
            channel.submit(MAIL)

        assert relay.trips - before == 4 * trips


def test_a_relay_that_refuses_our_sign_in_is_left_alone_at_once() -> None:
    relay = ScriptedRelay(extensions=("AUTH PLAIN LOGIN",), script={"AUTH": "535 5.7.8 no"})
    with relay.listening(), peer() as other:
        targets = [Relay("smtp", "127.0.0.1", relay.port, "me", "secret"), Relay("smtp", "127.0.0.1", other.port)]
        channel = open_channel(targets, timeout=PATIENCE)
        for _ in range(3):
            assert channel.submit(MAIL).endswith(f"(127.0.0.1:{other.port})")

        assert relay.connections == 1
        assert channel.states()[0].state is BreakerState.OPEN
        assert not [each for each in relay.commands if "secret" in each]


@pytest.mark.parametrize("reply", ["454 4.7.0 later", "334 A", "334 ", *CLOSING, *NO_WORD])
def test_a_relay_that_cannot_check_our_sign_in_now_is_away(reply: str) -> None:
    relay = ScriptedRelay(extensions=("AUTH PLAIN",), script={"AUTH": reply})
    with relay.listening():
        target = Relay("smtp", "127.0.0.1", relay.port, "me", "secret")
        channel = open_channel(target, timeout=PATIENCE)

        assert type(outcome_of(channel)) is RelayAway
        assert channel.states()[0].state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("ways", "said"),
    [
        ("PLAIN", ["AUTH PLAIN AG1lAHNlY3JldA=="]),
        ("LOGIN", ["AUTH LOGIN bWU=", "c2VjcmV0"]),
        ("LOGIN PLAIN CRAM-MD5", ["AUTH CRAM-MD5", CRAM_MD5]),
    ],
)
def test_each_way_to_sign_in_is_known(ways: str, said: list[str]) -> None:
    with ScriptedRelay(extensions=(f"AUTH {ways}",)).listening() as relay:
        target = Relay("smtp", "127.0.0.1", relay.port, "me", "secret")
        open_channel(target).submit(MAIL)

        assert relay.commands[1 : 1 + len(said)] == said
        assert len(relay.taken) == 1


@pytest.mark.parametrize("extensions", [(), ("AUTH GSSAPI",)])
def test_where_no_way_to_sign_in_is_shared_the_mail_waits(extensions: tuple[str, ...]) -> None:
    with ScriptedRelay(extensions=extensions).listening() as relay:
        target = Relay("smtp", "127.0.0.1", relay.port, "me", "secret")
        channel = open_channel(target)

        assert isinstance(outcome_of(channel), RelayAway)
        assert channel.states()[0].state is BreakerState.OPEN
        assert relay.taken == []


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_relay_that_wants_us_to_sign_in_is_at_fault_and_not_the_mail(verb: str) -> None:
    with peer(**{verb: "530 5.7.0 sign in first"}) as relay:
        channel = channel_to(relay)
        assert isinstance(outcome_of(channel), RelayAway)
        assert channel.states()[0].state is BreakerState.OPEN


@pytest.mark.parametrize("reply", [HANG, HANG_UP, "what?"])
def test_a_mail_that_was_handed_over_on_a_kept_connection_is_not_handed_over_again(reply: str) -> None:
    with peer() as relay:
        channel = channel_to(relay)
        channel.submit(MAIL)
        relay.script["."] = reply

        assert type(outcome_of(channel)) is Unanswered
        assert len(relay.taken) == 2
        assert relay.connections == 1


def test_a_thread_that_is_stopped_in_the_middle_leaves_no_connection_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stopped(*_: object) -> str:
        raise KeyboardInterrupt

    with peer() as relay:
        channel = channel_to(relay)
        with monkeypatch.context() as patch:
            patch.setattr("services.notify.channels.conversation._hand_over", stopped)
            with pytest.raises(KeyboardInterrupt):
                channel.submit(MAIL)
        assert channel.states()[0].connections == 0

        channel.submit(MAIL)
        assert relay.connections == 2


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL"])
@pytest.mark.parametrize("reply", [ENDLESS_LINE, ENDLESS_REPLY])
def test_what_has_no_end_is_not_read_until_the_time_is_up(verb: str, reply: str) -> None:
    with peer(**{verb: reply}) as relay:
        channel = open_channel(Relay("smtp", "127.0.0.1", relay.port), timeout=8)
        with pytest.raises(RelayAway, match="without end"):
            channel.submit(MAIL)
