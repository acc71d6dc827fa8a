"""Whom to invite, with which greeting, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.fault import Fault
from services.rsvp.store import guest_desk
from services.rsvp.store.guest_tables import Mailing
from services.rsvp.usecases import address_books, invite, mail_many
from services.rsvp.usecases.access import own_event, seen_event
from services.rsvp.usecases.mail_many import AGAIN, INVITATION
from services.rsvp.web.guests.pages import INVITATIONS, by_field, event_page, go, invitations_of, typed, uuid_in
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.web.form_text import form_text
from shared.web.session import require_person
from shared.web.viewer import viewer

MAILING = f"{INVITATIONS}/utskick/<uuid:mailing_id>"


def register(app: Flask, database: Database) -> None:
    """Add ``…/inbjudningar``, its sending, and each mailing's progress."""

    @app.get(INVITATIONS)
    @require_person
    def invitations(slug: str) -> ResponseReturnValue:
        return invitations_page(database, slug)

    @app.post(f"{INVITATIONS}/skicka")
    @require_person
    def send_invitations(slug: str) -> ResponseReturnValue:
        form = form_text()
        try:
            with database.transaction() as session:
                invite.send(
                    session,
                    viewer(),
                    slug,
                    form.get("kind", INVITATION),
                    note=form.get("note", ""),
                    key=form.get("key", "") or str(uuid4()),
                    moment=now(),
                )
        except Rejected as fault:
            return invitations_page(database, slug, value=typed(), faults=by_field(fault))
        except Conflict:
            return go(invitations_of(slug), "running")
        return go(invitations_of(slug), "sending")

    @app.post(f"{INVITATIONS}/adressbocker")
    @require_person
    def from_books(slug: str) -> ResponseReturnValue:
        chosen = [identity for identity in map(uuid_in, request.form.getlist("book")) if identity is not None]
        try:
            with database.transaction() as session:
                added = invite.put_books_on_list(session, viewer(), slug, chosen, moment=now())
        except Rejected as fault:
            return invitations_page(database, slug, faults=by_field(fault))
        return go(invitations_of(slug), "listed", added)

    @app.get(MAILING)
    @require_person
    def mailing_progress(slug: str, mailing_id: UUID) -> str:
        """One mailing's lines, which the page fetches anew while it goes out."""
        with database.transaction() as session:
            event = seen_event(session, viewer(), slug)
            mailing = _mailing(session, event.id, mailing_id)
        return render_template("guests/mailing.html", event=event, mailing=mailing)

    @app.post(f"{MAILING}/<any(stoppa,fortsatt):act>")
    @require_person
    def steer_mailing(slug: str, mailing_id: UUID, act: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                event = own_event(session, viewer(), slug)
                mailing = _mailing(session, event.id, mailing_id)
                if act == "stoppa":
                    mail_many.stop_mailing(session, mailing, actor=viewer().address, moment=now())
                else:
                    mail_many.continue_mailing(session, mailing)
        except Conflict:
            return go(invitations_of(slug), "finished")
        return go(invitations_of(slug), "stopped" if act == "stoppa" else "continued")


def invitations_page(
    database: Database,
    slug: str,
    *,
    value: dict[str, str] | None = None,
    faults: Mapping[str, Fault] | None = None,
) -> ResponseReturnValue:
    """The page, perhaps with what was typed and what is wrong with it."""
    moment = now()
    with database.transaction() as session:
        event = seen_event(session, viewer(), slug)
        facts: dict[str, Any] = {
            "counts": guest_desk.counts(session, event.id),
            "uninvited": invite.waiting_for(session, event.id, INVITATION),
            "silent": invite.waiting_for(session, event.id, AGAIN),
            "why_not": invite.why_not(event, moment),
            "address_books": address_books.books(session, viewer()),
            "mailings": guest_desk.mailings(session, event.id),
            "takes_guests": invite.takes_guests(event, moment),
        }
    return (
        event_page(
            "invitations",
            event,
            "invitations",
            value=value or {},
            faults=faults,
            chosen=request.form.getlist("book"),
            key=uuid4(),
            note_limit=invite.NOTE_LIMIT,
            **facts,
        ),
        422 if faults else 200,
    )


def _mailing(session: Session, event_id: UUID, mailing_id: UUID) -> Mailing:
    found = guest_desk.mailing(session, event_id, mailing_id)
    if found is None:
        raise NotFound("mailing")
    return found
