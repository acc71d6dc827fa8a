"""What the small forms of the public pages share: the guard, and whether a program typed into them."""

from __future__ import annotations

from flask import Flask, request

from shared.db import Database
from shared.errors import Rejected
from shared.settings import Settings
from shared.web import antibot
from shared.web.antibot import Guard

TRAP = "form-trap"
TOKEN = "form-token"  # noqa: S105 - a suspicion's name


def install(app: Flask, settings: Settings, database: Database) -> Guard:
    """The app's guard; templates get ``guard_of(form)``, the hidden fields of a form of that name."""
    guard = antibot.install(app, settings, database)

    def guard_of(form: str) -> antibot.Fields:
        # A form shown again was read already, so it may be sent at once.
        return guard.fields(form, token=request.form.get(antibot.TOKEN), sent_again=request.method == "POST")

    app.jinja_env.globals["guard_of"] = guard_of
    return guard


def is_person(guard: Guard, form: str) -> bool:
    """False where a program filled the field that no person sees: it is told yes, and nothing is done.

    No other sign refuses: what these forms do waits for a button behind a link in a mail.

    :raises Rejected: too much comes from there, or the form is not fresh from here; it is to be sent again.
    """
    seen = guard.look(form)
    if seen.comes_too_often:
        raise Rejected("form", "often")
    if seen.suspicion == TRAP:
        return False
    if seen.is_foreign or seen.is_stale or seen.suspicion == TOKEN:
        raise Rejected("form", "again")
    return True


def status_of(fault: Rejected) -> int:
    """429 for what comes too often, 422 for all else."""
    return 429 if (fault.field, fault.message_key) == ("form", "often") else 422
