"""An event's guests as a file for a spreadsheet: every answer a column, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Flask
from flask.typing import ResponseReturnValue

from services.rsvp.domain.said import said
from services.rsvp.domain.slugs import slug_of
from services.rsvp.domain.states import GuestState
from services.rsvp.store.guest_tables import Guest
from services.rsvp.usecases import export_guests
from services.rsvp.usecases.export_guests import Wanted
from services.rsvp.web.guests.pages import GUESTS
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.viewer import Viewer
from shared.web import session as signed_in
from shared.web import sheets
from shared.web.language import spoken
from shared.web.sheets import Cell
from shared.web.viewer import viewer

COLUMNS: Final = (
    "name",
    "organisation",
    "address",
    "language",
    "state",
    "party_size",
    "party",
    "diet",
    "comment",
    "came",
    "source",
    "invited",
    "replied",
)


def register(app: Flask, database: Database) -> None:
    """Add ``…/gaster/export.csv`` and ``.xlsx``."""

    def rows(slug: str, form: str) -> tuple[Wanted, Iterator[Sequence[Cell]]]:
        """The head at once, the rest while it is sent: nothing in it may need the request any more."""
        reader, (texts, language) = viewer(), spoken()
        with database.transaction() as session:
            wanted = export_guests.begin(session, reader, slug, form=form, language=language, moment=now())
        return wanted, _rows(database, reader, slug, wanted, lambda key: texts.get(language, key))

    @app.get(f"{GUESTS}/export.csv")
    @signed_in.require_person
    def guests_csv(slug: str) -> ResponseReturnValue:
        wanted, found = rows(slug, "csv")
        return sheets.csv_response(_name(wanted), found)

    @app.get(f"{GUESTS}/export.xlsx")
    @signed_in.require_person
    def guests_xlsx(slug: str) -> ResponseReturnValue:
        wanted, found = rows(slug, "xlsx")
        texts, language = spoken()
        return sheets.xlsx_response(_name(wanted), texts.get(language, "guests.title"), found)


def _rows(
    database: Database, reader: Viewer, slug: str, wanted: Wanted, say: Callable[[str], str]
) -> Iterator[Sequence[Cell]]:
    yield [*(say(f"guests.column.{name}") for name in COLUMNS), *(words for _, words in wanted.questions)]
    after = None
    while True:
        with database.transaction() as session:
            found = export_guests.portion(session, reader, slug, after)
        for guest in found:
            yield [
                *_cells(guest, say),
                *(_answer(guest.answers.get(identity), say) for identity, _ in wanted.questions),
            ]
        if not found:
            return
        after = found[-1].id


def _cells(guest: Guest, say: Callable[[str], str]) -> Sequence[Cell]:
    """In the order of ``COLUMNS``."""
    others = [one for one in guest.party if one.get("name") or one.get("diet")]
    party = "; ".join(f"{one.get('name', '')} ({one['diet']})" if one.get("diet") else one["name"] for one in others)
    is_waiting_for_mail = guest.state == GuestState.INVITED and guest.invited_at is None
    return (
        guest.name,
        guest.organisation,
        guest.address,
        say(f"guests.language.{guest.language}"),
        say("guests.state.uninvited" if is_waiting_for_mail else f"guests.state.{guest.state}"),
        guest.party_size,
        party.strip(),
        guest.diet,
        guest.comment,
        guest.came,
        say(f"guests.source.{guest.source}"),
        _day(guest.invited_at),
        _day(guest.replied_at),
    )


def _answer(kept: Any, say: Callable[[str], str]) -> Cell:
    if not isinstance(kept, dict):
        return None
    answer = str(kept.get("answer", ""))
    return say(f"guests.{answer}") if kept.get("kind") == "yes_no" and answer in ("yes", "no") else answer


def _day(moment: datetime | None, zone: ZoneInfo = STOCKHOLM) -> Cell:
    return None if moment is None else moment.astimezone(zone).date().isoformat()


def _name(wanted: Wanted) -> str:
    return f"gaster-{slug_of(said(wanted.title, 'sv'))}-{_day(now())}"
