"""The summary's page: the event in numbers, the text as it is written and shown, and what guests thought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain import summary_text
from services.rsvp.domain.opinion import RATINGS
from services.rsvp.store import outcomes, summaries
from services.rsvp.store.tables import Event
from services.rsvp.usecases import workshop, write_summary
from services.rsvp.usecases.access import seen_event
from services.rsvp.web.number_words import number
from shared import markdown
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web import session as signed_in
from shared.web.form_text import form_text, version_in
from shared.web.language import link, spoken
from shared.web.room import room_for
from shared.web.viewer import viewer

PAGE = "/kontakt/traffar/<slug>/summering"
FIELDS = 1024 * 1024
"""Bytes of the form: a long text in each language, each letter perhaps written as twelve signs."""
TOLD = ("saved", "published", "unpublished", "mailed", "overtaken")


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/traffar/<slug>/summering`` and its acts."""
    app.jinja_env.globals["markdown"] = markdown.html

    @app.get(PAGE)
    @signed_in.require_person
    def summary_page(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            return _page(session, seen_event(session, viewer(), slug))

    @app.post(PAGE)
    @room_for(fields=FIELDS)
    @signed_in.require_person
    def write(slug: str) -> ResponseReturnValue:
        typed, do = form_text(), request.form.get("do", "save")
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            words = summary_text.read_words(
                {code: typed.get(f"text-{code}", "") for code in event.languages}, event.languages
            )
            if do == "preview":
                return _page(session, event, words=words, version=version_in(typed), is_preview=True)
        try:
            with database.transaction() as session:
                who, moment = viewer(), now()
                kept = write_summary.save_summary(session, who, slug, words, version=version_in(typed), moment=moment)
                if do == "publish":
                    write_summary.publish_summary(session, who, slug, version=kept.version, moment=moment)
        except Conflict:
            with database.transaction() as session:
                return _page(session, seen_event(session, viewer(), slug), words=words, is_late=True), 409
        except Rejected as fault:
            with database.transaction() as session:
                event = seen_event(session, viewer(), slug)
                return _page(session, event, words=words, version=version_in(typed), fault=fault), 422
        return _go(slug, "published" if do == "publish" else "saved")

    def act(slug: str, told: str, deed: Callable[[Session], object]) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                deed(session)
        except Conflict:
            told = "overtaken"
        return _go(slug, told)

    @app.post(f"{PAGE}/dolj")
    @signed_in.require_person
    def unpublish(slug: str) -> ResponseReturnValue:
        version = version_in(form_text())
        return act(
            slug,
            "unpublished",
            lambda session: write_summary.unpublish_summary(session, viewer(), slug, version=version, moment=now()),
        )

    @app.post(f"{PAGE}/mejla")
    @signed_in.require_person
    def mail(slug: str) -> ResponseReturnValue:
        return act(
            slug,
            "mailed",
            lambda session: write_summary.mail_summary(session, settings, viewer(), slug, moment=now()),
        )


def _go(slug: str, told: str) -> ResponseReturnValue:
    return redirect(link(f"/kontakt/traffar/{slug}/summering", gjort=told), 303)


def _page(
    session: Session,
    event: Event,
    *,
    words: Mapping[str, str] | None = None,
    version: int | None = None,
    is_preview: bool = False,
    is_late: bool = False,
    fault: Rejected | None = None,
) -> str:
    """The page as it is, with what somebody typed where it was not kept.

    :param version: what the typed text began from; where somebody else was quicker, theirs is what it now replaces.
    """
    kept = summaries.of_event(session, event.id)
    figures = outcomes.of_events(session, [event.id])[event.id]
    mailing = summaries.mailing_of(session, event.id)
    were_there, readers = write_summary.audience(session, event)
    is_published = kept is not None and kept.published_at is not None
    text = words if words is not None else (kept.text if kept else _proposed(session, event))
    return render_template(
        "summary/summary.html",
        event=event,
        kept=kept,
        is_published=is_published,
        text=text,
        is_proposed=kept is None and words is None and any(text.values()),
        version=version if version is not None else (kept.version if kept else 0),
        preview=text if is_preview else None,
        late=kept if is_late else None,
        fault=_fault(fault, event),
        not_yet=write_summary.why_not_yet(event, now()),
        figures=figures,
        ratings=tuple(reversed(RATINGS)),
        opinions=outcomes.words_of(session, event.id),
        mailing=mailing,
        were_there=were_there,
        readers=readers,
        told=request.args.get("gjort", "") if request.args.get("gjort") in TOLD else "",
        limit=summary_text.TEXT_LIMIT,
        number=number,
    )


def _fault(fault: Rejected | None, event: Event) -> dict[str, Any] | None:
    """Which field it stands beside, and its words."""
    if fault is None:
        return None
    first = f"text-{event.languages[0]}"
    field = fault.field if fault.field.startswith("text-") else first
    return {"field": field, "key": f"summary.fault.{fault.message_key}"}


def _proposed(session: Session, event: Event) -> dict[str, str]:
    """What the text begins as: the ideas from the room."""
    texts, _ = spoken()
    groups = workshop.caught_for_summary(session, event)
    return {
        code: summary_text.proposed(
            groups, heading=texts.get(code, "summary.ideas_heading"), rest=texts.get(code, "summary.ideas_rest")
        )
        for code in event.languages
    }
