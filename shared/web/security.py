"""The headers that every answer bears, and the one Content-Security-Policy of our pages.

Nothing inline and nothing from a foreign host is allowed, so text that slips through unescaped still cannot run.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response, g, request

CSP: dict[str, str] = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data:",
    "script-src": "'self'",
    "style-src": "'self'",
}
"""Directive → sources. ``data:`` pictures are the check marks and arrows inside our own style sheet."""

HEADERS: dict[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Links are signed: the address of a page must reach nobody it links to.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Permitted-Cross-Domain-Policies": "none",
    # Pages behind a signed link must lie in no cache (CVE-2026-27205); the rest gain little from one.
    "Cache-Control": "private, no-store",
}

SANDBOXED = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""For bytes that others made (attachments, original mails): were they shown, they could do nothing."""

MAIL_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""For a mail's own HTML in our frame: its styles and nothing else; scripts, forms, foreign pictures do nothing."""


def let_frame(response: Response, origins: Iterable[str]) -> None:
    """Let our own pages and these sites frame an answer. Nothing else may ever be framed."""
    ancestors = " ".join(("'self'", *origins))
    response.headers["Content-Security-Policy"] = policy(frame_ancestors=ancestors)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    g.is_framed = True


def policy(**changes: str) -> str:
    """The Content-Security-Policy, with directives changed: ``policy(frame_src="'self'")``."""
    directives = CSP | {name.replace("_", "-"): sources for name, sources in changes.items()}
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


def secure(app: Flask) -> None:
    """Add the headers to every answer of the app; a view that sets one of them itself wins."""
    default_policy = policy()

    @app.after_request
    def add_headers(response: Response) -> Response:
        if request.endpoint == "static":
            # The address carries the file's fingerprint (see ``asset``), so what it names never changes.
            fresh = "public, max-age=31536000, immutable" if "v" in request.args else "public, max-age=3600"
            response.headers["Cache-Control"] = fresh
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if g.get("is_framed"):
            # It knows one site or none; frame-ancestors says which ones.
            response.headers.pop("X-Frame-Options")
        response.headers.setdefault("Content-Security-Policy", default_policy)
        return response
