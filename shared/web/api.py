"""What the JSON APIs of all services have in common: OpenAPI 3.1, docs in a page of our own, strict input.

Unknown fields are refused, in the body and in the query alike; JSON is bounded in depth, and NUL is refused (it
fits neither text in PostgreSQL nor any honest idea). Every fault is problem+json (see problems.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any, cast

from flask import Flask, Request, Response, jsonify, render_template
from flask_smorest import Api as SmorestApi
from flask_smorest.blueprint import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema, ValidationError, fields
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from shared.settings import Settings
from shared.web import problems
from shared.web.tokens import require_scope

VERSION = "1"
MAX_DEPTH = 20
"""Levels of arrays and objects in a JSON body."""

_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[{]|[\]}]', re.DOTALL)


def check_json(body: bytes) -> None:
    """Refuse JSON that is nested too deeply, holds what is not text or numbers without end.

    What is no JSON at all is left to others.

    Depth is counted before parsing: the parser itself would recurse into it.

    :raises ValidationError: saying which.
    """
    depth = 0
    for match in _TOKENS.finditer(body):
        sign = match[0][:1]
        depth += (sign in b"[{") - (sign in b"]}")
        if depth > MAX_DEPTH:
            raise ValidationError({"json": [f"More than {MAX_DEPTH} levels deep."]})
    try:
        value = json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return
    except ValueError as error:  # Python reads no number of more than 4,300 digits
        raise ValidationError({"json": ["A number is too long."]}) from error
    if not _is_text_throughout(value):
        raise ValidationError({"json": ["NUL and lone surrogates are not text."]})


def _is_text_throughout(value: Any) -> bool:
    if isinstance(value, str):
        return is_text(value)
    if isinstance(value, dict):
        return all(is_text(name) and _is_text_throughout(inner) for name, inner in value.items())
    return all(map(_is_text_throughout, value)) if isinstance(value, list) else True


def is_text(value: str) -> bool:
    """True for what PostgreSQL can keep: no NUL, no half of a surrogate pair."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


class StrictParser(FlaskParser):
    """Reads arguments, refusing what the schema does not name, what is said twice, and JSON that is no text."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 - webargs' own form
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
        "json": RAISE,
    }

    def _get_schema(self, argmap: Any, req: Request) -> Schema:
        """One instance of each class, made once: webargs itself would make one for every request."""
        return _instance(argmap)

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The JSON body; none at all is an empty object, so that missing fields are named."""
        body = req.get_data(cache=True)
        if not body:
            return {}
        if not req.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        check_json(body)
        return super().load_json(req, schema)

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query, each name once."""
        for name, values in req.args.lists():
            if len(values) > 1:
                raise ValidationError({name: ["Given twice."]})
        return super().load_querystring(req, schema)


@cache
def _instance(schema: type[Schema]) -> Schema:
    return schema()


class Blueprint(SmorestBlueprint):
    """One resource of an API. ``scope`` goes right under ``route``: nothing is read before it is allowed."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, prefix: str, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix=f"{prefix}/{name}", description=description)  # type: ignore[no-untyped-call]

    def route(self, rule: str, *, method: str) -> _Decorator:  # type: ignore[override] # one method a view
        """Serve the view at this path for one HTTP method."""
        return cast(_Decorator, super().route(rule, methods=[method]))  # type: ignore[no-untyped-call]

    def scope(self, name: str) -> _Decorator:
        """Require a bearer with that scope, and say so in the description."""
        describe: _Decorator = self.doc(security=[{"bearer": [name]}])  # type: ignore[no-untyped-call]
        require = require_scope(name)
        return lambda view: describe(require(view))

    def takes(self, schema: type[Schema], *, location: str = "json") -> _Decorator:
        """Load the body (or ``query``, ``headers``) by this schema, and give it to the view first."""
        return cast(_Decorator, super().arguments(schema, location=location))  # type: ignore[no-untyped-call]

    @staticmethod
    def _make_doc_response_schema(schema: Schema | None) -> type[Schema] | None:
        """What describes an answer: the class, since descriptions are copied again and again."""
        return type(schema) if schema else None

    def gives(
        self,
        status: int,
        schema: type[Schema] | None = None,
        *,
        content_type: str | None = None,
        of: str | None = None,
    ) -> _Decorator:
        """Write what the view returns by this schema; ``of`` describes an answer that has none."""
        gave = super().response(status, schema, content_type=content_type, description=of)  # type: ignore[no-untyped-call]
        return cast(_Decorator, gave)


class ProblemSchema(Schema):
    """How every fault is told (RFC 9457)."""

    type = fields.String(metadata={"description": "What kind of fault it is; about:blank where the status says it."})
    title = fields.String(metadata={"description": "The status in words."})
    status = fields.Integer(metadata={"description": "The HTTP status."})
    detail = fields.String(metadata={"description": "What to do about it."})
    errors = fields.Dict(
        keys=fields.String(), metadata={"description": "What is wrong with which field: field to list of texts."}
    )
    correlation_id = fields.String(metadata={"description": "Names this request in our logs."})


class Api(SmorestApi):
    """flask-smorest's Api with our own way of telling faults, described when somebody first asks.

    To describe an API takes longer than all else that an app does at its start, and few ask.
    """

    ERROR_SCHEMA = ProblemSchema  # type: ignore[assignment] # theirs only describes, as does this one

    def __init__(self, app: Flask) -> None:
        self._served = list[Blueprint]()
        self._describing, self._is_described = Lock(), False
        super().__init__(app)  # type: ignore[no-untyped-call]

    def _register_error_handlers(self) -> None:
        """Ours are in problems.py already, for pages and APIs alike."""

    def _init_spec(self, **options: Any) -> None:
        """Put off until ``_describe``."""

    def serve(self, blueprint: Blueprint) -> None:
        """Serve a resource, to be described later."""
        self._app.register_blueprint(blueprint)
        self._served.append(blueprint)

    def described(self) -> dict[str, Any]:
        """The whole description, with faults told as what they are: application/problem+json."""
        with self._describing:
            if not self._is_described:
                self._describe()
                self._is_described = True
        spec: dict[str, Any] = self.spec.to_dict()
        for response in spec["components"].get("responses", {}).values():
            content = response.get("content", {})
            if self.DEFAULT_RESPONSE_CONTENT_TYPE in content:
                content[problems.CONTENT_TYPE] = content.pop(self.DEFAULT_RESPONSE_CONTENT_TYPE)
        return spec

    def _describe(self) -> None:
        super()._init_spec()  # type: ignore[no-untyped-call]
        for blueprint in self._served:
            how = {"name": blueprint.name, "parameters": None}
            blueprint.register_views_in_doc(self, self._app, self.spec, **how)  # type: ignore[no-untyped-call]
            self.spec.tag({"name": blueprint.name, "description": blueprint.description})

    def _openapi_json(self) -> Response:
        return jsonify(self.described())


def make_api(app: Flask, title: str, prefix: str, *, description: str = "") -> Api:
    """An API under ``prefix`` (``/api/intake``): resources at ``<prefix>/v1/…``, and openapi.json and docs."""
    settings: Settings = app.extensions["idesluss"]
    app.config.update(
        API_TITLE=title,
        API_VERSION=VERSION,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=prefix,
        API_SPEC_OPTIONS={
            "info": {"description": description},
            "servers": [{"url": settings.base_url}],
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        },
    )
    api = Api(app)

    @app.get(f"{prefix}/docs")
    def api_docs() -> str:
        return render_template("api_docs.html", spec=api.described(), prefix=prefix)

    return api


def add(api: Api, *blueprints: Blueprint) -> None:
    """Serve and describe these resources."""
    for blueprint in blueprints:
        api.serve(blueprint)
