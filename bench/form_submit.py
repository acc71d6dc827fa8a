"""Ideas durably taken in by the public form in a second, beside the same insert in bare Flask and psycopg.

``python -m bench.form_submit [--posts N] [--rounds N] [--clients N] [--profile FILE]``

Ours does all that the form does: it judges token, trap, proof of work and limit, reads the sluice, checks every field,
and stores idea, timeline and the message that the confirmation is made from, before it answers 303. It logs as it does
by default. The reference is a Flask view of thirty lines under the same waitress with the same threads: it reads the
same body, takes the next reference by the same lock, and writes the same five rows (counter, idea, timeline, a message
as large as ours, its delivery) in one transaction that is committed, and synced, before its answer. What only ours does
is left out of it, since it is what the form costs: the sluice is read for each post, the post is counted, the solved
task is used up (one row more), every field is judged, and fifteen links and addresses are signed. Clients keep their
connections to both. Rounds alternate, so that a noisy machine is noisy for both; the median counts. At the end every
accepted idea and its message must be in the database, and none of ours may be held.
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
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import altcha
import psycopg
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from psycopg_pool import ConnectionPool
from sqlalchemy import make_url
from waitress import serve

from bench import serving
from idesluss import demo, web
from shared import logs
from shared.clock import now
from shared.db import conninfo
from shared.settings import Settings
from shared.web import form_tokens as form_token
from shared.web import proof
from tests.support import databases
from tests.support.ports import free_port

FORM = "idea:krokom"
TEXT = "Vi kör bil korta sträckor mellan brukarna i centrala Krokom.\n" * 12
PAD = "x" * 1730
"""Makes the bare message as large as ours, which carries the contacts' links as well: 2,690 bytes."""
CONSENT = "x" * 139
"""As long as the words that ours keeps."""
POSTS_PER_ADDRESS = 150
"""Below the limit by address: the clients come from many addresses of loopback."""


def main() -> int:
    """Run it and print one table."""
    arguments = _arguments()
    with _database() as settings:
        demo.seed(settings)
        with _forked(lambda: _ours(settings, arguments.profile), settings.http_port):
            port = free_port()
            with _forked(lambda: _bare(settings, port), port):
                rates = _rounds(settings, {"ours": settings.http_port, "bare": port}, arguments)
        _check(settings, rates, arguments)
    bare = statistics.median(rates["bare"])
    load = f"{arguments.rounds} rounds of {arguments.posts} posts, {arguments.clients} clients"
    print(f"{load}, {os.cpu_count()} cores, median")
    print("| who | ideas a second | spread | ratio |\n| --- | --- | --- | --- |")
    for name, words in (("bare", "bare Flask and psycopg"), ("ours", "Idéslussen's form")):
        found = rates[name]
        middle = statistics.median(found)
        print(f"| {words} | {middle:.0f} | {min(found):.0f}–{max(found):.0f} | {middle / bare:.2f} |")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--profile", type=Path)
    return parser.parse_args()


@contextmanager
def _database() -> Iterator[Settings]:
    databases.name_run()
    with databases.server() as server, tempfile.TemporaryDirectory() as folder:
        name = databases.template(server)
        try:
            with databases.clone(server, name) as url:
                port = free_port()
                settings = databases.settings_for(url, Path(folder))
                yield replace(settings, http_port=port, base_url=f"http://127.0.0.1:{port}")
        finally:
            databases.drop_template()


def _rounds(settings: Settings, ports: dict[str, int], arguments: argparse.Namespace) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for number in range(arguments.rounds + 1):
        for name, port in ports.items():
            bodies = [_body(settings, f"{name} {number} {post}") for post in range(arguments.posts)]
            rate = _load(port, bodies, arguments.clients)
            if number:  # the first warms both up
                rates[name].append(rate)
    return rates


def _body(settings: Settings, title: str) -> bytes:
    """The form as a browser sends it, with a task of its own solved beforehand."""
    task = altcha.Challenge.from_dict(proof.task(settings.signer, FORM))
    solution = altcha.solve_challenge(task)
    assert solution is not None
    fields = {
        "form_token": form_token.issue(settings.signer, FORM, now() - timedelta(minutes=2)),
        "homepage": "",
        "altcha": altcha.Payload(task, solution).to_base64(),
        "title": title,
        "text": TEXT,
        "kind": "citizen",
        "name": "Åsa Öberg",
        "email": "asa@krokom.example",
        "consent": "yes",
    }
    return urlencode(fields).encode()


_addresses = iter(f"127.0.{third}.{fourth}" for third in range(1, 250) for fourth in range(1, 250))
_lock = threading.Lock()


def _load(port: int, bodies: list[bytes], clients: int) -> float:
    """Send them all; ideas accepted in a second. Anything but a receipt fails the bench."""
    waiting = iter(bodies)

    def client(_: int) -> None:
        while True:
            with _lock:
                address = next(_addresses)
            connection = HTTPConnection("127.0.0.1", port, source_address=(address, 0), timeout=60)
            for _ in range(POSTS_PER_ADDRESS):
                with _lock:
                    body = next(waiting, None)
                if body is None:
                    return
                connection.request("POST", "/ide/krokom", body, {"Content-Type": "application/x-www-form-urlencoded"})
                answer = connection.getresponse()
                said = answer.read()
                if answer.status != 303:
                    raise SystemExit(f"{answer.status}: {said[:2000]!r}")
            connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return len(bodies) / (time.perf_counter() - began)


@contextmanager
def _forked(serve: Callable[[], None], port: int) -> Iterator[None]:
    pid = os.fork()
    if pid == 0:
        with tempfile.TemporaryFile() as logged:
            os.dup2(logged.fileno(), sys.stderr.fileno())
        try:
            serve()
        finally:
            os._exit(0)
    try:
        serving.wait_for(port, "/ide/krokom")
        yield
    finally:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)


def _ours(settings: Settings, profile: Path | None) -> None:
    logs.configure(settings, "web")
    serving.profiled(lambda: web.main(settings, lambda: None), profile)


def _bare(settings: Settings, port: int) -> None:
    serve(_bare_app(settings), host="127.0.0.1", port=port, threads=web.THREADS, _quiet=True)  # type: ignore[no-untyped-call] # waitress bears no types


def _bare_app(settings: Settings) -> Flask:
    """The same rows by the shortest way that is still right: one transaction, committed before the answer."""
    app = Flask("bare")
    pool = ConnectionPool(
        conninfo(make_url(settings.database_url)), min_size=web.THREADS, max_size=web.THREADS, open=True
    )
    with pool.connection() as connection:
        row = connection.execute("SELECT id FROM intake.sluice WHERE slug = 'krokom'").fetchone()
    assert row is not None
    sluice = row[0]

    @app.get("/ide/krokom")
    def show() -> str:
        return "form"

    @app.post("/ide/krokom")
    def send() -> ResponseReturnValue:
        form, moment = request.form, now()
        idea, message = uuid.uuid4(), uuid.uuid4()
        with pool.connection() as connection:
            (number,) = connection.execute(  # type: ignore[misc] # RETURNING always gives a row
                "INSERT INTO intake.reference_counter (sluice_id, year, last) VALUES (%s, %s, 1)"
                " ON CONFLICT (sluice_id, year) DO UPDATE SET last = reference_counter.last + 1 RETURNING last",
                [sluice, moment.year],
            ).fetchone()
            reference = f"KRO-{moment.year}-{number:04d}"
            connection.execute(
                "INSERT INTO intake.idea (id, sluice_id, reference, title, text, kind, via, language, submitter_name,"
                " submitter_address, answer_by, created_at, updated_at, idempotency_key, consent)"
                " VALUES (%s, %s, %s, %s, %s, %s, 'form', 'sv', %s, %s, %s, %s, %s, %s, %s)",
                [
                    *(idea, sluice, reference, form["title"], form["text"], form["kind"], form["name"], form["email"]),
                    *(moment, moment, moment, f"bare:{form['form_token']}", CONSENT),
                ],
            )
            connection.execute(
                "INSERT INTO intake.timeline_entry (id, idea_id, at, event, actor, actor_kind)"
                " VALUES (%s, %s, %s, 'received', %s, 'submitter')",
                [uuid.uuid4(), idea, moment, form["name"]],
            )
            payload = json.dumps({"idea": str(idea), "title": form["title"], "text": form["text"], "pad": PAD})
            connection.execute(
                "INSERT INTO bus.message (id, name, payload, correlation_id) VALUES (%s, 'idea.received.v1', %s, %s)",
                [message, payload, idea.hex],
            )
            connection.execute("INSERT INTO bus.delivery (consumer, message_id) VALUES ('notify', %s)", [message])
            connection.execute("SELECT pg_notify('idesluss_bus', '')")
        return redirect(f"/ide/krokom/tack/{reference}", 303)

    return app


def _check(settings: Settings, rates: dict[str, list[float]], arguments: argparse.Namespace) -> None:
    with psycopg.connect(conninfo(make_url(settings.database_url))) as connection:
        ideas, held, said = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE held IS NOT NULL),"
            " (SELECT count(*) FROM bus.message WHERE name = 'idea.received.v1') FROM intake.idea"
        ).fetchone() or (0, 0, 0)
    wanted = len(rates) * (arguments.rounds + 1) * arguments.posts
    if (ideas, held, said) != (wanted, 0, wanted):
        raise SystemExit(f"{wanted} were accepted; {ideas} are there, {held} held, {said} announced")


if __name__ == "__main__":
    proof.TRIES = (1, 2)  # the browser's part of the work is not what is measured
    sys.exit(main())
