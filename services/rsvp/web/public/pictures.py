"""Events' pictures: kept for ever by browsers, since another picture has another address."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, Response, request

from services.rsvp.usecases.pictures import find_picture
from shared.db import Database
from shared.web.security import SANDBOXED


def register(app: Flask, database: Database) -> None:
    """Add them."""

    @app.get("/traffar/bild/<uuid:picture_id>")
    def event_picture(picture_id: UUID) -> Response:
        with database.transaction() as session:
            picture = find_picture(session, picture_id)
        # The kind is what the bytes said when it was kept; what a browser could run was never taken.
        response = Response(picture.content, content_type=picture.kind)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = SANDBOXED
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.set_etag(picture.sha256.hex())
        response.make_conditional(request)
        return response
