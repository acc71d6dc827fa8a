"""What all of the administrators' pages share: the way between them, who is there, and which alarms are on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from babel.dates import format_timedelta
from babel.numbers import format_decimal
from flask import Flask, g, request
from sqlalchemy.exc import DBAPIError

from services.notify.domain import phone
from services.notify.usecases.watch import Alarm, Status, look
from shared import logs
from shared.clock import now
from shared.db import Database
from shared.settings import Settings
from shared.web import session

log = logs.get(__name__)

SECTIONS = {
    "queues": "/kontakt/drift/",
    "log": "/kontakt/drift/utskick",
    "suppressions": "/kontakt/drift/sparrar",
    "templates": "/kontakt/drift/mallar",
    "webhooks": "/kontakt/drift/webhookar",
}
"""Name → the page where it begins. ``drift.nav.<name>`` is its text."""


def register(app: Flask, settings: Settings, database: Database, bus: Database) -> None:
    """Give templates under drift/ what drift/base.html asks for."""

    def alarms_on() -> Sequence[Alarm]:
        try:
            return status(settings, database, bus).alarms
        except DBAPIError as error:
            # A page that can be shown is worth more than its banner.
            log.warning("alarms_unknown", error=type(error).__name__)
            return ()

    app.jinja_env.globals.update(
        drift_sections=SECTIONS,
        drift_section=lambda: section_of(request.path),
        alarms_on=alarms_on,
        person=session.current,
        telephone=phone.shown,
        lasted=lasted,
        number=lambda value, language: format_decimal(value, locale=language),
    )


def status(settings: Settings, database: Database, bus: Database) -> Status:
    """How everything stands, looked at once a request: the banner and the page say the same."""
    if "drift_status" not in g:
        g.drift_status = look(settings, database, bus, now())
    found: Status = g.drift_status
    return found


def section_of(path: str) -> str | None:
    """The name of the section in which a page lies: the one whose address begins the page's longest."""
    found = [name for name, start in SECTIONS.items() if path == start or path.startswith(f"{start.rstrip('/')}/")]
    return max(found, key=lambda name: len(SECTIONS[name])) if found else None


def lasted(seconds: float, language: str) -> str:
    """A length of time as people say it: ``3 minuter``."""
    return format_timedelta(timedelta(seconds=round(seconds)), locale=language, threshold=1.5)
