"""QR codes as pictures: black on white in light and dark alike, for cameras read nothing else as surely."""

from __future__ import annotations

import io

import segno
from flask import Response

from shared.web import security

QUIET = 4
"""Modules of white around it (ISO/IEC 18004 §9.1)."""


def svg(content: str) -> Response:
    """The code as a picture of any size. Its address is as secret as its page's, so it lies in no cache either."""
    held = io.BytesIO()
    made = segno.make(content, error="m", micro=False)
    made.save(held, kind="svg", border=QUIET, dark="#000", light="#fff", omitsize=True, xmldecl=False)
    response = Response(held.getvalue(), content_type="image/svg+xml")
    response.headers["Content-Security-Policy"] = security.SANDBOXED
    return response
