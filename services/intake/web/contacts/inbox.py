"""The contacts' inbox: ideas by what they wait for, searched, filtered and paged. It changes nothing."""

from __future__ import annotations

from flask import Flask, redirect, render_template
from flask.typing import ResponseReturnValue

from services.intake.usecases import inbox
from services.intake.web.contacts import inbox_query
from services.intake.web.contacts.inbox_query import INBOX
from services.intake.web.contacts.many import ACTS
from shared.db import Database
from shared.settings import Settings
from shared.web import session as signed_in
from shared.web.language import link
from shared.web.viewer import viewer

IDEA = "/kontakt/ide/"
CHOICES = {
    "stages": inbox_query.STAGES,
    "kinds": inbox_query.KINDS,
    "vias": inbox_query.VIAS,
    "registry": inbox_query.REGISTRY,
    "sorts": inbox_query.SORTS,
    "acts": ACTS,
}


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/`` to the app."""

    @app.get(INBOX)
    @signed_in.require_person
    def contacts_inbox() -> ResponseReturnValue:
        query = inbox_query.read()
        with database.transaction() as session:
            reference = inbox.named(session, viewer(), query.wanted.q)
            if reference is not None:
                return redirect(link(IDEA + reference), 303)
            found = inbox.show(session, viewer(), query.wanted, only=query.only, after=query.after)
        return render_template("inbox/inbox.html", query=query, inbox=found, offered=CHOICES)
