"""Nobody makes the listener hold more, wait longer or work harder than it may."""

from __future__ import annotations

import gc
import select
import time
from ipaddress import ip_network

import psutil
import pytest

from services.intake.smtp import limits
from services.intake.smtp.door import Door, Peer
from shared.settings import MIB, Settings
from tests.integration.intake.smtp.harness import IDE, Client, Running, Stored, client, listening
from tests.support.waiting import wait_until

STRANGERS = (ip_network("192.0.2.0/24"),)
"""Trusted instead of 127.0.0.1, so that this machine is a stranger."""


def test_an_endless_line_costs_no_memory_and_ends_in_552(module_settings: Settings, stored: Stored) -> None:
    size = 4 * MIB
    with listening(module_settings, smtp_max_size=size) as running, client(running) as c:
        c.begin_data()
        piece = b"x" * 65536
        c.send(piece)
        gc.collect()
        process = psutil.Process()
        before = most = process.memory_info().rss
        try:
            for number in range(size * limits.DISCARD_FACTOR // len(piece) + 200):
                c.send(piece)
                if number % 32 == 0:
                    most = max(most, process.memory_info().rss)
        except OSError:
            pass  # closed while we wrote: what was hoped for
        reply = c.line()

        assert most - before < 2 * size
        assert reply.startswith("552 5.3.4") or c.was_reset
        assert running.listener.counters.refused["552 5.3.4"] == 1
    assert all(len(raw) < size for raw in stored.raws())


def test_a_mail_that_is_too_big_hears_552_and_the_session_goes_on(module_settings: Settings, stored: Stored) -> None:
    with listening(module_settings, smtp_max_size=100_000) as running, client(running) as c:
        assert c.mail(b"x" * 100_001 + b"\r\n") == "552 5.3.4 Message is too big"
        assert c.mail(b"y" * 99_998 + b"\r\n").startswith("250 2.0.0")

    assert stored.raws()[-1] == b"y" * 99_998 + b"\r\n"


def test_a_long_line_and_a_huge_header_are_no_reason_to_refuse(running: Running, stored: Stored) -> None:
    header = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 500) for number in range(4000))
    content = header + b"\r\n" + b"z" * 500_000 + b"\r\n"
    with client(running) as c:
        assert c.mail(content).startswith("250 2.0.0")

    assert stored.raws()[-1] == content


def test_data_below_the_minimum_rate_end_the_session(module_settings: Settings, stored: Stored) -> None:
    before = stored.count()
    with (
        listening(module_settings, smtp_command_timeout=0.8, smtp_min_data_rate=10_000) as running,
        client(running) as c,
    ):
        c.begin_data()
        began = time.monotonic()
        while not select.select([c.socket], [], [], 0.05)[0]:
            c.send(b"drip")
            assert time.monotonic() - began < 10

        assert c.reply() == "421 4.4.2 Data comes too slowly, closing connection"
        assert c.is_closed()
    assert stored.count() == before


def test_data_above_the_minimum_rate_may_take_longer_than_any_timeout(
    module_settings: Settings, stored: Stored
) -> None:
    with (
        listening(module_settings, smtp_command_timeout=0.5, smtp_min_data_rate=100) as running,
        client(running) as c,
    ):
        c.begin_data()
        began = time.monotonic()
        while time.monotonic() - began < 1.5:
            c.send(b"x" * 80)
            assert not select.select([c.socket], [], [], 0.05)[0]

        assert c.say("\r\n.").startswith("250 2.0.0")


def test_a_session_that_says_nothing_or_half_a_command_is_ended(module_settings: Settings) -> None:
    with (
        listening(module_settings, smtp_command_timeout=0.4) as running,
        client(running) as silent,
        client(running) as slow,
    ):
        slow.send(b"NO")
        for c in (silent, slow):
            assert c.reply() == "421 4.4.2 Timeout, closing connection"
            assert c.is_closed()


def test_an_honest_mail_is_quick_beside_a_thousand_idle_and_fifty_dripping_sessions(
    module_settings: Settings, stored: Stored
) -> None:
    with listening(module_settings) as running:
        crowd = [Client(running.port, greeted=False) for _ in range(1000)]
        drips = [Client(running.port).hello().begin_data() for _ in range(50)]
        for drip in drips:
            drip.send(b"x")
        began = time.monotonic()
        with client(running) as c:
            assert c.mail().startswith("250 2.0.0")
        took = time.monotonic() - began
        for each in [*crowd, *drips]:
            each.socket.close()

    assert took < 2


def test_idle_sessions_must_hurry_while_nearly_all_connections_are_taken(
    module_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.smtp.listener.STRESS_TIMEOUT", 0.3)
    with (
        listening(module_settings, smtp_max_connections=4) as running,
        client(running),
        client(running),
        client(running) as last,
    ):
        assert last.reply().startswith("421 4.4.2")


def test_connections_over_the_total_hear_421(module_settings: Settings) -> None:
    with (
        listening(module_settings, smtp_max_connections=3) as running,
        client(running),
        client(running),
        client(running) as third,
    ):
        with Client(running.port, greeted=False) as c:
            assert c.reply() == "421 4.3.2 Too many connections, please try again later"
            assert c.is_closed()
        assert third.say("QUIT").startswith("221")
        assert third.is_closed()
        assert wait_until(lambda: _greeting(running).startswith("220"))


def test_connections_over_a_strangers_share_hear_421_and_a_trusted_peer_has_none(
    module_settings: Settings,
) -> None:
    with (
        listening(module_settings, smtp_max_connections_per_peer=2, trusted_peers=STRANGERS) as running,
        client(running),
        client(running),
    ):
        assert _greeting(running).startswith("421 4.7.0")
    with listening(module_settings, smtp_max_connections_per_peer=2) as running, client(running), client(running):
        assert _greeting(running).startswith("220")


def _greeting(running: Running) -> str:
    with Client(running.port, greeted=False) as c:
        return c.reply()


def test_a_strangers_mails_over_the_minutes_share_hear_450(module_settings: Settings, stored: Stored) -> None:
    with (
        listening(module_settings, smtp_max_mails_per_peer_minute=3, trusted_peers=STRANGERS) as running,
        client(running) as c,
    ):
        assert [c.mail()[:9] for _ in range(3)] == ["250 2.0.0"] * 3
        assert c.say("MAIL FROM:<a@b>").startswith("450 4.7.1")


def test_a_strangers_errors_end_the_session(module_settings: Settings) -> None:
    with listening(module_settings, trusted_peers=STRANGERS) as running, client(running) as c:
        assert [c.say("XYZZY")[:9] for _ in range(20)] == ["500 5.5.1"] * 20
        assert c.say("XYZZY") == "421 4.7.0 Too many errors"
        assert c.is_closed()


def test_a_strangers_junk_commands_end_the_session(module_settings: Settings) -> None:
    with listening(module_settings, trusted_peers=STRANGERS) as running, client(running) as c:
        assert [c.say("NOOP")[:9] for _ in range(100)] == ["250 2.0.0"] * 100
        assert c.say("NOOP") == "421 4.7.0 Too many commands without a mail"
        assert c.is_closed()


def test_mails_beyond_the_memory_for_all_hear_452_and_later_ones_are_taken(
    module_settings: Settings, stored: Stored
) -> None:
    with listening(module_settings, smtp_max_buffered=1 * MIB) as running:
        with client(running) as big, client(running) as other:
            big.begin_data()
            big.send(b"x" * 900_000)
            wait_until(lambda: running.listener.buffered >= 800_000)
            assert other.say("MAIL FROM:<a@b> SIZE=300000") == (
                "452 4.3.1 Too much mail at once, please try again later"
            )
            assert other.mail(b"y" * 300_000 + b"\r\n").startswith("452 4.3.1")
            assert big.say("\r\n.").startswith("250 2.0.0")
            assert other.mail(b"y" * 300_000 + b"\r\n").startswith("250 2.0.0")
        assert running.listener.buffered == 0


def test_a_flood_of_commands_is_cut_off(module_settings: Settings) -> None:
    with listening(module_settings, trusted_peers=STRANGERS) as running, client(running) as c:
        c.say("MAIL FROM:<a@b>")
        sent = 0
        try:
            while sent < 50 * MIB:
                c.send(f"RCPT TO:<{IDE}>\r\n".encode() * 1000)
                sent += 24_000
        except OSError:
            pass  # cut off: what was hoped for

        assert sent < 50 * MIB


def test_a_peer_is_counted_by_its_ipv6_network_and_without_ipv4_mapping(module_settings: Settings) -> None:
    door = Door(module_settings)

    assert door.peer("2001:db8:1:2::5").key == door.peer("2001:db8:1:2:ffff::1").key
    assert door.peer("::ffff:127.0.0.1") == Peer("127.0.0.1", "127.0.0.1", trusted=True)
    assert not door.peer("127.0.0.2").trusted
