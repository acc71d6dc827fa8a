"""The page of queues: what waits, what is tried again, what has stopped and what a person does about it."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.store import operations
from services.notify.usecases.mend_queue import LONGEST_REASON, MendQueue
from services.notify.usecases.watch import OLD_SECONDS
from services.notify.web.frame import SECTIONS, status
from shared.bus import admin
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import session
from shared.web.language import link

START = SECTIONS["queues"]
MOST_PARKED = 50
MOST_ACTS = 25
DONE = frozenset({"retried", "retried-all", "discarded", "gone"})
"""What a page may say that it has just done: ``queue.done.<word>``."""


def register(app: Flask, settings: Settings, database: Database, bus: Database) -> None:
    """Add ``/kontakt/drift/``."""
    mend = MendQueue(database, bus)

    @app.get(START)
    @session.require_admin
    def queues() -> ResponseReturnValue:
        return page()

    @app.post(f"{START}ko/igen")
    @session.require_admin
    def retry_parked() -> ResponseReturnValue:
        try:
            mend.retry(*_parked(), by=session.who())
        except NotFound:
            return _back("gone")
        return _back("retried")

    @app.post(f"{START}ko/alla-igen")
    @session.require_admin
    def retry_all_parked() -> ResponseReturnValue:
        try:
            mend.retry_all(request.form.get("name", ""), by=session.who())
        except NotFound:
            return _back("gone")
        return _back("retried-all")

    @app.post(f"{START}ko/ge-upp")
    @session.require_admin
    def discard_parked() -> ResponseReturnValue:
        try:
            mend.discard(*_parked(), by=session.who(), reason=request.form.get("reason", ""))
        except NotFound:
            return _back("gone")
        except Rejected as fault:
            return page(fault=fault.message_key.rpartition(".")[2]), 422
        return _back("discarded")

    def page(fault: str | None = None) -> str:
        known = status(settings, database, bus)
        with database.transaction() as asked:
            acts = operations.newest(asked, MOST_ACTS)
        done = request.args.get("done")
        return render_template(
            "drift/queues.html",
            status=known,
            unsent_seconds=(known.at - known.overdue_since).total_seconds() if known.overdue_since else None,
            unsent_alarm=settings.unsent_alarm_seconds,
            old_seconds=OLD_SECONDS,
            retrying=admin.list_retrying(bus),
            parked=admin.list_parked(bus, limit=MOST_PARKED),
            parked_by_name=admin.count_parked(bus),
            acts=acts,
            done=done if done in DONE else None,
            fault=fault,
            fault_at=request.form.get("message_id"),
            reason=request.form.get("reason", ""),
            longest=LONGEST_REASON,
        )


def _parked() -> tuple[str, UUID]:
    """Which delivery the form is about.

    :raises NotFound: none that could be.
    """
    try:
        return request.form.get("consumer", ""), UUID(request.form.get("message_id", ""))
    except ValueError as error:
        raise NotFound("no such delivery") from error


def _back(done: str) -> ResponseReturnValue:
    return redirect(link(START, done=done), 303)
