"""Every fault is told once: as RFC 9457 problem+json to programs, as a plain page to people.

The tree of shared/errors.py and what Flask, webargs and marshmallow raise are translated here and nowhere else.
Texts of exceptions we did not write never leave the house.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, render_template, request
from marshmallow import ValidationError
from sqlalchemy.exc import OperationalError, TimeoutError
from werkzeug.exceptions import HTTPException

from shared import logs
from shared.errors import Conflict, NotFound, PermanentFailure, Rejected, TemporaryFailure

log = logs.get(__name__)

CONTENT_TYPE = "application/problem+json"
AWAY_RETRY_SECONDS = 5
"""What we say in Retry-After while the database is away; the supervisor has it back sooner."""


def problem(
    status: int,
    detail: str | None = None,
    *,
    kind: str | None = None,
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One fault as problem+json (RFC 9457 §3). ``errors`` maps a field to its messages."""
    body: dict[str, Any] = {
        "type": f"urn:idesluss:problem:{kind}" if kind else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "correlation_id": logs.correlation_id(),
    }
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    response = Response(json.dumps(body, ensure_ascii=False), status=status, content_type=CONTENT_TYPE)
    response.headers.extend(headers or {})
    return response


def fault(
    status: int,
    detail: str | None = None,
    *,
    kind: str | None = None,
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Tell a fault in the form that the caller reads: problem+json, or a page that says what to do."""
    if is_for_program():
        return problem(status, detail, kind=kind, errors=errors, headers=headers)
    page = render_template("problem.html", status=status, kind=_page_kind(status))
    response = Response(page, status=status)
    response.headers.extend(headers or {})
    return response


def is_for_program() -> bool:
    """True where a program asks, not a browser: by the address of the request under way."""
    path = request.path
    if path.endswith("/docs"):
        return False
    return "/api/" in path or path.startswith("/health/") or path == "/metrics"


def _page_kind(status: int) -> str:
    """Which of our plain-language pages tells of that status."""
    if status in (404, 405, 410):
        return "missing"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return "too_large"
    if status == HTTPStatus.CONFLICT:
        return "conflict"
    return "refused" if status < 500 else "broken"


def register(app: Flask) -> None:
    """Make every exception of the app an answer that says what happened and what to do."""

    @app.errorhandler(Rejected)
    def rejected(error: Rejected) -> Response:
        return fault(422, kind="rejected", errors={error.field: [error.message_key]})

    @app.errorhandler(ValidationError)
    def invalid(error: ValidationError) -> Response:
        return fault(422, kind="invalid", errors=by_field(error.messages))

    @app.errorhandler(NotFound)
    def missing(_error: NotFound) -> Response:
        return fault(404)

    @app.errorhandler(Conflict)
    def conflict(error: Conflict) -> Response:
        return fault(409, str(error) or None, kind="conflict")

    @app.errorhandler(PermanentFailure)
    def impossible(error: PermanentFailure) -> Response:
        return fault(422, error.reason, kind="impossible")

    @app.errorhandler(TemporaryFailure)
    def later(error: TemporaryFailure) -> Response:
        seconds = error.retry_after.total_seconds() if error.retry_after else AWAY_RETRY_SECONDS
        return fault(503, kind="later", headers={"Retry-After": str(max(1, round(seconds)))})

    @app.errorhandler(OperationalError)
    @app.errorhandler(TimeoutError)
    def database_away(error: Exception) -> Response:
        log.warning("database_away", fault=type(error).__name__)
        return fault(503, kind="later", headers={"Retry-After": str(AWAY_RETRY_SECONDS)})

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        return _told(error)

    @app.errorhandler(Exception)
    def unknown(_error: Exception) -> Response:
        log.exception("request_failed", endpoint=request.endpoint)
        return fault(500)


def _told(error: HTTPException) -> Response:
    response = error.get_response()
    status = error.code or response.status_code
    headers = {
        name: value for name, value in response.headers.items() if name in ("Allow", "Retry-After", "WWW-Authenticate")
    }
    challenge = getattr(error, "www_authenticate", None)
    if challenge is not None and "WWW-Authenticate" not in headers:
        headers["WWW-Authenticate"] = str(challenge[0] if isinstance(challenge, (list, tuple)) else challenge)
    messages = getattr(error, "data", {}).get("messages")
    if messages:
        return fault(status, kind="invalid", errors=by_field(messages), headers=headers)
    return fault(status, error.description if status < 500 else None, headers=headers)


def by_field(messages: Any) -> dict[str, Any]:
    """marshmallow's and webargs' messages as one map from field to texts, wherever in the request it was."""
    if not isinstance(messages, dict):
        return {"_schema": list(messages)}
    found: dict[str, Any] = {}
    for name, value in messages.items():
        if name in _LOCATIONS and isinstance(value, dict):
            found.update(value)
        else:
            found[name] = value
    return {str(name): value for name, value in found.items()}


_LOCATIONS = frozenset({"json", "query", "form", "files", "headers", "path"})
"""Where webargs found the fault; our callers know what they sent where."""
