"""250 means stored; a database that is away, slow or offended means 451 and nothing worse."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url

from services.intake.smtp import accept
from services.intake.smtp.accept import GroupCommit
from services.intake.smtp.door import Counters
from services.intake.smtp.link import Link
from services.intake.smtp.recipients import AddressBook
from services.intake.smtp.statement import Mail, Recipient
from shared import ids
from shared.settings import Settings
from tests.integration.intake.smtp.harness import IDE, Client, Running, Stored, client, listening
from tests.support.forwarder import Forwarder
from tests.support.waiting import wait_until

NOT_STORED = "451 4.3.0 Temporary fault, please try again later"


@pytest.fixture
def forwarder(module_settings: Settings) -> Iterator[Forwarder]:
    """The way to the module's database, which can be cut."""
    url = make_url(module_settings.database_url)
    forwarder = Forwarder(url.host or "127.0.0.1", url.port or 5432)
    yield forwarder
    forwarder.close()


@pytest.fixture
def cut_off(module_settings: Settings, stored: Stored, forwarder: Forwarder) -> Iterator[Running]:
    """A listener whose database is behind the forwarder."""
    url = make_url(module_settings.database_url).set(host="127.0.0.1", port=forwarder.port)
    with listening(module_settings, database_url=url.render_as_string(hide_password=False)) as running:
        yield running


def test_a_hundred_mails_hear_451_while_the_database_is_away_and_250_once_it_is_back(
    cut_off: Running, forwarder: Forwarder, stored: Stored
) -> None:
    before = stored.count()
    with client(cut_off) as c:
        assert c.mail().startswith("250 2.0.0")
        forwarder.cut()
        assert {c.mail() for _ in range(100)} == {NOT_STORED}
        assert stored.count() == before + 1

        forwarder.restore()
        wait_until(lambda: c.mail().startswith("250 2.0.0"), 5)
    assert stored.count() == before + 2


def test_an_unknown_recipient_is_not_refused_for_good_while_nobody_can_look(
    cut_off: Running, forwarder: Forwarder
) -> None:
    with client(cut_off) as c:
        c.say("MAIL FROM:<a@b>")
        assert c.say("RCPT TO:<new@krokom.example>").startswith("550 5.1.1")
        forwarder.cut()
        assert c.say("RCPT TO:<new@krokom.example>") == NOT_STORED
        assert c.say(f"RCPT TO:<{IDE}>") == "250 2.1.5 Recipient ok"
        forwarder.restore()
        wait_until(lambda: c.say("RCPT TO:<new@krokom.example>").startswith("550 5.1.1"), 5)


def test_a_database_that_was_never_there_means_451_at_rcpt(module_settings: Settings, forwarder: Forwarder) -> None:
    forwarder.cut()
    url = make_url(module_settings.database_url).set(host="127.0.0.1", port=forwarder.port)
    with (
        listening(module_settings, database_url=url.render_as_string(hide_password=False)) as running,
        client(running) as c,
    ):
        c.say("MAIL FROM:<a@b>")
        assert c.say(f"RCPT TO:<{IDE}>") == NOT_STORED
        forwarder.restore()
        wait_until(lambda: c.say(f"RCPT TO:<{IDE}>").startswith("250"), 10)


def test_a_database_that_hangs_means_451_in_time_and_later_250(
    cut_off: Running, forwarder: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accept, "COMMIT_SECONDS", 0.5)
    with client(cut_off) as c:
        assert c.mail().startswith("250 2.0.0")
        forwarder.hold()
        began = time.monotonic()
        assert c.mail() == NOT_STORED
        assert time.monotonic() - began < 3
        forwarder.restore()
        wait_until(lambda: c.mail().startswith("250 2.0.0"), 10)


def test_a_connection_that_died_in_its_sleep_costs_no_mail(running: Running, stored: Stored) -> None:
    with client(running) as c:
        assert c.mail().startswith("250 2.0.0")
        stored.rows(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = 'idesluss listener' AND datname = current_database()"
        )
        before = stored.count()
        assert c.mail().startswith("250 2.0.0")
    assert stored.count() == before + 1


def test_a_mail_is_stored_though_its_client_hangs_up_after_the_final_dot(running: Running, stored: Stored) -> None:
    before = stored.count()
    for number in range(200):
        with client(running) as c:
            c.begin_data()
            c.send(f"Subject: gone {number}\r\n\r\n.\r\n".encode())

    wait_until(lambda: stored.count() == before + 200)
    subjects = [raw for raw in stored.raws() if raw.startswith(b"Subject: gone")]
    assert sorted(subjects) == sorted(f"Subject: gone {number}\r\n\r\n".encode() for number in range(200))
    assert running.listener.buffered == 0


def test_a_mail_cut_off_before_its_final_dot_is_not_stored(running: Running, stored: Stored) -> None:
    before = stored.count()
    for end in (b"x\r\n", b"x\r\n.", b"x\r\n.\r"):
        with client(running) as c:
            c.begin_data()
            c.send(end)
    with client(running) as c:
        assert c.mail().startswith("250")
    assert stored.count() == before + 1


def test_a_sluice_removed_between_rcpt_and_data_means_451(running: Running, stored: Stored) -> None:
    sluice = stored.add_sluice("bracke", "ide@bracke.example")
    with client(running) as c:
        c.begin_data("ide@bracke.example")
        stored.rows("DELETE FROM intake.sluice WHERE id = %s", [sluice])
        assert c.say(".") == NOT_STORED
        assert c.mail().startswith("250 2.0.0")


def test_a_fault_of_our_own_is_answered_with_a_constant_451(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret dsn=postgres://x")

    monkeypatch.setattr(AddressBook, "known", fail)
    monkeypatch.setattr(GroupCommit, "accept", fail)
    with client(running) as c:
        c.say("MAIL FROM:<a@b>")
        assert c.say(f"RCPT TO:<{IDE}>") == NOT_STORED
        monkeypatch.undo()
        monkeypatch.setattr(GroupCommit, "accept", fail)
        assert c.mail() == NOT_STORED
        monkeypatch.undo()
        assert c.mail().startswith("250 2.0.0")


def _mail(sluice_id: object, number: int) -> Mail:
    content = f"Subject: {number}\r\n\r\n".encode()
    return Mail(
        id=ids.new_id(),
        content=content,
        sha256=hashlib.sha256(content).digest(),
        recipients=(Recipient(ids.new_id(), sluice_id, IDE),),  # type: ignore[arg-type]
        envelope_from="",
        peer_ip="192.0.2.1",
        helo="x",
        protocol="ESMTP",
        tls=None,
        trusted_peer=False,
        received_at=datetime.now(UTC),
    )


def test_mails_that_wait_together_share_a_transaction_and_a_bad_one_harms_no_neighbour(
    module_settings: Settings, stored: Stored
) -> None:
    [(sluice_id,)] = stored.rows("SELECT id FROM intake.sluice WHERE slug = 'krokom'")
    good = [_mail(sluice_id, number) for number in range(10)]
    more = [_mail(sluice_id, number) for number in range(9)]
    bad = _mail(ids.new_id(), 10)  # its sluice does not exist

    async def store() -> tuple[list[bool], list[bool]]:
        link = Link(module_settings)
        group = GroupCommit(link, Counters())
        task = asyncio.create_task(group.run())
        together = list(await asyncio.gather(*map(group.accept, good)))
        mixed = list(await asyncio.gather(*map(group.accept, [*more[:4], bad, *more[4:]])))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await link.drop()
        return together, mixed

    together, mixed = asyncio.run(store())

    assert together == [True] * 10
    assert mixed == [True] * 4 + [False] + [True] * 5
    rows = stored.rows("SELECT id, xmin::text FROM intake.raw_mail WHERE id = ANY(%s)", [[m.id for m in good]])
    assert len(rows) == 10
    assert len({transaction for _, transaction in rows}) == 1


def test_no_mail_of_many_sessions_at_once_is_lost_or_doubled(running: Running, stored: Stored) -> None:
    before = stored.count()
    replies: list[str] = []

    def send(session: int) -> None:
        with Client(running.port) as c:
            c.hello()
            for number in range(20):
                replies.append(c.mail(f"Subject: {session}/{number}\r\n\r\n".encode()))

    threads = [threading.Thread(target=send, args=(session,)) for session in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    told = {reply.split()[-1] for reply in replies}
    assert len(told) == 200
    assert stored.count() == before + 200
    assert running.listener.counters.groups < running.listener.counters.mails


def test_the_accepting_connection_commits_synchronously_whatever_the_server_says(
    module_settings: Settings, stored: Stored
) -> None:
    async def ask() -> object:
        link = Link(module_settings)
        connection = await link.open()
        cursor = await connection.execute("SHOW synchronous_commit")
        row = await cursor.fetchone()
        await link.drop()
        return row

    stored.rows("ALTER ROLE idesluss_intake IN DATABASE " + _database(stored) + " SET synchronous_commit = off")
    assert asyncio.run(ask()) == ("on",)


def _database(stored: Stored) -> str:
    return str(stored.rows("SELECT quote_ident(current_database())")[0][0])
