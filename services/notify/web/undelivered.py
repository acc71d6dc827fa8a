"""The page on which a contact sees why a message did not arrive, corrects its address and sends it anew.

Looking changes nothing, so a scanner that opens every link in a mail sends nothing. The link is all the right there
is; a foreign page that does not know it cannot make the request.
"""

from __future__ import annotations

import json
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.domain.kinds import Channel
from services.notify.store import notifications, replacements
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew, has_ended_unsent
from services.notify.usecases.undelivered import TO_SUBMITTERS
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import links, own_links
from shared.web.language import link

PATH = "/kontakt/meddelande/<token>"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/meddelande/<token>`` to the app."""
    app.jinja_env.filters["without_tokens"] = own_links.without_tokens
    send_anew = SendAnew(QueueMessage(settings))

    def shown(token: str, identity: UUID, *, fault: str | None = None) -> str:
        with database.transaction() as session:
            found = notifications.read(session, identity)
            if found is None:
                raise NotFound
            row, attempts = found
            sent = replacements.of(session, identity)
        facts = json.loads(row.facts)
        return render_template(
            "undelivered/message.html",
            row=row,
            attempts=attempts,
            sent=[{"row": each, "token": _token(each.id), "failed": has_ended_unsent(each)} for each in sent],
            failed=has_ended_unsent(row),
            may_correct=row.channel == Channel.EMAIL,
            is_submitters=row.kind in TO_SUBMITTERS,
            title=(facts.get("idea") or {}).get("title"),
            sluice_name=facts["sluice"]["name"],
            here=f"/kontakt/meddelande/{token}",
            address=request.form.get("address", ""),
            fault=fault,
        )

    def _token(identity: UUID) -> str:
        return links.undelivered_token(settings.signer, identity)

    @app.get(PATH)
    def show_undelivered(token: str) -> ResponseReturnValue:
        identity = links.undelivered_of(settings.signer, token)
        if identity is None:
            return render_template("undelivered/closed.html"), 404
        try:
            return shown(token, identity)
        except NotFound:
            return render_template("undelivered/closed.html"), 404

    @app.post(PATH)
    def send_undelivered_anew(token: str) -> ResponseReturnValue:
        identity = links.undelivered_of(settings.signer, token)
        if identity is None:
            return render_template("undelivered/closed.html"), 404
        try:
            with database.transaction() as session:
                send_anew(session, identity, address=request.form.get("address"), actor=None)
        except Rejected as error:
            return shown(token, identity, fault=error.message_key), 422
        except NotFound:
            return render_template("undelivered/closed.html"), 404
        return redirect(link(f"/kontakt/meddelande/{token}"), 303)
