"""Invitations to very many under kill -9 of real processes: each guest gets exactly one."""

from __future__ import annotations

import random
from pathlib import Path

import psycopg
import pytest

from services.rsvp.usecases import invite
from shared.clock import STOCKHOLM, now
from shared.db import Database, Role, conninfo, embedded_url
from shared.settings import Settings
from shared.viewer import Viewer
from tests.support.bulk import settings_of
from tests.support.events import an_event
from tests.support.running import Suite
from tests.support.storm import Killer
from tests.support.waiting import wait_until

KIM = Viewer("kim@krokom.example", contact_of=frozenset({"krokom"}))
WORKERS = ("worker-rsvp", "worker-rsvp", "worker-notify", "relay", "postgres")
COUNTS = """
    SELECT (SELECT coalesce(sum(done), 0) FROM rsvp.mailing),
           (SELECT count(*) FROM bus.message WHERE name = 'event.mail_wanted.v1'),
           (SELECT count(DISTINCT recipients[1]) FROM mailbox.message WHERE recipients[1] LIKE 'soak%'),
           (SELECT count(*) FROM mailbox.message WHERE recipients[1] LIKE 'soak%')
"""


def counts(settings: Settings) -> tuple[int, int, int, int]:
    """Guests that the mailing has told, letters asked for, guests with a mail, mails."""
    with psycopg.connect(conninfo(embedded_url(settings))) as connection:
        row = connection.execute(COUNTS).fetchone()
        assert row is not None
        return int(row[0]), int(row[1]), int(row[2]), int(row[3])


def told(settings: Settings, place: int) -> int:
    """One of the counts; 0 while the database is away."""
    try:
        return counts(settings)[place]
    except psycopg.OperationalError:
        return 0


@pytest.mark.soak
def test_kill_9_among_5000_invitations_leaves_each_guest_with_exactly_one(tmp_path: Path) -> None:
    number = 5000
    hour = now().astimezone(STOCKHOLM).hour
    quiet = f"{(hour + 12) % 24}-{(hour + 13) % 24}"  # far from now: bulk mail waits for quiet hours to end
    suite = Suite(tmp_path / "var", {"IDESLUSS_LOG_LEVEL": "warning", "IDESLUSS_QUIET_HOURS": quiet}).start()
    try:
        settings = settings_of(suite.data_dir)
        database = Database(settings, Role.RSVP, pool_size=1)
        people = [
            {"name": f"Gäst {n}", "address": f"soak{n}@invanare.example", "organisation": "", "language": "sv"}
            for n in range(number)
        ]
        with database.transaction() as session:
            event = an_event(session)
            slug = event.slug
            assert invite.put_on_list(session, event, people, actor="kim", moment=now(), via="soak") == number
        with database.transaction() as session:
            invite.send(session, KIM, slug, "invitation", note="", key="soak", moment=now())
        database.dispose()

        killer = Killer(suite, random.Random(6), WORKERS)
        for share in range(1, 9):
            wait_until(lambda share=share: told(settings, 0) >= number * share // 9, 120)
            killer.kill(killer.chance.choice(WORKERS))
        wait_until(lambda: told(settings, 2) >= number, 600, every=1)

        assert sum(killer.kills.values()) == 8
        assert counts(settings) == (number, number, number, number)
    finally:
        assert suite.stop() == 0
