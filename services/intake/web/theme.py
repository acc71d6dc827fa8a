"""Each sluice's colour as a sheet of its own: it changes the theme's accent, and nothing else."""

from __future__ import annotations

import hashlib
from typing import Protocol

from flask import Flask, Response, request

from services.intake.domain import accent
from services.intake.store import sluices
from shared.db import Database


class Coloured(Protocol):
    """A sluice as far as its colour goes."""

    @property
    def slug(self) -> str: ...
    @property
    def accent(self) -> str: ...


def register(app: Flask, database: Database) -> None:
    """Add ``/tema/<slug>.css``, and give templates ``sluice_theme(sluice)``, its address."""
    app.jinja_env.globals["sluice_theme"] = address

    @app.get("/tema/<slug>.css")
    def theme(slug: str) -> Response:
        with database.transaction() as session:
            sluice = sluices.profile_by_slug(session, slug)
        response = Response(accent.style_sheet(sluice.accent), mimetype="text/css")
        is_fresh = request.args.get("v") == _version(sluice.accent)
        kept = "public, max-age=31536000, immutable" if is_fresh else "public, max-age=60"
        response.headers["Cache-Control"] = kept
        return response


def address(sluice: Coloured) -> str:
    """The address of a sluice's sheet; it bears the colour, so that browsers may keep it for a year."""
    return f"/tema/{sluice.slug}.css?v={_version(sluice.accent)}"


def _version(colour: str) -> str:
    return hashlib.sha256(accent.style_sheet(colour).encode()).hexdigest()[:12]
