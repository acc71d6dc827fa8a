"""The administrators' pages of webhooks: which there are, how they fare, and what a person does about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.domain.account import Account
from services.notify.domain.webhook import SUBSCRIBABLE, Format
from services.notify.store import books, sluices
from services.notify.store import endpoints as store
from services.notify.store.tables import Endpoint
from services.notify.usecases.endpoints import LONGEST_NAME, MOST_AT_ONCE, Endpoints, Wanted
from services.notify.web.frame import SECTIONS
from services.notify.web.webhooks_api import event_of
from shared.contracts.facts import LANGUAGES
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_secret_id
from shared.web import session
from shared.web.language import link

START = SECTIONS["webhooks"]
ONE = f"{START}/<uuid:identity>"
SHOWN = 50
"""How many of a webhook's messages its page shows, newest first; the API lists them all."""
DAYS = (1, 7, 30)
"""How far back failed messages can be sent again from the page."""
DONE = frozenset(
    {"created", "changed", "paused", "resumed", "rotated", "tested", "deleted", "replayed", "replayed-failed", "busy"}
)
"""What a page may say that it has just done: ``webhooks.done.<word>``."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it is shown: a new one, a webhook's, or what somebody sent with what is wrong with it."""

    values: Mapping[str, Any]
    faults: Mapping[str, str]


def register(app: Flask, endpoints: Endpoints) -> None:
    """Add ``/kontakt/drift/webhookar`` and what lies below it."""
    app.jinja_env.filters["host_of"] = lambda url: urlsplit(url).hostname or ""
    _add_list(app, endpoints)
    _add_form(app, endpoints)
    _add_one(app, endpoints)
    _add_acts(app, endpoints)


def _add_list(app: Flask, endpoints: Endpoints) -> None:
    @app.get(START)
    @session.require_admin
    def webhooks_list() -> ResponseReturnValue:
        with endpoints.database.transaction() as asked:
            rows = store.list_all(asked)
            waiting = {row.id: store.count_waiting(asked, row.id) for row in rows}
        return render_template("webhooks/list.html", rows=rows, waiting=waiting, start=START, done=_done())


def _add_form(app: Flask, endpoints: Endpoints) -> None:
    def form(filled: Filled, row: Endpoint | None = None) -> str:
        with endpoints.database.transaction() as asked:
            known = sluices.list_all(asked)
        return render_template(
            "webhooks/form.html",
            filled=filled,
            row=row,
            sluices=known,
            events=SUBSCRIBABLE,
            formats=list(Format),
            language_codes=LANGUAGES,
            longest_name=LONGEST_NAME,
            here=f"{START}/{row.id}/andra" if row else f"{START}/ny",
            start=START,
        )

    @app.get(f"{START}/ny")
    @session.require_admin
    def webhook_new() -> ResponseReturnValue:
        values: dict[str, Any] = {
            "name": "",
            "url": "",
            "format": Format.STANDARD,
            "language": "sv",
            "events": [],
            "sluice": None,
        }
        return form(Filled(values | {"key": new_secret_id()}, {}))

    @app.post(f"{START}/ny")
    @session.require_admin
    def webhook_create() -> ResponseReturnValue:
        values = _sent()
        try:
            wanted = Wanted(**_wanted(values), format=_format(values["format"]))
            row = _created(endpoints, wanted, values["key"])
        except Rejected as fault:
            return form(Filled(values, {fault.field: fault.message_key})), 422
        return _to(row.id, "created")

    @app.get(f"{ONE}/andra")
    @session.require_admin
    def webhook_edit(identity: UUID) -> ResponseReturnValue:
        row = endpoints.read(identity)
        values = {name: getattr(row, name) for name in ("name", "url", "format", "language", "events")}
        return form(Filled(values | {"sluice": row.sluice_slug, "key": ""}, {}), row)

    @app.post(f"{ONE}/andra")
    @session.require_admin
    def webhook_change(identity: UUID) -> ResponseReturnValue:
        values = _sent()
        try:
            endpoints.change(identity, _wanted(values), session.who())
        except Rejected as fault:
            row = endpoints.read(identity)
            return form(Filled(values | {"format": row.format}, {fault.field: fault.message_key}), row), 422
        return _to(identity, "changed")


def _add_one(app: Flask, endpoints: Endpoints) -> None:
    @app.get(ONE)
    @session.require_admin
    def webhook(identity: UUID) -> ResponseReturnValue:
        row = endpoints.read(identity)
        with endpoints.database.transaction() as asked:
            found = store.deliveries(asked, identity, limit=SHOWN)
            waiting = store.count_waiting(asked, identity)
            sluice = sluices.find(asked, row.sluice_slug) if row.sluice_slug else None
        return render_template(
            "webhooks/one.html",
            row=row,
            sluice=sluice,
            waiting=waiting,
            deliveries=found[:SHOWN],
            more=len(found) > SHOWN,
            shown=SHOWN,
            event_of=event_of,
            is_over=lambda row: books.account(row) is not Account.WAITING,
            secret=endpoints.secret(row) if row.format == Format.STANDARD else None,
            days=DAYS,
            most=MOST_AT_ONCE,
            done=_done(),
            number_done=request.args.get("antal", "0", type=str)[:6],
            here=f"{START}/{identity}",
            start=START,
        )

    @app.get(f"{ONE}/radera")
    @session.require_admin
    def webhook_ask_delete(identity: UUID) -> ResponseReturnValue:
        row = endpoints.read(identity)
        with endpoints.database.transaction() as asked:
            waiting = store.count_waiting(asked, identity)
        return render_template("webhooks/delete.html", row=row, waiting=waiting, here=f"{START}/{identity}")

    @app.post(f"{ONE}/radera")
    @session.require_admin
    def webhook_delete(identity: UUID) -> ResponseReturnValue:
        endpoints.delete(identity, session.who())
        return redirect(link(START, done="deleted"), 303)


def _add_acts(app: Flask, endpoints: Endpoints) -> None:
    acts = {
        "pausa": (endpoints.pause, "paused"),
        "fortsatt": (endpoints.resume, "resumed"),
        "prova": (endpoints.test, "tested"),
        "byt": (endpoints.rotate, "rotated"),
    }

    @app.post(f"{ONE}/<any({','.join(acts)}):act>")
    @session.require_admin
    def webhook_act(identity: UUID, act: str) -> ResponseReturnValue:
        perform, done = acts[act]
        perform(identity, session.who())
        return _to(identity, done)

    @app.post(f"{ONE}/igen")
    @session.require_admin
    def webhook_replay(identity: UUID) -> ResponseReturnValue:
        try:
            notification = UUID(request.form.get("notification", ""))
        except ValueError as error:
            raise NotFound from error
        try:
            endpoints.replay(identity, notification, session.who())
        except Conflict:
            return _to(identity, "busy")
        return _to(identity, "replayed")

    @app.post(f"{ONE}/alla-igen")
    @session.require_admin
    def webhook_replay_failed(identity: UUID) -> ResponseReturnValue:
        days = request.form.get("days", type=int)
        since = endpoints.clock() - timedelta(days=days if days in DAYS else DAYS[0])
        count = endpoints.replay_failed(identity, since, session.who())
        return _to(identity, "replayed-failed", antal=str(count))


def _created(endpoints: Endpoints, wanted: Wanted, key: str) -> Endpoint:
    """The webhook that a form makes, once however often it is sent; changed after going back, it makes another."""
    try:
        return endpoints.create(wanted, session.who(), f"page:{key[:64]}")
    except Conflict:
        return endpoints.create(wanted, session.who())


def _sent() -> dict[str, Any]:
    sent = request.form
    values: dict[str, Any] = {name: sent.get(name, "") for name in ("name", "url", "format", "language", "key")}
    return values | {"events": sent.getlist("events"), "sluice": sent.get("sluice") or None}


def _wanted(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form's fields mean.

    :raises Rejected: the language is none of ours; only a made-up form says so.
    """
    if values["language"] not in LANGUAGES:
        raise Rejected("language", "webhook.language.unknown")
    return {
        "name": values["name"],
        "url": values["url"].strip(),
        "language": values["language"],
        "events": [event for event in SUBSCRIBABLE if event in values["events"]],
        "sluice_slug": values["sluice"],
    }


def _format(value: str) -> Format:
    try:
        return Format(value)
    except ValueError as error:
        raise Rejected("format", "webhook.format.unknown") from error


def _done() -> str | None:
    done = request.args.get("done")
    return done if done in DONE else None


def _to(identity: UUID, done: str, **more: str) -> ResponseReturnValue:
    return redirect(link(f"{START}/{identity}", done=done, **more), 303)
