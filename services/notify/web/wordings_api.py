"""The JSON API of mails' words: read them, keep a new version, look at a mail as it would be, send a trial."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.notify.domain.kinds import Kind
from services.notify.domain.template import Fault
from services.notify.domain.variables import Variable, variables, worded_kinds
from services.notify.domain.wording import Place, Wording
from services.notify.render import Renderer
from services.notify.store import sluices, wordings
from services.notify.usecases.wordings import LONGEST_COMMENT, FaultyWording, Present, Wordings
from services.notify.web.schemas import API
from shared.contracts.facts import LANGUAGES
from shared.db import Database
from shared.errors import NotFound
from shared.i18n import Texts
from shared.ids import new_id
from shared.web import problems, tokens
from shared.web.api import Blueprint
from shared.web.paging import DEFAULT_LIMIT, MAX_LIMIT

READ = "notify:read"
ADMIN = "notify:admin"


class SluiceQuery(Schema):
    """Whose wording."""

    sluice = fields.String(
        load_default=None, metadata={"description": "A sluice's slug; without it the wording of all sluices."}
    )


class ListQuery(SluiceQuery):
    """The query of the list."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT))
    cursor = fields.String(load_default="", metadata={"description": "What next said on the page before."})


class VersionsQuery(SluiceQuery):
    """The query of the versions."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT))
    cursor = fields.Integer(load_default=None, metadata={"description": "What next said on the page before."})


class PlaceSchema(Schema):
    """What a wording is for."""

    kind = fields.String()
    language = fields.String()
    sluice = fields.String(allow_none=True)


class TemplateSchema(PlaceSchema):
    """Which wording is used there."""

    version = fields.Integer(metadata={"description": "The newest version of this place's own; 0: none yet."})
    origin = fields.String(
        validate=validate.OneOf(["sluice", "general", "built-in"]),
        metadata={"description": "Where the words come from that are used now."},
    )


class TemplatePageSchema(Schema):
    """One page of the list."""

    items = fields.List(fields.Nested(TemplateSchema))
    next = fields.String(allow_none=True)


class VariableSchema(Schema):
    """What a wording may say."""

    name = fields.String()
    form = fields.String()
    meaning = fields.String()
    is_needed = fields.Boolean(metadata={"description": "No wording may do without it."})
    may_lack = fields.Boolean(metadata={"description": "A mail may have nothing to say there."})


class WholeTemplateSchema(TemplateSchema):
    """A wording with what it may say."""

    subject = fields.String()
    body = fields.String()
    variables = fields.List(fields.Nested(VariableSchema))


class WordsSchema(Schema):
    """Subject and body; both null lead back to what stands above: the general wording, or the built-in one."""

    subject = fields.String(required=True, allow_none=True)
    body = fields.String(required=True, allow_none=True)

    @validates_schema
    def whole(self, data: dict[str, Any], **_: Any) -> None:
        """Both, or neither.

        :raises ValidationError: one of them alone is null.
        """
        if (data.get("subject") is None) != (data.get("body") is None):
            raise ValidationError("Subject and body are both given or both null.")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """``wording``: the words, or None."""
        subject, body = data.pop("subject"), data.pop("body")
        return data | {"wording": None if subject is None else Wording(subject, body)}


class SaveSchema(WordsSchema):
    """A new version."""

    comment = fields.String(load_default="", validate=validate.Length(max=LONGEST_COMMENT))
    version = fields.Integer(
        load_default=None,
        metadata={"description": "The version you started from: 409 where somebody has saved since."},
    )


class SavedSchema(PlaceSchema):
    """What was saved."""

    version = fields.Integer()


class PreviewSchema(Schema):
    """A mail as it would be."""

    subject = fields.String()
    text = fields.String()
    html = fields.String()
    is_real = fields.Boolean(metadata={"description": "False where made-up facts show it: there is no such mail yet."})


class TrialSchema(Schema):
    """Where to send a trial."""

    address = fields.String(required=True, validate=validate.Length(max=320))


class KeyHeader(Schema):
    """A key that makes asking twice the same as asking once."""

    key = fields.String(data_key="Idempotency-Key", load_default=None, validate=validate.Length(min=1, max=100))


class VersionSchema(PlaceSchema):
    """One version."""

    version = fields.Integer()
    subject = fields.String(allow_none=True)
    body = fields.String(allow_none=True)
    comment = fields.String()
    author = fields.String()
    created_at = fields.AwareDateTime()


class VersionPageSchema(Schema):
    """One page of the versions."""

    items = fields.List(fields.Nested(VersionSchema))
    next = fields.String(allow_none=True)


def resource(app: Flask, database: Database) -> Blueprint:
    """``/api/notify/v1/templates``."""
    use, texts = Wordings(app.extensions["idesluss"], Renderer()), app.extensions["idesluss_texts"]
    found = Blueprint(API, "templates", "The words of mails: per kind, language and sluice, in versions.")

    @found.route("", method="GET")
    @found.scope(READ)
    @found.takes(ListQuery, location="query")
    @found.gives(200, TemplatePageSchema)
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
    @found.takes(SluiceQuery, location="query")
    @found.gives(200, WholeTemplateSchema)
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
    @found.takes(SluiceQuery, location="query")
    @found.takes(SaveSchema)
    @found.gives(200, SavedSchema)
    def save_template(
        query: dict[str, Any], asked: dict[str, Any], kind: str, language: str
    ) -> dict[str, Any] | Response:
        """Keep new words as the next version. Mails asked for from now on are written in them."""
        where = place(kind, language, query["sluice"])
        how = {"seen": asked["version"], "author": _author(), "comment": asked["comment"]}
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
    @found.takes(SluiceQuery, location="query")
    @found.takes(WordsSchema)
    @found.gives(200, PreviewSchema)
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
    @found.takes(KeyHeader, location="headers")
    @found.takes(SluiceQuery, location="query")
    @found.takes(TrialSchema)
    @found.gives(202, of="The trial is on its way.")
    def try_template(
        headers: dict[str, Any], query: dict[str, Any], asked: dict[str, Any], kind: str, language: str
    ) -> Response:
        """Send what is saved to one address, marked as a trial. Its links lead to the front page."""
        key = headers["key"] or str(new_id())
        with database.transaction() as session:
            where = place(kind, language, query["sluice"])
            use.send_trial(session, where, asked["address"], key=key, author=_author())
        return Response(status=202)

    @found.route("/<kind>/<language>/versions", method="GET")
    @found.scope(READ)
    @found.takes(VersionsQuery, location="query")
    @found.gives(200, VersionPageSchema)
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


def _author() -> str:
    token = tokens.bearer()
    assert token is not None, "the scope was checked"
    return token.name
