"""`idesluss export`: what leaves the house as files."""

from __future__ import annotations

import os
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idesluss.cli_sluices import ACTOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.db import Database


@click.group()
def export() -> None:
    """Files for others: lists of ideas, and ideas as packages for the archive."""


@export.command("package")
@click.argument("references", nargs=-1, metavar="[REFERENCE]...")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@click.option("--sluice", help="Every settled idea of that sluice, instead of references.")
@click.option("--closed-before", type=click.DateTime(["%Y-%m-%d"]), help="With --sluice: untouched since before then.")
@click.option("--without-notes", is_flag=True, help="Leave out what only those who work with the idea see.")
def export_package(
    references: tuple[str, ...],
    folder: Path,
    sluice: str | None,
    closed_before: datetime | None,
    without_notes: bool,
) -> None:
    """Write each idea as an archive package (FGS Paketstruktur 2.0): REFERENCE.zip in the folder.

    A package that is there already is left alone, so that a run that was stopped goes on where it was.
    """
    from shared import settings
    from shared.db import Role, opened

    if bool(references) == bool(sluice) or bool(sluice) != bool(closed_before):
        raise click.UsageError("Give references, or --sluice with --closed-before.")
    folder.mkdir(parents=True, exist_ok=True)
    with opened(settings.load(), Role.INTAKE) as database:
        chosen = references if not sluice or not closed_before else _settled(database, sluice, closed_before)
        for number, reference in enumerate(chosen, 1):
            path = folder / f"{reference.upper()}.zip"
            said = "is there already" if path.exists() else _write(database, reference.upper(), path, not without_notes)
            click.echo(f"{number}/{len(chosen)}\t{path.name}\t{said}")


def _settled(database: Database, sluice: str, before: datetime) -> Sequence[str]:
    from services.intake.store import package, sluices
    from shared.clock import STOCKHOLM

    with database.transaction() as session:
        sluices.profile_by_slug(session, sluice)
        return package.settled_before(session, sluice, datetime.combine(before, time(), tzinfo=STOCKHOLM))


def _write(database: Database, reference: str, path: Path, with_notes: bool) -> str:
    """Write the package under another name, and rename it when it is whole; its size in words."""
    from services.intake.usecases.package_idea import take_package, zip_of
    from shared.viewer import Viewer

    with database.transaction() as session:
        viewer = Viewer(ACTOR, is_administrator=True)
        found = take_package(session, viewer, reference, with_notes=with_notes, way="command")
    unfinished = path.with_suffix(".part")
    # Others on this machine have no business with what people wrote.
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for piece in zip_of(database, [found]):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return f"{len(found.files)} files, {path.stat().st_size} bytes"


@export.command("ideas")
@click.option("--sluice", help="Of that sluice only, by its slug.")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
def export_ideas(sluice: str | None, form: str) -> None:
    """Write ideas to the standard output, the newest first: a JSON object a line, or CSV. It is recorded who did it."""
    from idesluss.export_ideas import write
    from shared import settings

    write(settings.load(), sluice=sluice, form=form, actor=ACTOR)
