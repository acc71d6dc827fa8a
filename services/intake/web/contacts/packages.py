"""Ideas as archive packages: one from its page, many from the inbox; the zip is written while it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue

from services.intake.usecases.package_idea import Package, may_take_all, take_package
from services.intake.web import downloads
from services.intake.web.contacts.act_page import IDEA, closed, shown
from services.intake.web.known_reference import known
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.viewer import Viewer
from shared.web import session as sessions
from shared.web.viewer import viewer


def register(app: Flask, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>/arkivpaket``: a page that asks, and a form that downloads."""

    @app.get(f"{IDEA}/arkivpaket")
    @sessions.require_person
    def idea_package(reference: str) -> ResponseReturnValue:
        try:
            return shown(database, reference, "arkivpaket")
        except NotFound:
            return closed()

    @app.post(f"{IDEA}/arkivpaket")
    @sessions.require_person
    def download_package(reference: str) -> ResponseReturnValue:
        with_notes = request.form.get("internal") == "yes"
        try:
            with database.transaction() as session:
                found = take_package(session, viewer(), known(reference), with_notes=with_notes, way="page")
        except NotFound:
            return closed()
        return downloads.packages(database, [found], known(reference))


def many_packages(database: Database, me: Viewer, references: Sequence[str], *, with_notes: bool) -> Response:
    """The ideas' packages in one zip. Each is put together when its turn comes.

    Whoever stops the download takes no more, and no more is written down as taken.

    :raises Rejected: they may not act on one of them.
    """
    with database.transaction() as session:
        if not may_take_all(session, me, references):
            raise Rejected("idea", "not_yours")

    def packages() -> Iterator[Package]:
        for reference in references:
            with database.transaction() as session:
                found = take_package(session, me, reference, with_notes=with_notes, way="page")
            yield found

    return downloads.packages(database, packages(), f"arkivpaket-{now().astimezone(STOCKHOLM).date().isoformat()}")
