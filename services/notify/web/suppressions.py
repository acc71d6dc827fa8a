"""The administrators' page of suppressed addresses: look one up, add one by hand, release one with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.store import suppressions
from services.notify.usecases import suppress
from services.notify.web.frame import SECTIONS
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.web import session
from shared.web.language import link
from shared.web.paging import position_in, position_of

START = SECTIONS["suppressions"]
A_PAGE = 50
DONE = frozenset({"added", "released", "gone"})
"""What a page may say that it has just done: ``suppressions.done.<word>``."""


def register(app: Flask, database: Database) -> None:
    """Add ``/kontakt/drift/sparrar``."""

    @app.get(START)
    @session.require_admin
    def list_suppressed() -> ResponseReturnValue:
        return page()

    @app.post(f"{START}/ny")
    @session.require_admin
    def suppress_by_hand() -> ResponseReturnValue:
        form = request.form
        try:
            with database.transaction() as changing:
                suppress.by_hand(
                    changing,
                    form.get("address", ""),
                    actor=session.who(),
                    reason=form.get("reason", ""),
                    expires_at=_end_of(form.get("until", "")),
                    moment=now(),
                )
        except Rejected as error:
            return page(fault=error), 422
        return redirect(link(START, done="added"), 303)

    @app.post(f"{START}/<uuid:identity>/slapp")
    @session.require_admin
    def release_suppressed(identity: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as changing:
                suppress.release(
                    changing, identity, actor=session.who(), reason=request.form.get("reason", ""), moment=now()
                )
        except Rejected as error:
            return page(fault=error, only=identity), 422
        except (NotFound, Conflict):
            return redirect(link(START, done="gone"), 303)
        return redirect(link(START, done="released"), 303)

    def page(fault: Rejected | None = None, only: UUID | None = None) -> str:
        asked, moment = request.args, now()
        everything = asked.get("alla") == "1"
        wanted = asked.get("sok", "").strip()[:320]
        with database.transaction() as looking:
            rows = suppressions.find(
                looking,
                limit=A_PAGE,
                now=moment,
                after=position_in(asked.get("efter", "")),
                address=suppress.sought(wanted),
                in_force=None if everything else True,
                only=only,
            )
        done = asked.get("done")
        return render_template(
            "suppressions/list.html",
            rows=[{"row": row, "holds": suppressions.is_in_force(row, moment)} for row in rows[:A_PAGE]],
            after=str(position_of(rows[A_PAGE - 1])) if len(rows) > A_PAGE else None,
            wanted=wanted,
            everything=everything,
            done=done if done in DONE else None,
            fault=fault,
            at=str(only) if only else "new",
            given=_given(),
            start=START,
            longest=suppress.LONGEST,
            tomorrow=(moment.astimezone(STOCKHOLM).date() + timedelta(days=1)).isoformat(),
        )


def _given() -> dict[str, Any]:
    return {name: request.form.get(name, "") for name in ("address", "reason", "until")}


def _end_of(day: str) -> datetime | None:
    """The end of a day in Sweden; nothing given is no end.

    :raises Rejected: it is no day.
    """
    if not day.strip():
        return None
    try:
        following = date.fromisoformat(day.strip()) + timedelta(days=1)
        return datetime.combine(following, time(), STOCKHOLM).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Rejected("expires_at", "suppressions.fault.expires_at") from error
