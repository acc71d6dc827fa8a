"""The pages behind the links that we mail about the board and news: looking changes nothing, a button does.

A link's token is all the right there is, so its button needs no other proof.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import links
from shared.web.language import link


def opened(settings: Settings, purpose: str, token: str) -> UUID:
    """What a link is about.

    :raises NotFound: we did not sign it for that purpose.
    """
    return links.opened(settings.signer, purpose, token)


def closed() -> ResponseReturnValue:
    """What somebody sees whose link opens nothing (any more)."""
    return render_template("board/link_closed.html"), 404


def pressed(database: Database, act: Callable[[Session], None], then: str) -> ResponseReturnValue:
    """Do what a link's button says, and go back to its page."""
    try:
        with database.transaction() as session:
            act(session)
    except NotFound:
        return closed()
    return done(then)


def done(page: str) -> ResponseReturnValue:
    """The answer to a pressed button: its page anew.

    A mail program that presses "unsubscribe" for its reader follows no redirect (RFC 8058 §3.1): it is told at once.
    """
    if request.form.get("List-Unsubscribe") == "One-Click":
        return "", 204
    return redirect(link(page), 303)
