"""Administration of people's data: read out or erase what is held about somebody, and see what was done."""

from __future__ import annotations

import tempfile
from typing import Any
from uuid import UUID

from flask import Flask, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue

from services.intake.domain.sluice_settings import Fault
from services.intake.usecases import person_archive, person_jobs
from services.intake.usecases.person_jobs import Asked
from services.intake.web.administration.admin_forms import START, by_field, page, typed
from shared.contracts.people import ERASURE
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web import security, session
from shared.web.language import link
from shared.web.session import require_admin

PAGE = f"{START}personuppgifter"
JOB = f"{PAGE}/<uuid:identity>"
IN_MEMORY = 8 * 1024 * 1024
"""Bytes of a file beyond which it is packed on disk."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the pages of people's data."""

    def start_page(*, faults: dict[str, Fault] | None = None, address: str = "") -> str:
        with database.transaction() as transaction:
            jobs = person_jobs.past(transaction, settings, address=address)
        return page("personal_data", jobs=jobs, faults=faults, value=typed() if faults else {}, sought=address.strip())

    @app.get(PAGE)
    @require_admin
    def personal_data() -> str:
        return start_page()

    @app.get(f"{PAGE}/sok")
    @require_admin
    def back_to_personal_data() -> ResponseReturnValue:
        # The link to the other language leads here.
        return redirect(link(PAGE), 303)

    # The address is sent in a body, so that it stands in no log and no history of a browser.
    @app.post(f"{PAGE}/sok")
    @require_admin
    def find_jobs() -> str:
        return start_page(address=request.form.get("sought", ""))

    @app.post(PAGE)
    @require_admin
    def start_job() -> ResponseReturnValue:
        form = request.form
        asked = Asked(
            form.get("kind", ""),
            form.get("address", ""),
            form.get("reason", ""),
            form.get("decision", ""),
            form.get("mobile", ""),
        )
        if asked.kind == ERASURE and form.get("sure") != "yes":
            return start_page(faults={"sure": Fault("person.fault.sure")}), 422
        try:
            with database.transaction() as transaction:
                job = person_jobs.start(transaction, settings, session.who(), asked)
        except Rejected as fault:
            return start_page(faults=by_field(fault)), 422
        except Conflict:
            return start_page(faults={"address": Fault("person.fault.running")}), 409
        return redirect(link(f"{PAGE}/{job.id}"), 303)

    @app.get(JOB)
    @require_admin
    def job_page(identity: UUID) -> str:
        with database.transaction() as transaction:
            seen = person_jobs.look(transaction, identity)
        facts: dict[str, Any] = {"seen": seen, "job": seen.job, "at": f"{PAGE}/{identity}"}
        facts["can_fetch"] = person_jobs.can_fetch(seen.job)
        # While it runs, the page fetches its own middle anew.
        if "HX-Request" in request.headers:
            return render_template("admin/personal_job_parts.html", **facts)
        return page("personal_job", **facts)

    @app.post(f"{JOB}/stoppa")
    @require_admin
    def stop_job(identity: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                person_jobs.stop(transaction, identity, session.who())
        except Conflict:
            pass  # it was done before: the page says so
        return redirect(link(f"{PAGE}/{identity}"), 303)

    @app.get(f"{JOB}/fil")
    @require_admin
    def fetch_file(identity: UUID) -> ResponseReturnValue:
        packed = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed when it is sent
        try:
            person_archive.pack(database, identity, packed)
        except BaseException:
            packed.close()
            raise
        packed.seek(0)
        answer = send_file(
            packed, mimetype="application/zip", as_attachment=True, download_name=f"personuppgifter-{identity}.zip"
        )
        answer.headers["Cache-Control"] = security.HEADERS["Cache-Control"]
        return answer
