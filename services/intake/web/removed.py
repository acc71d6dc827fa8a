"""What whoever had a link to an idea is told once a decision had it removed: 410, and by which decision."""

from __future__ import annotations

from flask import Flask, render_template
from flask.typing import ResponseReturnValue

from services.intake.domain.retention import RemovedIdea
from shared.web.problems import fault, is_for_program


def register(app: Flask) -> None:
    """Tell of it wherever an idea is looked for by its reference."""

    @app.errorhandler(RemovedIdea)
    def removed(gone: RemovedIdea) -> ResponseReturnValue:
        if is_for_program():
            return fault(410, f"Removed on {gone.at.date().isoformat()} by decision {gone.decision}.", kind="removed")
        return render_template("removed.html", removed=gone), 410
