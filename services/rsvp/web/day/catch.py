"""The page on the telephones of those present: the question and the field, and hardly anything else."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.rsvp.domain.caught import NAME_LIMIT, TEXT_LIMIT
from services.rsvp.store.tables import Event
from services.rsvp.usecases import workshop
from services.rsvp.usecases.workshop import Written
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import antibot
from shared.web.antibot import Guard, Seen
from shared.web.form_text import form_text
from shared.web.language import link, spoken

PAGE = "/traffar/<slug>/ide/<code>"
POSTS = "2000/10minutes"
"""From one address: a hall of people behind one router, each with several ideas. Only open workshops take any."""
SUSPECTS = "1000/hour"
"""On a site without https no telephone can work out a proof: all of them wait for a person, and none is turned away."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/traffar/<slug>/ide/<code>`` to the app."""
    guard = antibot.install(app, settings, database, "/prov/traff")

    def found(slug: str, code: str) -> Event:
        with database.transaction() as session:
            return workshop.open_to_catch(session, slug, code)

    @app.get(PAGE)
    def catch_page(slug: str, code: str) -> ResponseReturnValue:
        try:
            event = found(slug, code)
        except NotFound:
            return render_template("day/catch_closed.html", event=None, text=""), 404
        if not event.workshop_open:
            return render_template("day/catch_closed.html", event=event, text="")
        return _page(guard, event)

    @app.post(PAGE)
    def catch_idea(slug: str, code: str) -> ResponseReturnValue:
        given = form_text()
        try:
            event = found(slug, code)
        except NotFound:
            return render_template("day/catch_closed.html", event=None, text=given.get("text", "")), 404
        if not event.workshop_open:
            return render_template("day/catch_closed.html", event=event, text=given.get("text", "")), 409
        written = _written(given, None)
        faults = workshop.faults(written)
        seen = guard.look(_name(event), is_whole=not faults, posts=POSTS, suspects=SUSPECTS)
        trouble = _trouble(seen)
        if trouble or faults:
            status = 429 if trouble == "often" else 403 if trouble == "foreign" else 422
            return _page(guard, event, given=given, faults=faults, trouble=trouble, status=status)
        with database.transaction() as session:
            event = workshop.open_to_catch(session, slug, code)
            workshop.catch_idea(session, event, _written(given, seen), moment=now())
        return redirect(link(f"/traffar/{slug}/ide/{code}", skickad="1"), 303)


def _name(event: Event) -> str:
    """What the form's token and task are bound to."""
    return f"caught:{event.slug}"


def _trouble(seen: Seen) -> str:
    if seen.comes_too_often:
        return "often"
    if seen.is_foreign:
        return "foreign"
    return "stale" if seen.is_stale else ""


def _written(given: Mapping[str, str], seen: Seen | None) -> Written:
    return Written(
        text=given.get("text", ""),
        language=spoken()[1],
        theme=given.get("theme", ""),
        name=given.get("name", ""),
        address=given.get("address", ""),
        key=seen.key if seen else None,
        suspicion=seen.suspicion if seen else None,
        proof=(seen.proof.key, seen.proof.expires_at) if seen and seen.proof else None,
    )


def _page(
    guard: Guard,
    event: Event,
    *,
    given: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    trouble: str = "",
    status: int = 200,
) -> Response:
    page = render_template(
        "day/catch.html",
        event=event,
        guard=guard.fields(_name(event), token=request.form.get(antibot.TOKEN), sent_again=given is not None),
        given=given or {},
        faults=faults or {},
        trouble=trouble,
        is_sent="skickad" in request.args and given is None,
        limits={"text": TEXT_LIMIT, "name": NAME_LIMIT},
    )
    response = make_response(page, status)
    # Nothing secret in this address, and a form that tells its origin is known as ours when it comes back.
    response.headers["Referrer-Policy"] = "same-origin"
    return response
