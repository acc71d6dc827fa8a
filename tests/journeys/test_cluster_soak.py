"""Half an hour of a cluster under fire: mails, forms, replies to ideas and to invitations, while every process and both
engines are killed and halted at random. IDESLUSS_TEST_SOAK_MINUTES sets another length."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import requests

from idesluss import demo, migrate
from services.rsvp.usecases import invite
from shared.clock import STOCKHOLM, now
from shared.db import Database, Role
from shared.settings import Settings, load
from shared.viewer import Viewer
from shared.web import proof, tokens
from tests.support.cluster import MANY, Cluster, Harm
from tests.support.cluster_count import OPEN, Tally, ask, settle
from tests.support.cluster_traffic import Traffic
from tests.support.databases import SECRET_KEY
from tests.support.engines import OwnPostgres, OwnRabbitmq
from tests.support.events import an_event

MINUTES = float(os.environ.get("IDESLUSS_TEST_SOAK_MINUTES") or 30)
SEED = int(os.environ.get("IDESLUSS_TEST_SOAK_SEED") or time.time())
PEOPLE = {"mail": (2, 1.0), "form": (1, 1.5), "reply": (1, 1.0), "rsvp": (1, 1.0)}
"""How many of each kind, and how many seconds each pauses."""
BETWEEN_HARMS = (3.0, 9.0)
ENGINE_AWAY = (1.0, 8.0)
HALT = (5.0, 40.0)
PROGRESS_SECONDS = 10
SETTLE_SECONDS = 300
"""A bell that nobody heard is rung for again after as long as 320 s at worst."""
KIM = Viewer("kim@krokom.example", contact_of=frozenset({"krokom"}))


@contextmanager
def engines(folder: Path, settings: Settings) -> Iterator[tuple[OwnPostgres, OwnRabbitmq]]:
    """Both engines, running; ended at the end."""
    postgres, rabbitmq = OwnPostgres(settings), OwnRabbitmq(folder / "rabbitmq")
    try:
        postgres.start()
        rabbitmq.start()
        yield postgres, rabbitmq
    finally:
        rabbitmq.stop()
        postgres.stop()


def invite_guests(settings: Settings, number: int) -> None:
    """An event of Krokom's, and so many who are invited."""
    database = Database(settings, Role.RSVP, pool_size=1)
    people = [
        {"name": f"Gäst {n}", "address": f"gast{n:05d}@gaster.example", "organisation": "", "language": "sv"}
        for n in range(number)
    ]
    with database.transaction() as session:
        event = an_event(session, capacity=number + 10)
        slug = event.slug
        invite.put_on_list(session, event, people, actor="kim", moment=now(), via="soak")
    with database.transaction() as session:
        invite.send(session, KIM, slug, "invitation", note="", key="soak", moment=now())
    database.dispose()


class Fire:
    """Kills and halts at random moments until it is told to stop."""

    def __init__(self, cluster: Cluster, postgres: OwnPostgres, rabbitmq: OwnRabbitmq, chance: random.Random) -> None:
        self.harm = Harm(cluster, chance)
        self._engines = {"postgres": postgres, "rabbitmq": rabbitmq}
        self._chance = chance
        self._stopping = threading.Event()
        self._timers: list[threading.Timer] = []
        self._thread = threading.Thread(target=self._burn)
        self.fault: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let everybody live."""
        self._stopping.set()
        self._thread.join()
        for timer in self._timers:
            timer.join()
        self.check()

    def check(self) -> None:
        """Raise what went wrong with the killing itself."""
        if self.fault is not None:
            raise self.fault

    def _burn(self) -> None:
        try:
            while not self._stopping.wait(self._chance.uniform(*BETWEEN_HARMS)):
                self._strike()
        except BaseException as fault:
            self.fault = fault

    def _strike(self) -> None:
        role = self._chance.choice([*MANY, *self._engines])
        if role in self._engines:
            engine = self._engines[role]
            engine.kill()
            self.harm.done[f"{role} killed"] += 1
            self._stopping.wait(self._chance.uniform(*ENGINE_AWAY))
            engine.start()
        elif self._chance.random() < 0.25:
            self._timers.append(self.harm.halt(role, self._chance.uniform(*HALT)))
        else:
            self.harm.kill(role)


@pytest.mark.soak
def test_a_cluster_under_fire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "TRIES", (1, 5))
    hour = now().astimezone(STOCKHOLM).hour
    environment = {
        "IDESLUSS_SECRET_KEY": SECRET_KEY,
        "IDESLUSS_QUIET_HOURS": f"{(hour + 12) % 24}-{(hour + 13) % 24}",  # far from now: invitations keep them
        "IDESLUSS_WORKER_THREADS": "2",
    }
    settings = load({**environment, "IDESLUSS_DATA_DIR": str(tmp_path / "engine")})
    with engines(tmp_path, settings) as (postgres, rabbitmq):
        cluster = Cluster(
            tmp_path / "cluster",
            {**environment, "DATABASE_URL": postgres.url, "BROKER_URL": rabbitmq.url},
            MANY,
            forked=False,
        )
        migrate.run(cluster.settings)
        demo.seed(cluster.settings)
        try:
            cluster.start()
            tally, fire = _burn(cluster, postgres, rabbitmq)
            books = _books(cluster)
        finally:
            codes = cluster.stop()
    assert tally.faults == []
    assert books["difference"] == 0
    assert min(tally.taken[kind] for kind in PEOPLE) > 0
    assert tally.submitted_twice <= 4 * sum(fire.harm.done.values())
    assert {code for code in codes.values() if code != 0} == set(), codes


def _burn(cluster: Cluster, postgres: OwnPostgres, rabbitmq: OwnRabbitmq) -> tuple[Tally, Fire]:
    invite_guests(cluster.settings, round(MINUTES * 60))
    traffic = Traffic(cluster, PEOPLE)
    fire = Fire(cluster, postgres, rabbitmq, random.Random(SEED))
    memory = {"start": cluster.memory()}
    _say(f"seed {SEED}, {MINUTES:g} minutes, {MANY}")
    _say(f"memory (MB): {memory['start']}")
    began = time.monotonic()
    traffic.start()
    fire.start()
    try:
        _watch(cluster, traffic, fire, began, memory)
    finally:
        fire.stop()
        traffic.stop()
    taken_in = time.monotonic() - began
    tally = settle(traffic, SETTLE_SECONDS)
    settled_in = time.monotonic() - began - taken_in
    memory["end"] = cluster.memory()
    _say(f"\nharm done: {sum(fire.harm.done.values())}: {dict(sorted(fire.harm.done.items()))}")
    _say(f"deaths seen and mended: {sum(cluster.deaths.values())}: {dict(cluster.deaths)}")
    _say(
        f"taken: {tally.taken}, {traffic.number() / taken_in:.2f} a second; all done {settled_in:.1f} s after the last"
    )
    _say(f"tries that met nobody: {traffic.failovers}; refusals: {dict(traffic.refusals)}")
    _say(f"longest wait until taken (ms): {dict(traffic.slowest)}")
    _say(f"longest from a mail's 250 to its confirmation (s): {ask(cluster.settings, LONGEST)[0][0]}")
    for name in ("lost", "doubled", "gaps", "mails_missing", "mails_doubled"):
        _say(f"{name}: {len(getattr(tally, name))} {getattr(tally, name)[:20]}")
    _say(
        f"stray {tally.stray}, unsent {tally.unsent}, withheld {tally.withheld}, open {tally.open}, parked {tally.parked}"
    )
    _say(f"handed in more than once under one Message-ID: {tally.submitted_twice}")
    _say(f"jobs (runs, failures): {tally.jobs}")
    for when, found in memory.items():
        _say(f"memory (MB) {when}: {sum(found.values())} {found}")
    return tally, fire


def _watch(cluster: Cluster, traffic: Traffic, fire: Fire, began: float, memory: dict[str, dict[str, int]]) -> None:
    """Say how it goes, until the time is over or somebody gave up."""
    end = began + MINUTES * 60
    while (left := end - time.monotonic()) > 0:
        threading.Event().wait(min(PROGRESS_SECONDS, left))
        _progress(cluster, traffic, fire, time.monotonic() - began)
        traffic.check()
        fire.check()
        if "middle" not in memory and left < MINUTES * 30:
            memory["middle"] = cluster.memory()


LONGEST = """
    SELECT max(round(extract(epoch FROM mail.created_at - inbound.received_at)::numeric, 1))
      FROM intake.inbound_email AS inbound
      JOIN intake.idea AS idea ON idea.id = inbound.idea_id AND idea.title LIKE 'post%'
      JOIN notify.notification AS note ON note.idea_reference = idea.reference AND note.kind = 'confirmation'
      JOIN mailbox.message AS mail ON note.message_id = '<' || mail.message_id || '>'
     WHERE inbound.received_at <= mail.created_at
"""


def _progress(cluster: Cluster, traffic: Traffic, fire: Fire, seconds: float) -> None:
    try:
        waiting = str(ask(cluster.settings, OPEN)[0][0])
    except psycopg.Error:
        waiting = "no database"
    taken = {kind: len(names) for kind, names in sorted(traffic.taken.items())}
    alive = sum(member.code is None for member in cluster.members)
    _say(
        f"{seconds:6.0f} s  taken {taken}  open {waiting}  alive {alive}/{len(cluster.members)}"
        f"  harm {sum(fire.harm.done.values())}  failovers {traffic.failovers}  refusals {dict(traffic.refusals)}"
    )


def _books(cluster: Cluster) -> dict[str, int]:
    token = tokens.issue(cluster.settings.signer, name="soak", scopes=("*",))
    answer = requests.get(
        f"{cluster.urls[0]}/api/notify/v1/summary", headers={"Authorization": f"Bearer {token}"}, timeout=30
    )
    books: dict[str, int] = answer.json()["books"]
    _say(f"books: {books}")
    return books


def _say(line: str) -> None:
    print(line, flush=True)
