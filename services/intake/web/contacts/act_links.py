"""The pages behind the links by which a contact acts straight from a mail: ``/kontakt/gor/<act>/<token>``.

Looking changes nothing, so a scanner that opens every link in a mail takes no idea and sends no answer. The token is
all the right there is, and it stands in the form's body as well: a foreign page cannot make that request without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.idea import PATH, Stage
from services.intake.usecases.act_by_link import PERSON, SLUICE, ActByLink, open_link
from services.intake.usecases.announce import Announcer
from services.intake.web.contacts.act_page import LIMITS
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import ROOM, form_text, version_in
from shared.web.language import link
from shared.web.room import room_for

PAGE = "/kontakt/gor/<act>/<token>"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/gor/<act>/<token>`` to the app."""
    act_by_link = ActByLink(Announcer(settings))

    def shown(
        act: str,
        token: str,
        typed: Mapping[str, str] | None = None,
        faults: Mapping[str, str] | None = None,
        *,
        is_late: bool = False,
    ) -> str:
        idea_id, contact_id = _named(settings, act, token)
        with database.transaction() as session:
            linked = open_link(session, act, idea_id, contact_id)
        tells = linked.done is not None and typed is None and "igen" not in request.args
        return render_template(
            "act_links/done.html" if tells else "act_links/act.html",
            act=act,
            token=token,
            linked=linked,
            idea=linked.idea,
            sluice=linked.sluice,
            typed=typed or {},
            faults=faults or {},
            is_late=is_late,
            limits=LIMITS,
            stages=[stage.value for stage in (*PATH, Stage.CLOSED)],
            person_prefix=PERSON,
            sluice_prefix=SLUICE,
            act_path=lambda other: links.act_path(settings.signer, other, idea_id, contact_id),
            idea_url=links.contact_url(settings, linked.idea.reference, contact_id),
        )

    @app.get(PAGE)
    def act_link(act: str, token: str) -> ResponseReturnValue:
        try:
            return shown(act, token)
        except NotFound:
            return _closed()

    @app.post(PAGE)
    @room_for(fields=ROOM)
    def act_by_link_now(act: str, token: str) -> ResponseReturnValue:
        typed = form_text()
        try:
            idea_id, contact_id = _named(settings, act, token)
            if typed.get("token") != token:
                return _closed()
            with database.transaction() as session:
                act_by_link(session, act, idea_id, contact_id, typed, version_in(typed))
        except NotFound:
            return _closed()
        except Conflict:
            return shown(act, token, typed, is_late=True), 409
        except Rejected as fault:
            return shown(act, token, typed, {fault.field: fault.message_key}), 422
        return redirect(link(f"/kontakt/gor/{act}/{token}"), 303)


def _named(settings: Settings, act: str, token: str) -> tuple[UUID, UUID]:
    """The idea and the contact that a token is for.

    :raises NotFound: we did not sign it for that act.
    """
    found = links.act_of(settings.signer, act, token)
    if found is None:
        raise NotFound("no such page")
    return found


def _closed() -> ResponseReturnValue:
    return render_template("act_links/closed.html"), 404
