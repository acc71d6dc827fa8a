"""The script that puts a form into a municipality's own page. It is static: nothing of a request's is in it.

``/embed.js`` is the newest. ``/embed-1.js``, which knows the form for ideas, and ``/embed-2.js``, which knows that of
an event too, never change, so a site may pin one by its hash (SRI, docs/embed.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, request

from shared.web.app import HERE

VERSIONS = {"/embed-1.js": "embed-1.js", "/embed-2.js": "embed-2.js"}
NEWEST = "embed-2.js"
MAX_AGE = 3600
"""Seconds for which a site's visitors may keep the newest one."""


def register(app: Flask) -> None:
    """Add ``/embed.js`` and every version of it to the app."""
    for path, name in {"/embed.js": NEWEST, **VERSIONS}.items():
        file = HERE / "static" / name
        caching = f"public, max-age={MAX_AGE}" if path == "/embed.js" else "public, max-age=31536000, immutable"
        app.add_url_rule(path, f"embed:{path}", _serve(file, caching))


def _serve(file: Path, caching: str) -> Callable[[], Response]:
    content = file.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:24]

    def serve() -> Response:
        response = Response(content, mimetype="text/javascript")
        response.headers["Cache-Control"] = caching
        # Other sites load it, and to compare its hash their browsers must be let to read it.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.set_etag(tag)
        response.make_conditional(request)
        return response

    return serve
