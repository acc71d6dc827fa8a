"""The pages on which an administrator changes what mails say, and how their senders present themselves.

A draft that is not saved yet travels in the preview's own address, signed: so it needs no script, no table and no
memory of a process, and nobody else can have a page of ours show words of theirs.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.domain.template import Fault
from services.notify.domain.variables import worded_kinds
from services.notify.domain.wording import LONGEST_BODY, LONGEST_SUBJECT, Place, Wording
from services.notify.render import Renderer
from services.notify.store import sluices, wordings
from services.notify.usecases.wordings import FaultyWording, Wordings, tidied
from services.notify.web.frame import SECTIONS
from services.notify.web.wordings_api import listed, place
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.settings import Settings
from shared.signing import Signer
from shared.web import security, session
from shared.web.language import link

START = SECTIONS["templates"]
SENDERS = f"{START}/avsandare"
VERSIONS_SHOWN = 50
_DRAFT = "wording-draft"
_LENGTH = 26
_DONE = ("saved", "back", "sent", "sender")
_SENDER_FIELDS = ("sender_name_sv", "sender_name_en", "signature_sv", "signature_en")


@dataclass(frozen=True, slots=True)
class Form:
    """What the editor shows in its fields, and what is wrong with it."""

    wording: Wording
    seen: int
    comment: str = ""
    faults: tuple[Fault, ...] = ()
    is_overtaken: bool = False
    address: str = ""
    address_fault: str | None = None


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/drift/mallar`` to the app."""
    use = Wordings(settings, Renderer())

    @app.get(START)
    @session.require_admin
    def list_wordings() -> ResponseReturnValue:
        slug = request.args.get("sluice") or None
        with database.transaction() as asked:
            rows = [
                (
                    kind,
                    [(where, use.present(asked, where)) for where in (place(kind, each, slug) for each in LANGUAGES)],
                )
                for kind in worded_kinds()
            ]
            known = sluices.list_all(asked)
        return render_template("wordings/list.html", rows=rows, slug=slug, sluices=known)

    @app.get(f"{START}/<kind>/<language>")
    @session.require_admin
    def edit_wording(kind: str, language: str) -> ResponseReturnValue:
        where = place(kind, language, request.args.get("sluice"))
        with database.transaction() as asked:
            present = use.present(asked, where)
        return editor(where, Form(present.wording, present.version))

    @app.post(f"{START}/<kind>/<language>")
    @session.require_admin
    def save_wording(kind: str, language: str) -> ResponseReturnValue:
        where = place(kind, language, request.args.get("sluice"))
        form = _form()
        if "preview" in request.form:
            return editor(where, form)
        try:
            with database.transaction() as asked:
                version = use.save(
                    asked, where, form.wording, seen=form.seen, author=session.who(), comment=form.comment
                )
        except FaultyWording as error:
            return editor(where, _with(form, faults=tuple(error.faults))), 422
        except Conflict:
            return editor(where, _with(form, is_overtaken=True)), 409
        return redirect(_address(where, done="saved", version=str(version)), 303)

    @app.post(f"{START}/<kind>/<language>/tillbaka")
    @session.require_admin
    def use_again(kind: str, language: str) -> ResponseReturnValue:
        where = place(kind, language, request.args.get("sluice"))
        to = request.form.get("to", type=int)
        try:
            with database.transaction() as asked:
                version = use.go_back(asked, where, to, seen=_number("seen"), author=session.who())
        except FaultyWording as error:
            with database.transaction() as asked:
                present = use.present(asked, where)
            return editor(where, Form(present.wording, present.version, faults=tuple(error.faults))), 422
        return redirect(_address(where, done="back", version=str(version)), 303)

    @app.post(f"{START}/<kind>/<language>/prov")
    @session.require_admin
    def send_trial(kind: str, language: str) -> ResponseReturnValue:
        where = place(kind, language, request.args.get("sluice"))
        address = request.form.get("address", "").strip()
        try:
            with database.transaction() as asked:
                key = request.form.get("key", "")[:100] or str(new_id())
                use.send_trial(asked, where, address, key=key, author=session.who())
        except Rejected as error:
            with database.transaction() as asked:
                present = use.present(asked, where)
            fault = error.message_key.rpartition(".")[2]
            return editor(where, Form(present.wording, present.version, address=address, address_fault=fault)), 422
        return redirect(_address(where, done="sent"), 303)

    @app.get(f"{START}/<kind>/<language>/html")
    @session.require_admin
    def framed(kind: str, language: str) -> ResponseReturnValue:
        where = place(kind, language, request.args.get("sluice"))
        draft = request.args.get("draft")
        wording = unpacked(settings.signer, where, draft) if draft is not None else None
        try:
            with database.transaction() as asked:
                seen = use.preview(asked, where, wording)
        except FaultyWording as error:
            raise NotFound from error  # the page that frames it says what is wrong
        return Response(seen.rendered.html, mimetype="text/html", headers=security.MAIL_HEADERS)

    @app.get(f"{SENDERS}/<slug>")
    @session.require_admin
    def edit_sender(slug: str) -> ResponseReturnValue:
        with database.transaction() as asked:
            sluice = sluices.find(asked, slug)
        if sluice is None:
            raise NotFound
        values = {name: getattr(sluice, name) for name in _SENDER_FIELDS}
        return render_template("wordings/sender.html", sluice=sluice, values=values, fault=None, done=_done())

    @app.post(f"{SENDERS}/<slug>")
    @session.require_admin
    def save_sender(slug: str) -> ResponseReturnValue:
        values = {name: request.form.get(name, "").replace("\r\n", "\n") for name in _SENDER_FIELDS}
        names, signatures = (
            {each: values[f"{name}_{each}"] for each in LANGUAGES} for name in ("sender_name", "signature")
        )
        with database.transaction() as asked:
            sluice = sluices.find(asked, slug)
            try:
                use.set_sender(asked, slug, names, signatures, author=session.who())
            except Rejected as error:
                return render_template(
                    "wordings/sender.html", sluice=sluice, values=values, fault=error, done=None
                ), 422
        return redirect(link(f"{SENDERS}/{slug}", done="sender"), 303)

    def editor(where: Place, form: Form) -> Response:
        preview, faults, draft = None, form.faults, packed(settings.signer, where, tidied(form.wording))
        with database.transaction() as asked:
            present = use.present(asked, where)
            try:
                preview = use.preview(asked, where, form.wording)
            except FaultyWording as error:
                faults = faults or tuple(error.faults)
            versions = wordings.versions(asked, where, limit=VERSIONS_SHOWN)[:VERSIONS_SHOWN]
            sluice = sluices.find(asked, where.slug) if where.slug is not None else None
        page = render_template(
            "wordings/edit.html",
            place=where,
            form=form,
            faults=[_shown(fault) for fault in faults],
            present=present,
            preview=preview,
            frame=_address(where, "/html", draft=draft),
            variables=listed(where.kind),
            versions=versions,
            sluice=sluice,
            key=str(new_id()),
            done=_done(),
            longest_subject=LONGEST_SUBJECT,
            longest_body=LONGEST_BODY,
        )
        return Response(page, headers={"Content-Security-Policy": security.policy(frame_src="'self'")})

    app.jinja_env.globals["wording_address"] = _address


def packed(signer: Signer, where: Place, wording: Wording) -> str:
    """A draft as part of an address."""
    words = json.dumps([wording.subject, wording.body], ensure_ascii=False).encode()
    body = base64.urlsafe_b64encode(zlib.compress(words, 9)).decode("ascii").rstrip("=")
    return f"{body}.{signer.token(_DRAFT, _meant(where, body), length=_LENGTH)}"


def unpacked(signer: Signer, where: Place, draft: str) -> Wording:
    """The draft that ``packed`` gave for that place.

    :raises NotFound: it never gave that.
    """
    body, _, signature = draft.partition(".")
    if len(signature) != _LENGTH or not signer.verify(_DRAFT, _meant(where, body), signature):
        raise NotFound
    words = zlib.decompress(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    subject, text = json.loads(words)
    return Wording(subject, text)


def _meant(where: Place, body: str) -> str:
    return f"{where.kind} {where.language} {where.slug or ''} {body}"


def _address(where: Place, more: str = "", **query: str) -> str:
    if where.slug is not None:
        query["sluice"] = where.slug
    return link(f"{START}/{where.kind}/{where.language}{more}", **query)


def _form() -> Form:
    return Form(
        Wording(request.form.get("subject", ""), request.form.get("body", "").replace("\r\n", "\n")),
        _number("seen"),
        request.form.get("comment", ""),
    )


def _with(form: Form, **changes: Any) -> Form:
    return Form(form.wording, form.seen, form.comment, **changes)


def _shown(fault: Fault) -> dict[str, Any]:
    """A fault as the template tells it."""
    key = fault.text_key.removeprefix("fault.")
    return {"where": fault.where, "key": key, "facts": {"line": fault.line, **dict(fault.facts)}}


def _number(name: str) -> int:
    return request.form.get(name, 0, type=int)


def _done() -> str | None:
    done = request.args.get("done")
    return done if done in _DONE else None
