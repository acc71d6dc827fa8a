"""Several relays and several threads: who is tried, who is left alone, and how many connections there are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from services.notify.channels import pool
from services.notify.channels.base import Refused, RelayAway, RelayBusy
from services.notify.channels.breaker import BreakerState
from services.notify.channels.relay_url import Relay
from services.notify.channels.smtp import SmtpChannel
from services.notify.domain.mail import Submission
from tests.support.ports import free_port
from tests.support.relays import HANG, HANG_UP, ScriptedRelay, close_channels, open_channel
from tests.support.waiting import wait_until

MAIL = Submission("ide@krokom.example", "asa@invanare.example", b"Subject: x\r\n\r\nhej\r\n")
UMLAUT = Submission("ide@krokom.example", "åsa@invanare.example", b"Subject: x\r\n\r\nhej\r\n", utf8=True)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_channels()


class Time:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def channel_to(*ports: int, clock: Callable[[], float] = time.monotonic, connections: int = 10) -> SmtpChannel:
    relays = [Relay("smtp", "127.0.0.1", port) for port in ports]
    return open_channel(relays, timeout=0.5, final_timeout=0.5, clock=clock, connections=connections)


def refuse(channel: SmtpChannel, times: int = 1) -> RelayAway:
    for _ in range(times):
        with pytest.raises(RelayAway) as away:
            channel.submit(MAIL)
    return away.value


def test_after_three_faults_in_a_row_a_relay_is_left_alone_for_longer_and_longer() -> None:
    clock = Time()
    with ScriptedRelay(script={"CONNECT": "554 5.3.2 no"}).listening() as relay:
        channel = channel_to(relay.port, clock=clock)
        assert refuse(channel, 2).retry_after is None
        assert refuse(channel).retry_after == timedelta(seconds=5)
        assert channel.states()[0].state is BreakerState.OPEN
        for pause in (5, 10, 20, 40, 60, 60):
            tried = relay.connections
            assert refuse(channel, 5).retry_after == timedelta(seconds=pause)
            assert relay.connections == tried

            clock.now += pause - 0.5
            assert refuse(channel).retry_after == timedelta(seconds=0.5)
            assert relay.connections == tried

            clock.now += 0.5
            refuse(channel)
            assert relay.connections == tried + 1


def test_a_relay_that_answers_the_one_mail_that_tries_it_gets_all_again() -> None:
    clock = Time()
    with ScriptedRelay(script={"CONNECT": "554 5.3.2 no"}).listening() as relay, capture_logs() as lines:
        channel = channel_to(relay.port, clock=clock)
        refuse(channel, 3)
        del relay.script["CONNECT"]
        clock.now += 5
        for _ in range(4):
            channel.submit(MAIL)

        health = channel.states()[0]
        assert (health.relay, health.state, health.faults) == (f"127.0.0.1:{relay.port}", BreakerState.CLOSED, 0)
        assert len(relay.taken) == 4
    assert [line["event"] for line in lines] == ["relay_opened", "relay_closed"]
    assert {line["relay"] for line in lines} == {f"127.0.0.1:{relay.port}"}


@pytest.mark.parametrize("reply", ["450 4.2.0 later", "550 5.1.1 nobody"])
def test_what_a_relay_says_about_mails_is_no_fault_of_its_own(reply: str) -> None:
    with ScriptedRelay(script={"RCPT": reply}).listening() as relay:
        channel = channel_to(relay.port)
        for _ in range(5):
            with pytest.raises(RelayBusy if reply.startswith("4") else Refused):
                channel.submit(MAIL)

        assert channel.states()[0].state is BreakerState.CLOSED


def test_one_thread_tries_a_relay_while_the_others_go_to_the_next() -> None:
    clock = Time()
    asked, go_on = threading.Event(), threading.Event()

    def greet() -> str:
        asked.set()
        go_on.wait(10)
        return "220 back again"

    first = ScriptedRelay(script={"CONNECT": "554 5.3.2 no"})
    with first.listening(), ScriptedRelay().listening() as second, ThreadPoolExecutor(4) as threads:
        channel = open_channel(
            [Relay("smtp", "127.0.0.1", each.port) for each in (first, second)],
            timeout=10,
            clock=clock,
        )
        for _ in range(3):
            channel.submit(MAIL)
        tried = first.connections
        first.script["CONNECT"] = greet
        clock.now += 5

        probe = threads.submit(channel.submit, MAIL)
        assert asked.wait(5)
        assert channel.states()[0].state is BreakerState.PROBING
        others = [threads.submit(channel.submit, MAIL).result(5) for _ in range(6)]
        go_on.set()

        assert all(reply.endswith(f":{second.port})") for reply in others)
        assert probe.result(5).endswith(f":{first.port})")
        assert first.connections == tried + 1
        assert channel.states()[0].state is BreakerState.CLOSED


def test_while_one_thread_tries_the_only_relay_the_others_wait_a_second() -> None:
    clock = Time()
    asked, go_on = threading.Event(), threading.Event()

    def greet() -> str:
        asked.set()
        go_on.wait(10)
        return "220 back again"

    relay = ScriptedRelay(script={"CONNECT": "554 5.3.2 no"})
    with relay.listening(), ThreadPoolExecutor(2) as threads:
        channel = open_channel(Relay("smtp", "127.0.0.1", relay.port), timeout=10, clock=clock)
        refuse(channel, 3)
        relay.script["CONNECT"] = greet
        clock.now += 5
        probe = threads.submit(channel.submit, MAIL)
        assert asked.wait(5)

        assert refuse(channel).retry_after == timedelta(seconds=1)
        go_on.set()
        assert probe.result(5) == "250 2.0.0 taken"


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_probe_that_fails_for_reasons_of_our_own_leaves_the_way_open_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Time()
    with ScriptedRelay(script={"CONNECT": "554 5.3.2 no"}).listening() as relay:
        channel = channel_to(relay.port, clock=clock)
        refuse(channel, 3)
        del relay.script["CONNECT"]
        clock.now += 5
        with monkeypatch.context() as patch:
            patch.setattr(pool.Pool, "take", interrupted)
            with pytest.raises(KeyboardInterrupt):
                channel.submit(MAIL)

        assert channel.submit(MAIL) == "250 2.0.0 taken"


def test_relays_are_tried_in_their_order_and_the_first_choice_is_the_one_that_works() -> None:
    away = free_port()
    with ScriptedRelay().listening() as second, ScriptedRelay().listening() as third:
        channel = channel_to(away, second.port, third.port)
        assert channel.first_choice().port == away
        for _ in range(4):
            assert channel.submit(MAIL) == f"250 2.0.0 taken (127.0.0.1:{second.port})"

        assert channel.first_choice().port == second.port
        assert third.connections == 0


def test_a_mail_that_the_first_relay_cannot_carry_goes_over_one_that_can() -> None:
    with ScriptedRelay(extensions=()).listening() as plain, ScriptedRelay().listening() as able:
        assert channel_to(plain.port, able.port).submit(UMLAUT).endswith(f":{able.port})")
        assert plain.commands == ["ehlo notify.test"]

        with pytest.raises(Refused, match="SMTPUTF8"):
            channel_to(plain.port).submit(UMLAUT)
        with pytest.raises(RelayAway):  # the one that could may come back
            channel_to(plain.port, free_port()).submit(UMLAUT)


def test_a_mail_of_8_bit_octets_says_so_or_does_not_go() -> None:
    mail = Submission("", "asa@invanare.example", "Subject: x\r\n\r\nhejsan å\r\n".encode())
    with ScriptedRelay(extensions=("8BITMIME",)).listening() as able, ScriptedRelay(extensions=()).listening() as plain:
        channel_to(able.port).submit(mail)
        assert "mail FROM:<> BODY=8BITMIME" in able.commands
        with pytest.raises(Refused, match="8BITMIME"):
            channel_to(plain.port).submit(mail)


def test_threads_share_few_connections_and_never_one_at_once() -> None:
    relay = ScriptedRelay(latency=0.002)
    with relay.listening(), ThreadPoolExecutor(8) as threads:
        channel = channel_to(relay.port, connections=3)
        mails = [Submission("", f"person{number}@invanare.example", b"X: %d\r\n\r\n" % number) for number in range(100)]
        replies = list(threads.map(channel.submit, mails))

        assert replies == ["250 2.0.0 taken"] * 100
        assert sorted(relay.taken) == sorted(mail.content for mail in mails)
        assert relay.connections <= 3
        assert channel.states()[0].connections <= 3


def test_one_thread_after_another_uses_the_same_connection() -> None:
    with ScriptedRelay().listening() as relay:
        channel = channel_to(relay.port)
        for _ in range(3):
            thread = threading.Thread(target=channel.submit, args=(MAIL,))
            thread.start()
            thread.join()

        assert relay.connections == 1


def test_after_a_hundred_mails_a_fresh_connection_is_made() -> None:
    with ScriptedRelay().listening() as relay:
        channel = channel_to(relay.port)
        for _ in range(101):
            channel.submit(MAIL)

        assert relay.connections == 2
        assert relay.dialogues[0][-1] == "QUIT"
        assert sum(each.startswith("mail") for each in relay.dialogues[0]) == 100


def test_a_connection_that_nobody_needs_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.1)
    with ScriptedRelay().listening() as relay:
        channel = channel_to(relay.port)
        channel.submit(MAIL)
        wait_until(lambda: channel.states()[0].connections == 0)

        assert relay.commands[-1] == "QUIT"
        assert channel.submit(MAIL) == "250 2.0.0 taken"


def test_a_relay_that_takes_no_more_connections_is_not_at_fault_and_the_mails_wait_their_turn() -> None:
    relay = ScriptedRelay(latency=0.01)
    relay.script["CONNECT"] = lambda: "220 ok" if len(relay.open_now) <= 2 else "421 4.7.0 too many connections"
    with relay.listening(), ThreadPoolExecutor(8) as threads, capture_logs() as lines:
        channel = channel_to(relay.port)
        assert list(threads.map(channel.submit, [MAIL] * 40)) == ["250 2.0.0 taken"] * 40

        assert channel.states()[0].state is BreakerState.CLOSED
        tried = relay.connections
        assert list(threads.map(channel.submit, [MAIL] * 40)) == ["250 2.0.0 taken"] * 40
        assert relay.connections == tried  # what it said once is remembered
    assert "relay_takes_no_more_connections" in {line["event"] for line in lines}


def test_a_thread_that_finds_all_connections_in_use_goes_on_to_the_next_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "ROOM_SECONDS", 0.05)
    asked = threading.Event()

    def hang() -> str:
        asked.set()
        return HANG

    with (
        ScriptedRelay(script={"MAIL": hang}).listening() as slow,
        ScriptedRelay().listening() as other,
        ThreadPoolExecutor(1) as threads,
    ):
        channel = channel_to(slow.port, other.port, connections=1)
        stuck = threads.submit(channel.submit, MAIL)
        assert asked.wait(5)

        assert channel.submit(MAIL).endswith(f":{other.port})")
        assert channel.states()[0].faults == 0
        assert stuck.result(5).endswith(f":{other.port})")


def test_connections_that_a_restarted_relay_left_behind_cost_no_mail_an_attempt() -> None:
    port = free_port()
    channel = channel_to(port)
    with ScriptedRelay(port, latency=0.05).listening(), ThreadPoolExecutor(3) as threads:
        list(threads.map(channel.submit, [MAIL] * 3))
        assert channel.states()[0].connections == 3
    with ScriptedRelay(port).listening() as relay, ThreadPoolExecutor(3) as threads:
        assert list(threads.map(channel.submit, [MAIL] * 3)) == ["250 2.0.0 taken"] * 3
        assert len(relay.taken) == 3


def test_one_mail_is_enough_to_let_go_of_all_that_a_restarted_relay_left_behind() -> None:
    port = free_port()
    channel = channel_to(port)
    with ScriptedRelay(port, latency=0.05).listening(), ThreadPoolExecutor(3) as threads:
        list(threads.map(channel.submit, [MAIL] * 3))
    with ScriptedRelay(port).listening():
        assert channel.submit(MAIL) == "250 2.0.0 taken"
        assert channel.states()[0].connections == 1


def test_a_relay_that_closes_at_once_though_nobody_else_is_there_is_at_fault() -> None:
    with ScriptedRelay(script={"CONNECT": "421 4.3.2 closing"}).listening() as relay:
        channel = channel_to(relay.port)
        refuse(channel, 3)

        assert channel.states()[0].state is BreakerState.OPEN
        assert relay.connections == 3


def test_a_relay_that_was_well_again_is_left_alone_briefly_at_first() -> None:
    clock = Time()
    with ScriptedRelay(script={"CONNECT": "554 5.3.2 no"}).listening() as relay:
        channel = channel_to(relay.port, clock=clock)
        refuse(channel, 3)
        clock.now += 5
        refuse(channel)
        clock.now += 10
        del relay.script["CONNECT"]
        channel.submit(MAIL)
        channel.close()
        relay.script["CONNECT"] = "554 5.3.2 no"

        assert refuse(channel, 3).retry_after == timedelta(seconds=5)


def test_a_kept_connection_is_tried_anew_once_and_no_more() -> None:
    with ScriptedRelay().listening() as relay:
        channel = channel_to(relay.port)
        channel.submit(MAIL)
        relay.script["MAIL"] = HANG_UP
        refuse(channel)

        assert relay.connections == 2
        assert channel.states()[0].faults == 1
