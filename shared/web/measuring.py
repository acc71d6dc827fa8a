"""What is seen of a request: its route, how it was answered and how long it took, as figures and as a span."""

from __future__ import annotations

from flask import request

from shared import meters

SPAN = "idesluss.span"
"""Where a request's environment holds its span."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def measure(service: str, rule: str | None, status: int, seconds: float) -> None:
    """Count an answered request under its route's pattern: never its path, which holds tokens and has no end."""
    route = rule or "(none)"
    method = request.method if request.method in METHODS else "other"
    meters.HTTP_REQUESTS.labels(service, method, route, status).inc()
    meters.HTTP_SECONDS.labels(service, route).observe(seconds)
    span = request.environ.get(SPAN)
    if span is not None:
        span.name(f"{method} {route}")
        span.note("http.request.method", method)
        span.note("http.route", route)
        span.note("http.response.status_code", status)
        if status >= 500:
            span.fail()
