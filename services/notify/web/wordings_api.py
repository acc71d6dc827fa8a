"""The JSON API of mails' words: read them, keep a new version, look at a mail as it would be, send a trial."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response

from services.notify.domain.kinds import Kind
from services.notify.domain.template import Fault
from services.notify.domain.variable import Variable
from services.notify.domain.variables import variables, worded_kinds
from services.notify.domain.wording import Place
from services.notify.render import Renderer
from services.notify.store import sluices, wordings
from services.notify.usecases.wordings import FaultyWording, Present, Wordings
from services.notify.web import schemas, wordings_schemas
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import NotFound
from shared.i18n import Texts
from shared.ids import new_id
from shared.web import problems
from shared.web.api import Blueprint
from shared.web.tokens import bearer_name

READ = "notify:read"
ADMIN = "notify:admin"


def resource(app: Flask, database: Database) -> Blueprint:
    """``/api/notify/v1/templates``."""
    use, texts = Wordings(app.extensions["idesluss"], Renderer()), app.extensions["idesluss_texts"]
    found = Blueprint(schemas.API, "templates", "The words of mails: per kind, language and sluice, in versions.")

    @found.route("", method="GET")
    @found.scope(READ)
    @found.takes(wordings_schemas.ListQuery, location="query")
    @found.gives(200, wordings_schemas.TemplatePageSchema)
    def list_templates(query: dict[str, Any]) -> dict[str, Any]:
        """List every kind in every language, for all sluices and for each; or for one."""
        with database.transaction() as session:
            slugs = [each.slug for each in sluices.list_all(session)]
            places = _places([None, *slugs] if query["sluice"] is None else [query["sluice"]])
            left = [each for each in places if _cursor(each) > query["cursor"]]
            shown = left[: query["limit"]]
            items = [_shape(each, use.present(session, each)) for each in shown]
        return {"items": items, "next": _cursor(shown[-1]) if len(left) > len(shown) else None}

    @found.route("/<kind>/<language>", method="GET")
    @found.scope(READ)
    @found.takes(wordings_schemas.SluiceQuery, location="query")
    @found.gives(200, wordings_schemas.WholeTemplateSchema)
    def read_template(query: dict[str, Any], kind: str, language: str) -> dict[str, Any]:
        """Read the words that are used now, and what they may say."""
        where = place(kind, language, query["sluice"])
        with database.transaction() as session:
            present = use.present(session, where)
        return _shape(where, present) | {
            "subject": present.wording.subject,
            "body": present.wording.body,
            "variables": [_variable(each, language) for each in listed(where.kind)],
        }

    @found.route("/<kind>/<language>", method="PUT")
    @found.scope(ADMIN)
    @found.takes(wordings_schemas.SluiceQuery, location="query")
    @found.takes(wordings_schemas.SaveSchema)
    @found.gives(200, wordings_schemas.SavedSchema)
    def save_template(
        query: dict[str, Any], asked: dict[str, Any], kind: str, language: str
    ) -> dict[str, Any] | Response:
        """Keep new words as the next version. Mails asked for from now on are written in them."""
        where = place(kind, language, query["sluice"])
        how = {"seen": asked["version"], "author": bearer_name(), "comment": asked["comment"]}
        try:
            with database.transaction() as session:
                if asked["wording"] is None:
                    version = use.go_back(session, where, None, **how)
                else:
                    version = use.save(session, where, asked["wording"], **how)
        except FaultyWording as error:
            return _faulty(error, texts)
        return _of(where) | {"version": version}

    @found.route("/<kind>/<language>/preview", method="POST")
    @found.scope(ADMIN)
    @found.takes(wordings_schemas.SluiceQuery, location="query")
    @found.takes(wordings_schemas.WordsSchema)
    @found.gives(200, wordings_schemas.PreviewSchema)
    def preview_template(
        query: dict[str, Any], asked: dict[str, Any], kind: str, language: str
    ) -> dict[str, Any] | Response:
        """Write a mail in these words, with the facts of the newest mail of that kind. Keeps and sends nothing."""
        try:
            with database.transaction() as session:
                seen = use.preview(session, place(kind, language, query["sluice"]), asked["wording"])
        except FaultyWording as error:
            return _faulty(error, texts)
        mail = seen.rendered
        return {"subject": mail.subject, "text": mail.text, "html": mail.html, "is_real": seen.is_real}

    @found.route("/<kind>/<language>/test", method="POST")
    @found.scope(ADMIN)
    @found.takes(wordings_schemas.KeyHeader, location="headers")
    @found.takes(wordings_schemas.SluiceQuery, location="query")
    @found.takes(wordings_schemas.TrialSchema)
    @found.gives(202, of="The trial is on its way.")
    def try_template(
        headers: dict[str, Any], query: dict[str, Any], asked: dict[str, Any], kind: str, language: str
    ) -> Response:
        """Send what is saved to one address, marked as a trial. Its links lead to the front page."""
        key = headers["key"] or str(new_id())
        with database.transaction() as session:
            where = place(kind, language, query["sluice"])
            use.send_trial(session, where, asked["address"], key=key, author=bearer_name())
        return Response(status=202)

    @found.route("/<kind>/<language>/versions", method="GET")
    @found.scope(READ)
    @found.takes(wordings_schemas.VersionsQuery, location="query")
    @found.gives(200, wordings_schemas.VersionPageSchema)
    def list_versions(query: dict[str, Any], kind: str, language: str) -> dict[str, Any]:
        """List the versions of one place, newest first."""
        where = place(kind, language, query["sluice"])
        limit = query["limit"]
        with database.transaction() as session:
            rows = wordings.versions(session, where, limit=limit, before=query["cursor"])
        items = [
            {name: getattr(row, name) for name in ("version", "subject", "body", "comment", "author", "created_at")}
            | _of(where)
            for row in rows[:limit]
        ]
        return {"items": items, "next": str(rows[limit - 1].version) if len(rows) > limit else None}

    return found


def place(kind: str, language: str, slug: str | None) -> Place:
    """What is meant by the parts of an address.

    :raises NotFound: there is no such kind with words of its own, or no such language.
    """
    if language not in LANGUAGES or kind not in worded_kinds():
        raise NotFound
    return Place(Kind(kind), language, slug or None)


def listed(kind: Kind) -> list[tuple[str, Variable]]:
    """Every name that a wording of that kind may use, those of a list's entries (``for entry in …``) below it."""
    found: list[tuple[str, Variable]] = []
    for variable in variables(kind):
        found.append((variable.name, variable))
        found += [(f"entry.{field.name}", field) for field in variable.fields]
    return found


def told(fault: Fault, texts: Texts, language: str) -> str:
    """A fault in words."""
    return texts.get(language, f"wordings.{fault.text_key}", **{"line": str(fault.line), **dict(fault.facts)})


def _places(slugs: list[str | None]) -> list[Place]:
    found = [Place(kind, language, slug) for slug in slugs for kind in worded_kinds() for language in LANGUAGES]
    return sorted(found, key=_cursor)


def _cursor(where: Place) -> str:
    return f"{where.slug or ''}/{where.kind}/{where.language}"


def _of(where: Place) -> dict[str, Any]:
    return {"kind": where.kind, "language": where.language, "sluice": where.slug}


def _shape(where: Place, present: Present) -> dict[str, Any]:
    return _of(where) | {"version": present.version, "origin": present.origin}


def _variable(named: tuple[str, Variable], language: str) -> dict[str, Any]:
    name, variable = named
    return {
        "name": name,
        "form": variable.form,
        "meaning": variable.meaning_in(language),
        "is_needed": variable.is_needed,
        "may_lack": variable.may_lack,
    }


def _faulty(error: FaultyWording, texts: Texts) -> Response:
    errors: dict[str, list[str]] = {}
    for fault in error.faults:
        errors.setdefault(fault.where, []).append(f"Line {fault.line}: {told(fault, texts, 'en')}")
    return problems.problem(422, kind="faulty-wording", errors=errors)
