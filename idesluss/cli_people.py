"""`idesluss person`: read out or erase what is held about somebody, as the page Personuppgifter does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from idesluss.operator_name import operator_name

if TYPE_CHECKING:
    from shared.db import Database
    from shared.settings import Settings

LOOK_SECONDS = 0.5
STUCK_SECONDS = 60


@click.group()
def person() -> None:
    """What is held about one person (GDPR articles 15 and 17). The workers must be running."""


@person.command("access")
@click.argument("address")
@click.option("--reason", required=True, help="Why; kept with the record. No names.")
@click.option("--mobile", default="", help="Their mobile number, where text messages were sent.")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="Where the ZIP file is written.")
def person_access(address: str, reason: str, mobile: str, target: Path | None) -> None:
    """Read out all that is held about ADDRESS, and wait until it is done."""
    from services.intake.usecases import person_archive
    from shared.contracts.people import ACCESS

    with _intake() as (settings, database):
        identity = _run(settings, database, ACCESS, address, reason, mobile=mobile)
        if target is not None:
            with target.open("xb") as file:
                target.chmod(0o600)
                person_archive.pack(database, identity, file)
            click.echo(f"written to {target}")


@person.command("erase")
@click.argument("address")
@click.option("--reason", required=True, help="Why; kept with the record. No names.")
@click.option("--mobile", default="", help="Their mobile number, where text messages were sent.")
@click.option("--decision", default="", metavar="NR", help="Decision (gallringsbeslut) by which originals go too.")
@click.confirmation_option(prompt="What is erased does not come back. Go on?")
def person_erase(address: str, reason: str, mobile: str, decision: str) -> None:
    """Take the name and address of ADDRESS away everywhere but in public records, and wait until it is done."""
    from shared.contracts.people import ERASURE

    with _intake() as (settings, database):
        _run(settings, database, ERASURE, address, reason, mobile=mobile, decision=decision)


def _run(
    settings: Settings, database: Database, kind: str, address: str, reason: str, *, mobile: str, decision: str = ""
) -> UUID:
    """Start the job and tell of each part as it is done; Ctrl-C leaves it running."""
    from services.intake.usecases import person_jobs

    with database.transaction() as session:
        asked = person_jobs.Asked(kind, address, reason, decision, mobile)
        identity = person_jobs.start(session, settings, operator_name(), asked).id
    click.echo(f"job {identity}")
    told: set[str] = set()
    hint_at = time.monotonic() + STUCK_SECONDS
    while True:
        with database.transaction() as session:
            seen = person_jobs.look(session, identity)
        for part in seen.parts:
            if part.state == "done" and part.service not in told:
                told.add(part.service)
                numbers = ", ".join(f"{number} {name}" for name, number in sorted(part.counts.items()) if number)
                click.echo(f"{part.service}\t{numbers or 'nothing'}")
        if seen.job.state != "running":
            click.echo(seen.job.state)
            return identity
        if time.monotonic() > hint_at:
            hint_at = float("inf")
            click.echo("still waiting: do the workers run, and is nothing parked (`idesluss queue list`)?", err=True)
        time.sleep(LOOK_SECONDS)


@contextmanager
def _intake() -> Iterator[tuple[Settings, Database]]:
    from shared.db import Role, opened
    from shared.settings import load

    settings = load()
    with opened(settings, Role.INTAKE) as database:
        yield settings, database
