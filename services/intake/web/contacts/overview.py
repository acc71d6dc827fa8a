"""The overview: few figures with a sentence each, their charts with a table under, and a file of each table."""

from __future__ import annotations

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import overview
from services.intake.usecases.overview import PERIODS, USUAL
from services.intake.web.contacts.overview_tables import NAMES, Figures
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import session as signed_in
from shared.web import sheets
from shared.web.language import link, spoken
from shared.web.viewer import viewer

PAGE = "/kontakt/oversikt/"
NEEDS = {
    "late": {"late": "yes"},
    "unassigned": {"group": "new", "assigned": "nobody"},
    "undelivered": {"undelivered": "yes"},
    "held": {"held": "yes", "group": "held"},
}
"""What needs a person → the inbox's query that lists it."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/oversikt/`` and its files."""

    def figures() -> tuple[Figures, int]:
        asked = request.args.get("months", USUAL, type=int)
        months = asked if asked in PERIODS else USUAL
        with database.transaction() as session:
            return Figures(overview.show(session, viewer(), months), *spoken()), months

    @app.get(PAGE)
    @signed_in.require_person
    def overview_page() -> ResponseReturnValue:
        found, months = figures()
        return render_template(
            "overview/overview.html",
            overview=found.overview,
            figures={figure.name: figure for figure in found.all()},
            say=found,
            months=months,
            periods=PERIODS,
            needs=NEEDS,
            needs_link=lambda name, **more: link("/kontakt/", **NEEDS[name], **more),
        )

    @app.get(f"{PAGE}<name>.csv")
    @signed_in.require_person
    def overview_file(name: str) -> ResponseReturnValue:
        if name not in NAMES:
            raise NotFound("no such table")
        found, months = figures()
        return sheets.csv_response(f"oversikt-{name}-{months}", found.one(name).table)
