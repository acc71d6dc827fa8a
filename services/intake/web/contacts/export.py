"""The inbox's list as a file: the present filter and order, with a row's every fact, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from flask import Flask
from flask.typing import ResponseReturnValue

from services.intake.domain.inbox import Wanted
from services.intake.store.inbox import Row
from services.intake.usecases import export_ideas
from services.intake.web.contacts import inbox_query
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.i18n import MissingText
from shared.settings import Settings
from shared.viewer import Viewer
from shared.web import session as signed_in
from shared.web import sheets
from shared.web.language import spoken
from shared.web.own_links import without_tokens
from shared.web.sheets import Cell
from shared.web.viewer import viewer

COLUMNS: Final = (
    "reference",
    "sluice",
    "title",
    "text",
    "stage",
    "kind",
    "name",
    "address",
    "via",
    "came",
    "answer_by",
    "answered",
    "assigned",
    "tags",
    "supporters",
    "held",
    "url",
)


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/export.csv`` and ``/kontakt/export.xlsx``."""

    def rows(form: str) -> Iterator[Sequence[Cell]]:
        """The head at once, the rest while it is sent: nothing here may need the request any more."""
        reader, wanted, say = viewer(), inbox_query.read().wanted, _speaker()
        with database.transaction() as session:
            export_ideas.record(session, reader, wanted, form=form)
        return _rows(settings, database, reader, wanted, say)

    @app.get("/kontakt/export.csv")
    @signed_in.require_person
    def export_csv() -> ResponseReturnValue:
        return sheets.csv_response(_name(), rows("csv"))

    @app.get("/kontakt/export.xlsx")
    @signed_in.require_person
    def export_xlsx() -> ResponseReturnValue:
        return sheets.xlsx_response(_name(), _speaker()("inbox.title"), rows("xlsx"))


def _rows(
    settings: Settings, database: Database, reader: Viewer, wanted: Wanted, say: Callable[[str], str]
) -> Iterator[Sequence[Cell]]:
    yield [say(f"inbox.column.{name}") for name in COLUMNS]
    after = None
    while True:
        with database.transaction() as session:
            found = export_ideas.portion(session, reader, wanted, after)
        for row, text in found.rows:
            yield _cells(settings, row, text, say)
        after = found.next
        if after is None:
            return


def _cells(settings: Settings, row: Row, text: str, say: Callable[[str], str]) -> Sequence[Cell]:
    """In the order of ``COLUMNS``."""
    return (
        row.reference,
        row.sluice_name,
        row.title,
        without_tokens(text),
        say(f"stage.{row.stage}"),
        say(f"kind.{row.kind}") if row.kind else None,
        row.submitter_name,
        row.submitter_address,
        say(f"inbox.via.{row.via if row.via in inbox_query.VIAS else 'api'}"),
        _day(row.created_at),
        _day(row.answer_by),
        _day(row.answered_at) if row.answered_at else None,
        row.assigned_to,
        ", ".join(row.tags),
        row.supporters,
        _why_held(row.held, say) if row.held else None,
        f"{settings.base_url}/kontakt/ide/{row.reference}",
    )


def _day(moment: datetime) -> str:
    return moment.astimezone(STOCKHOLM).date().isoformat()


def _speaker() -> Callable[[str], str]:
    texts, language = spoken()
    return lambda key: texts.get(language, key)


def _why_held(code: str, say: Callable[[str], str]) -> str:
    try:
        return say(f"inbox.held_why.{code}")
    except MissingText:
        return say("inbox.held_why.other")


def _name() -> str:
    return f"ideer-{_day(now())}"
