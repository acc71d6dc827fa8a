"""The ground that every service's web app stands on: limits, trusted hosts, headers, faults, language, one id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import cache, partial
from ipaddress import ip_address
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from jinja2 import BytecodeCache, ChoiceLoader, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.routing import Rule

from shared import logs, tracing
from shared.i18n import Texts
from shared.settings import Settings
from shared.web import language, problems, sections, security, session
from shared.web.api import is_text
from shared.web.measuring import SPAN, measure

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logs.get(__name__)

HERE = Path(__file__).parent
MAX_BODY = 2 * 1024 * 1024
"""Bytes of a request body. Flask's own default is no limit at all; a form with files sets its own."""
MAX_FORM_PARTS = 100
MAX_FORM_FIELDS = 2000
"""Fields of a form without files: more than any page of ours can have."""
MAX_FORM_MEMORY = 512 * 1024
"""Bytes that fields of a form may take in memory."""


class _Compiled(BytecodeCache):
    """Templates in compiled form, by path and content; several apps in one process read the same files."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


class _Route(Rule):
    """A route that learns to write its addresses when the first is asked for: most never are, and to learn is slow."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        learned = cache(partial(super()._compile_builder, append_unknown))
        return lambda route, /, **values: learned()(route, **values)


def make_app(
    name: str, settings: Settings, *, templates: Iterable[Path] = (), catalogues: Iterable[Path] = ()
) -> Flask:
    """A Flask app with everything that all our pages and APIs have in common.

    ``templates`` are the service's own template folders; base.html and problem.html come from here.
    ``catalogues`` are the folders of the service's own texts (``<language>.po``), beside the shared ones.
    Flask's own session is not used: a signed address opens a page, or ``shared.web.session`` says who is there.
    """
    app = Flask(name, static_folder=str(HERE / "static"), static_url_path="/static", template_folder=None)
    app.request_class = _TextRequest
    app.url_rule_class = _Route
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_MEMORY,
        TRUSTED_HOSTS=trusted_hosts(settings),
        TRAP_HTTP_EXCEPTIONS=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined] # Flask's default provider has it
    app.extensions["idesluss"] = settings
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in (*templates, HERE / "templates")])
    app.jinja_env.bytecode_cache = _COMPILED
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["form_token"] = session.form_token
    sections.install(app)
    language.install(app, Texts.read(HERE / "texts", *catalogues), settings.language)
    security.secure(app)
    problems.register(app)
    _log_requests(app)
    app.before_request(_check_address)
    app.wsgi_app = _correlated(_naming(trusted_hosts(settings), app.wsgi_app))  # type: ignore[method-assign,assignment] # Flask's own way to wrap an app
    return app


def trusted_hosts(settings: Settings) -> list[str]:
    """The names under which we answer: the one in IDESLUSS_BASE_URL, the bound address, and loopback.

    Links in pages and mails are built from the base URL alone; this refuses the rest early, with 400.
    """
    names = ["127.0.0.1", "localhost", "[::1]"]
    public = urlsplit(settings.base_url).hostname
    for name in (public, settings.http_host):
        if name and not _is_wildcard(name):
            names.append(f"[{name}]" if ":" in name else name)
    return list(dict.fromkeys(names))


def _is_wildcard(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


@cache
def asset(path: str) -> str:
    """The address of a file in static/, with its fingerprint, so that browsers may keep it for a year."""
    digest = hashlib.sha256((HERE / "static" / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def _naming(names: list[str], inner: WSGIApplication) -> WSGIApplication:
    """Call an IPv6 address of ours localhost: Werkzeug's own check cannot be told of an address in brackets."""

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        name, bracket, _port = environ.get("HTTP_HOST", "").partition("]")
        if bracket and name + bracket in names:
            environ["HTTP_HOST"] = "localhost"
        return inner(environ, start_response)

    return outer


def _correlated(inner: WSGIApplication) -> WSGIApplication:
    """Give each request its correlation id, for the log, for messages it sends, and for the answer's header.

    A caller's own id is not taken: it would let anybody mix their request into somebody else's trail.
    """

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with (
            logs.correlation() as current,
            tracing.span("request", tracing.Kind.SERVER, parent=environ.get("HTTP_TRACEPARENT")) as span,
        ):
            environ[SPAN] = span

            def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
                return start_response(status, [*headers, ("X-Correlation-Id", current)], exc_info)

            return inner(environ, start)

    return outer


class _TextRequest(Request):
    """A request whose form is text throughout. It is read when a view asks for it, within the view's own limits."""

    def _load_form_data(self) -> None:
        self._check_count()
        super()._load_form_data()
        _check_text(*self.form, *(value for values in self.form.listvalues() for value in values))

    def _check_count(self) -> None:
        """Go on only where the fields are few; Werkzeug counts those of multipart forms alone.

        :raises RequestEntityTooLarge: two million bytes may be a million fields, and seconds of work.
        """
        limit, size = self.max_form_memory_size, self.content_length
        if self.mimetype != "application/x-www-form-urlencoded" or size is None or (limit is not None and size > limit):
            return
        if self.get_data().count(b"&") >= MAX_FORM_FIELDS:
            raise RequestEntityTooLarge


def _check_address() -> None:
    _check_text(request.path, *request.args, *(value for values in request.args.listvalues() for value in values))


def _check_text(*words: str) -> None:
    """Go on only with what the database can keep: what is no text is in no name or word of anybody's.

    :raises BadRequest: a NUL or half of a surrogate pair is in it.
    """
    if not all(map(is_text, words)):
        raise BadRequest("NUL and lone surrogates are not text.")


def _log_requests(app: Flask) -> None:
    @app.before_request
    def begin() -> None:
        g.begun = perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if request.endpoint != "static":
            # The rule, never the path: paths hold signed tokens.
            rule = request.url_rule.rule if request.url_rule else None
            took = perf_counter() - g.begun if "begun" in g else 0.0
            log.debug(
                "request",
                method=request.method,
                rule=rule,
                status=response.status_code,
                milliseconds=round(took * 1000, 1),
            )
            measure(app.name.rpartition(".")[2], rule, response.status_code, took)
        return response
