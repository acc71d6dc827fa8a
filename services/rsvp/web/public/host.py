"""The page on which a host picks a half-day for an event, or proposes another. Looking at it changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.fault import Fault
from services.rsvp.domain.form_reader import Reader
from services.rsvp.domain.local_time import zone_of
from services.rsvp.usecases import ask_host
from services.rsvp.usecases.publish_event import OPEN_QUESTIONS
from shared.clock import STOCKHOLM, now
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import form_text
from shared.web.language import link

PATH = "/svar/vard/<token>"
OTHER = "other"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the page."""

    def question_id(token: str) -> UUID:
        return links.opened(settings.signer, links.HOST, token)

    @app.get(PATH)
    def host_question(token: str) -> ResponseReturnValue:
        return _page(database, question_id(token), token)

    @app.post(PATH)
    def answer_host_question(token: str) -> ResponseReturnValue:
        identity, form = question_id(token), form_text()
        with database.transaction() as session:
            _, event, _ = ask_host.look_at_question(session, identity)
        pick, counter, faults = _read(form, event.zone)
        if not faults:
            try:
                with database.transaction() as session:
                    ask_host.answer_host_question(
                        session, settings, identity, picked=pick, counter=counter, moment=now()
                    )
                return _onward(token)
            except Conflict:
                return _onward(token)
            except Rejected as fault:
                faults = {fault.field: Fault(f"organise.fault.{fault.message_key}")}
        return _page(database, identity, token, form, faults)


def _onward(token: str) -> ResponseReturnValue:
    return redirect(link(f"/svar/vard/{token}", sparat="ja"), 303)


def _read(form: dict[str, str], zone: str) -> tuple[int | None, dict[str, Any] | None, dict[str, Fault]]:
    """Which proposal was picked, or what is proposed instead, and what is wrong."""
    reader = Reader(form, LANGUAGES)
    pick = form.get("pick", "")
    if pick.isascii() and pick.isdigit() and len(pick) < 3:
        return int(pick), None, {}
    if pick != OTHER:
        reader.fail("pick", "choose")
        return None, None, reader.faults
    there = zone_of(zone) or STOCKHOLM
    starts_at: datetime | None = reader.moment("starts", there)
    ends_at = reader.moment("ends", there, day=form.get("starts_day", ""))
    if starts_at and not ends_at:
        reader.fail("ends_time", "no_end")
    if starts_at and ends_at and ends_at <= starts_at:
        reader.fail("ends_time", "ends_before")
    text = reader.text("text", ask_host.NOTE_LIMIT)
    return None, {"starts_at": starts_at, "ends_at": ends_at, "text": text}, reader.faults


def _page(
    database: Database,
    identity: UUID,
    token: str,
    value: dict[str, str] | None = None,
    faults: dict[str, Fault] | None = None,
) -> ResponseReturnValue:
    with database.transaction() as session:
        question, event, sluice = ask_host.look_at_question(session, identity)
    is_open = question.state in OPEN_QUESTIONS
    text = render_template(
        "organise/host_answer.html",
        question=question,
        event=event,
        sluice=sluice,
        is_open=is_open,
        value=value or _given(question.picked, question.state),
        faults=faults or {},
        facts_of=lambda fault, language: fault.facts,
        action=link(f"/svar/vard/{token}"),
        saved=request.args.get("sparat") == "ja",
        other=OTHER,
    )
    return text, 422 if faults else 200


def _given(picked: int | None, state: str) -> dict[str, str]:
    """What is ticked at first: what was answered before."""
    return {"pick": str(picked) if picked is not None else OTHER if state == "countered" else ""}
