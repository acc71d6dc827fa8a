"""Where the present request comes from."""

from __future__ import annotations

from flask import request

from services.intake.domain.browsers import browser_name
from services.intake.usecases.sessions import Place


def place() -> Place:
    """The caller's address, and the browser as it names itself."""
    return Place(request.remote_addr or "", browser_name(request.user_agent.string))
