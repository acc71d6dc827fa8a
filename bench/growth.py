"""What a page costs with 10 ideas stored and with 1,000,000: board, search, similar ideas, inbox.

`python -m bench.growth`, or `python -m bench.growth 100000` for fewer. Both on one server in one run, through the
functions that the pages call.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlalchemy.orm import Session

from idesluss import demo
from services.intake.domain.inbox import Wanted
from services.intake.store import board, search, sluices
from services.intake.store.tables import Idea
from services.intake.usecases import inbox
from services.intake.usecases.similar import similar
from shared.clock import now
from shared.db import Database, Role, conninfo
from shared.ids import new_id
from shared.viewer import Viewer
from tests.support import databases

FEW, MANY = 10, 1_000_000
ROUNDS = 200
FEW_ROUNDS = 20
STAGES = ("received", "triage", "developing", "decided", "piloting", "implemented", "closed")
SYLLABLES = re.findall("..", "babebibodadedidofafefigagegikakekilalelimameminanepaperareriasesotatetu")


def main() -> None:
    """Run it and print one table."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    databases.name_run()
    with (
        databases.server() as server,
        databases.clone(server, databases.template(server)) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        settings = databases.settings_for(url, Path(folder))
        demo.seed(settings)
        database = Database(settings, Role.INTAKE)
        try:
            _run(database, conninfo(url), many)
        finally:
            database.dispose()


def _run(database: Database, owner: str, many: int) -> None:
    seed(owner, database, FEW)
    few = measure(database)
    print(f"seeding {many:,} ideas", flush=True)
    began = time.perf_counter()
    seed(owner, database, many - FEW)
    print(f"seeded in {time.perf_counter() - began:.0f} s", flush=True)
    search.forget()
    grown = measure(database)
    print(f"\np95 of {ROUNDS} calls, milliseconds\n")
    print(f"| what | {FEW} ideas | {many:,} ideas | ratio |\n| --- | --- | --- | --- |")
    for name, before in few.items():
        after = grown[name]
        print(f"| {name} | {before:.2f} | {after:.2f} | {after / before:.2f} |")


def words(choice: random.Random, number: int) -> list[str]:
    """Words as unevenly common as in a language (Zipf), from a vocabulary of some 40,000, its stop words left out."""
    return [_word(min(30 + int(30 * choice.paretovariate(0.9)), 40_000)) for _ in range(number)]


@cache
def _word(rank: int) -> str:
    """The word of that rank: three to five syllables, as good as never the beginning of another."""
    parts = random.Random(rank)
    return "".join(parts.choice(SYLLABLES) for _ in range(3 + rank % 3)) + "n"


def rows(sluice_ids: list[UUID], number: int, first: int) -> Iterator[tuple[object, ...]]:
    """Ideas of five years, evenly over the sluices; one in three is on the board, most are answered."""
    choice = random.Random(first)
    began = now() - timedelta(days=5 * 365)
    step = timedelta(days=5 * 365) / max(number, 1)
    for index in range(number):
        at = began + step * index
        title = " ".join(words(choice, 5)).capitalize()
        body = " ".join(words(choice, 35))
        is_open = index > number - 400
        published = at if choice.random() < 0.33 else None
        yield (
            new_id(),
            sluice_ids[index % len(sluice_ids)],
            f"GRO-2026-{first + index:07d}",
            title,
            body,
            "received" if is_open else choice.choice(STAGES[1:]),
            "employee",
            "form",
            "sv",
            "",
            f"person{index % 5000}@krokom.example",
            at + timedelta(days=14),
            at,
            at,
            None if is_open else at + timedelta(days=3),
            published,
            title if published else None,
            body if published else None,
        )


COLUMNS = (
    "id, sluice_id, reference, title, text, stage, kind, via, language, submitter_name, submitter_address, answer_by,"
    " created_at, updated_at, answered_at, published_at, public_title, public_text"
)


def seed(owner: str, database: Database, number: int) -> None:
    """Put ideas straight into the table, with its search indexes made afterwards, and count them (ANALYZE)."""
    with database.transaction() as session:
        ids = [one.id for one in sluices.profiles(session)]
        first = len(session.scalars(select(Idea.id)).all()) + 1
    with psycopg.connect(owner, autocommit=True) as connection:
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'intake' AND tablename = 'idea'"
            " AND indexdef LIKE '%USING gin%'"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f'DROP INDEX intake."{name}"')
        with connection.cursor().copy(f"COPY intake.idea ({COLUMNS}) FROM STDIN") as copy:
            for row in rows(ids, number, first):
                copy.write_row(row)
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("UPDATE intake.sluice SET board = true")
        connection.execute("VACUUM ANALYZE intake.idea")


def measure(database: Database) -> dict[str, float]:
    """p95 of each kind of reading, in milliseconds."""
    with database.transaction() as session:
        krokom = sluices.profile_by_slug(session, "krokom").id
        titles = session.scalars(select(Idea.title).order_by(Idea.id).limit(5000)).all()
    choice = random.Random(7)

    def search_page(session: Session) -> None:
        asked = " ".join(choice.choice(titles).split()[:2])
        search.newest(session, asked, [krokom])

    def alike(session: Session) -> None:
        similar(session, krokom, choice.choice(titles), " ".join(words(choice, 35)), public_only=False)

    def alike_public(session: Session) -> None:
        similar(session, krokom, choice.choice(titles), " ".join(words(choice, 35)), public_only=True)

    viewer = Viewer("kontakt@krokom.example", contact_of=frozenset({"krokom"}))

    def inbox_page(session: Session) -> None:
        inbox.show(session, viewer, Wanted())

    def board_page(session: Session) -> None:
        board.cards(session, krokom)

    def board_search(session: Session) -> None:
        board.cards(session, krokom, words=" ".join(choice.choice(titles).split()[:2]))

    kinds = {
        "board": board_page,
        "search on the board": board_search,
        "search in a sluice": search_page,
        "similar ideas, for a contact": alike,
        "similar ideas, on the board": alike_public,
    }
    taken = {name: p95(database, work) for name, work in kinds.items()}
    return taken | {"inbox": p95(database, inbox_page, rounds=FEW_ROUNDS)}


def p95(database: Database, work: Callable[[Session], None], *, rounds: int = ROUNDS) -> float:
    """The 95th percentile of so many calls after some to warm up, in milliseconds."""
    taken = []
    for number in range(rounds + rounds // 20):
        began = time.perf_counter()
        with database.transaction() as session:
            work(session)
        if number >= rounds // 20:
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(taken, n=20)[-1]  # the last of nineteen cuts


if __name__ == "__main__":
    main()
