"""Ideas as a list for other programs: of the whole installation, or of one sluice."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import fields

from services.intake.domain.inbox import Sort, Wanted
from services.intake.store.inbox import Row
from services.intake.usecases import export_ideas
from shared.cells import harmless
from shared.db import Database, Role, opened
from shared.settings import Settings
from shared.viewer import Viewer

LEFT_OUT = frozenset({"id", "beginning", "version"})
COLUMNS = tuple(field.name for field in fields(Row) if field.name not in LEFT_OUT)


def write(settings: Settings, *, sluice: str | None, form: str, actor: str) -> None:
    """Write the list to the standard output in portions, and that it left the house."""
    with opened(settings, Role.INTAKE) as database:
        found = _ideas(database, Viewer(actor, is_administrator=True), Wanted(sluice=sluice, sort=Sort.NEWEST), form)
        if form == "csv":
            writer = csv.DictWriter(sys.stdout, (*COLUMNS, "text"))
            writer.writeheader()
            for each in found:
                writer.writerow({name: harmless(str(value)) for name, value in each.items() if value is not None})
        else:
            for each in found:
                sys.stdout.write(json.dumps(each, default=str, ensure_ascii=False) + "\n")


def _ideas(database: Database, viewer: Viewer, wanted: Wanted, form: str) -> Iterator[dict[str, object]]:
    with database.transaction() as session:
        export_ideas.record(session, viewer, wanted, form=form)
    after = None
    while True:
        with database.transaction() as session:
            portion = export_ideas.portion(session, viewer, wanted, after)
        for row, text in portion.rows:
            yield {name: getattr(row, name) for name in COLUMNS} | {"text": text}
        after = portion.next
        if after is None:
            return
