"""Bytes that others made, handed over as files: always a download, never shown, whatever they call themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from uuid import UUID

from babel.numbers import format_decimal
from flask import Response, send_file

from services.intake.store.tables import Attachment
from services.intake.usecases.package_idea import Package, zip_of
from shared.db import Database
from shared.web import security
from shared.words import one_line

_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+\Z")


def attachment(file: Attachment, content: bytes) -> Response:
    """A file that came with an idea, under the name that its sender gave it."""
    kind = file.type if _TYPE.match(file.type) else "application/octet-stream"
    return _download(content, kind, one_line(file.name, 150) or "fil")


def original(inbound_email_id: UUID, raw: bytes) -> Response:
    """A received mail: the bytes of DATA after dot-unstuffing, unchanged."""
    return _download(raw, "message/rfc822", f"{inbound_email_id}.eml")


def size_in_words(size: int, language: str) -> str:
    """A number of bytes as people read it: ``1,4 MB``."""
    for unit, power in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= power:
            return f"{format_decimal(round(size / power, 1 if size < 10 * power else 0), locale=language)}\u00a0{unit}"
    return f"{size}\u00a0B"


def packages(database: Database, taken: Iterable[Package], name: str) -> Response:
    """Archive packages in one zip, written while it is sent."""
    response = Response(zip_of(database, taken), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    return response


def mail(raw: bytes, name: str) -> Response:
    """A mail under a name of ours."""
    return _download(raw, "message/rfc822", name)


def _download(content: bytes, kind: str, name: str) -> Response:
    response = send_file(BytesIO(content), mimetype=kind, as_attachment=True, download_name=name, max_age=0)
    response.headers["Content-Type"] = kind
    response.headers["Cache-Control"] = security.HEADERS["Cache-Control"]
    response.headers["Content-Security-Policy"] = security.SANDBOXED
    return response
