"""Replies in a second when many answer at once for few seats, beside pretix' orders of a free ticket.

``python -m bench.rsvp_rush [--people N] [--seats N] [--clients N] [--workers N] [--seconds N] [--pretix VENV]
[--profile FILE]``

Both have the same PostgreSQL server (a database each), the same number of web processes and the same clients, which
keep their connection where the server does. Ours is the whole front as `make run` starts it, one process to a port,
and logs as by default. Everybody is a guest of their own: 5,000 for 100 seats, one reply each by the API, with an
Idempotency-Key. At the end the database is asked: exactly as many sit as there are seats, nobody's number is drawn
twice, those who sit came first, each reply is in the history and its mail due, and each place told is the right one.
pretix is installed from PyPI into an environment of its own (``--pretix`` names one that is there), migrated, served
by gunicorn, and gets orders of a free item by its REST API: as many as its clients manage in its time, half before ours
and half after, so that a machine that grows busier is so for both. Those orders are all taken, as each of ours is kept:
an order that is refused since all is sold costs pretix little, and keeps nothing. That its quota is exact under a rush
is seen with another item in the end. Its mail goes nowhere.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from bench import pretix_shop, serving
from idesluss import web
from shared import logs
from shared.db import Database, Role, conninfo
from shared.settings import Settings
from shared.web import tokens
from tests.support import databases
from tests.support.events import an_event
from tests.support.ports import free_ports

WARM_UP = 200
SELL_OUT_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of some requests: those that were answered, in seconds, and what was said."""

    said: list[tuple[int, dict]]
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.said) / self.seconds


def main() -> int:
    """Run it and print one table."""
    arguments = _arguments()
    with ExitStack() as stack:
        databases.name_run()
        server = stack.enter_context(databases.server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shop = None
        try:
            shop = stack.enter_context(_shop(server, folder, arguments))
        except pretix_shop.CannotInstall as error:
            print(f"pretix is left out: {error}")
        orders = [shop.order_for(arguments.seconds / 2, arguments.clients)] if shop else []
        rush = _ours(server, folder, arguments)
        if shop:
            orders.append(shop.order_for(arguments.seconds / 2, arguments.clients))
            shop.sell_out(SELL_OUT_SECONDS, arguments.clients)
    print(
        f"{arguments.people} people for {arguments.seats} seats, {arguments.clients} clients, {arguments.workers} web"
        f" processes each, {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f}"
    )
    print("| who | a second | spread | ratio |\n| --- | --- | --- | --- |")
    if orders:
        middle = statistics.mean(orders)
        print(f"| pretix, free orders | {middle:.1f} | {min(orders):.1f}–{max(orders):.1f} | 1 |")
        print(f"| Idéslussen, replies | {rush.rate:.0f} | | {rush.rate / middle:.1f} |")
    else:
        print(f"| Idéslussen, replies | {rush.rate:.0f} | | |")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--seats", type=int, default=100)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pretix", type=Path, help="an environment in which pretix and gunicorn are installed")
    parser.add_argument("--no-pretix", action="store_true")
    parser.add_argument("--profile", type=Path)
    return parser.parse_args()


@contextmanager
def _shop(server: URL, folder: Path, arguments: argparse.Namespace) -> Iterator[pretix_shop.Shop]:
    if arguments.no_pretix:
        raise pretix_shop.CannotInstall("as asked")
    environment = arguments.pretix or pretix_shop.install(folder / "pretix-venv")
    name = databases.new_name()
    database = server.set(database=name)
    databases.create(server, name, "template1")
    try:
        with pretix_shop.opened(environment, database, folder, arguments.workers, arguments.seats, send) as shop:
            yield shop
    finally:
        databases.drop(server, name)


def _ours(server: URL, folder: Path, arguments: argparse.Namespace) -> Answered:
    """The rush, and what the database says of it afterwards."""
    template = databases.template(server)
    try:
        with databases.clone(server, template) as url, ExitStack() as stack:
            settings = databases.settings_for(url, folder)
            database = Database(settings, Role.RSVP)
            with database.transaction() as session:
                warm = an_event(session, slug="warm-up", capacity=10).slug
                slug = an_event(session, slug="rush", capacity=arguments.seats).slug
            database.dispose()
            ports = free_ports(arguments.workers)
            for port in ports:
                stack.enter_context(_process(settings, port, arguments.profile if port == ports[0] else None))
            token = tokens.issue(settings.signer, name="bench", scopes=["*"])
            _replies(ports, token, warm, WARM_UP, arguments.clients)
            rush = _replies(ports, token, slug, arguments.people, arguments.clients)
            _check(settings, slug, rush, arguments)
            return rush
    finally:
        databases.drop_template()


def _replies(ports: list[int], token: str, slug: str, people: int, clients: int) -> Answered:
    path = f"/api/rsvp/v1/events/{slug}/replies"
    bodies = [
        json.dumps(
            {
                "email": f"guest-{number}@example.org",
                "name": f"Gunilla Gäst {number}",
                "answer": "yes",
                "party_size": 1,
                "diet": "vegetariskt" if number % 5 == 0 else "",
            }
        )
        for number in range(people)
    ]
    requests = (
        (path, body, {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{slug}-{number}"})
        for number, body in enumerate(bodies)
    )
    answered = send(ports, requests, clients)
    for status, said in answered.said:
        if status != 201:
            raise SystemExit(f"{status}: {said}")
    return answered


def send(ports: list[int], requests: Iterator[tuple[str, str, dict[str, str]]], clients: int) -> Answered:
    """Let so many clients send them all, each waiting for its answer before the next."""
    lock = threading.Lock()
    said: list[tuple[int, dict]] = []

    def client(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", ports[number % len(ports)], timeout=60)
        while True:
            with lock:
                request = next(requests, None)
            if request is None:
                return
            path, body, headers = request
            connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            said.append((answer.status, json.loads(answer.read())))

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return Answered(said, time.perf_counter() - began)


@contextmanager
def _process(settings: Settings, port: int, profile: Path | None) -> Iterator[None]:
    """One web process, as the supervisor forks it."""
    pid = os.fork()
    if pid == 0:
        with tempfile.TemporaryFile() as logged:
            os.dup2(logged.fileno(), sys.stderr.fileno())
            try:
                logs.configure(settings, "web")
                own = replace(settings, http_port=port)
                serving.profiled(lambda: web.main(own, lambda: None), profile)
            finally:
                os._exit(0)
    try:
        serving.wait_for(port, "/health/live")
        yield
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def _check(settings: Settings, slug: str, rush: Answered, arguments: argparse.Namespace) -> None:
    """Exactly the seats, in order, nobody lost, and everybody told the truth; anything else fails the bench."""
    with psycopg.connect(conninfo(make_url(settings.database_url))) as connection:
        rows = connection.execute(
            "SELECT g.id::text, g.state, g.arrival FROM rsvp.guest g JOIN rsvp.event e ON e.id = g.event_id"
            " WHERE e.slug = %s ORDER BY g.arrival",
            [slug],
        ).fetchall()
        steps, due = connection.execute(
            "SELECT count(*), (SELECT count(*) FROM bus.message WHERE name = 'guest.due.v1') FROM rsvp.guest_entry"
            " WHERE what = 'replied'"
        ).fetchone() or (0, 0)
    people, seats = arguments.people, min(arguments.seats, arguments.people)
    wanted = ["coming"] * seats + ["waiting"] * (people - seats)
    place = {guest: number - seats if number > seats else None for number, (guest, *_) in enumerate(rows, 1)}
    odd = {
        "states": [state for _, state, _ in rows] != wanted,
        "order": [arrival for *_, arrival in rows] != list(range(1, people + 1)),
        "lost": steps != people + WARM_UP or due != steps,
        "told": any(place[said["id"]] != said["place"] for _, said in rush.said),
    }
    if any(odd.values()):
        raise SystemExit(f"not exact: {odd}; {Counter(state for _, state, _ in rows)}, {steps} steps, {due} due")


if __name__ == "__main__":
    sys.exit(main())
