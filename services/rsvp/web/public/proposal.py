"""The page with the button that puts a reply in force which came by mail, or from a calendar nobody vouches for.

Whoever holds the link may press; looking at the page changes nothing, whatever scans the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Flask, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.rsvp.domain.reply_form import DIET_LIMIT
from services.rsvp.domain.seating import MOST_PARTY
from services.rsvp.domain.states import ActorKind
from services.rsvp.store import events, sluices
from services.rsvp.usecases import proposals
from services.rsvp.usecases.proposals import Seen
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.form_text import form_text
from shared.web.language import link, speak

ACTOR = "guest"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/svar/forslag/<token>`` and its two buttons."""

    def opened(token: str) -> UUID:
        return links.opened(settings.signer, links.PROPOSAL, token)

    def page(
        token: str, status: int = 200, *, typed: Mapping[str, str] | None = None, fault: str = ""
    ) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                seen = proposals.look(session, opened(token), now())
                speak(seen.guest.language)
                facts = _facts(session, settings, seen, typed or {})
        except NotFound:
            return render_template("public/link_closed.html"), 404
        done = request.args.get("klart", "") if not fault else ""
        return make_response(
            render_template("public/proposal.html", token=token, fault=fault, done=done, **facts), status
        )

    def pressed(token: str, done: str, act: Callable[[Session, UUID], object]) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                act(session, opened(token))
        except NotFound:
            return page(token)
        except Conflict:
            return page(token, 409)
        except Rejected as wrong:
            typed = form_text()
            is_at_field = wrong.field == "party_size"
            fault = wrong.message_key if is_at_field else ""
            return page(token, 422 if is_at_field else 409, typed=typed, fault=fault)
        return redirect(link(f"/svar/forslag/{token}", klart=done), 303)

    @app.get("/svar/forslag/<token>")
    def look_at_proposal(token: str) -> ResponseReturnValue:
        return page(token)

    @app.post("/svar/forslag/<token>")
    def take_proposal(token: str) -> ResponseReturnValue:
        typed = form_text()

        def take(session: Session, proposal_id: UUID) -> None:
            proposals.take(
                session,
                proposal_id,
                actor=ACTOR,
                actor_kind=ActorKind.GUEST,
                moment=now(),
                party_size=_size(typed),
                diet=typed.get("diet"),
            )

        return pressed(token, "svar", take)

    @app.post("/svar/forslag/<token>/fel")
    def drop_proposal(token: str) -> ResponseReturnValue:
        def drop(session: Session, proposal_id: UUID) -> None:
            proposals.drop(session, proposal_id, actor=ACTOR, actor_kind=ActorKind.GUEST, moment=now())

        return pressed(token, "fel", drop)


def _facts(session: Session, settings: Settings, seen: Seen, typed: Mapping[str, str]) -> dict[str, Any]:
    proposal, guest = seen.proposal, seen.guest
    return {
        "proposal": proposal,
        "guest": guest,
        "event": seen.event,
        "state": seen.state,
        "closed": seen.closed,
        "sluice": sluices.find(session, seen.event.sluice_slug),
        "contacts": events.contacts_of(session, seen.event),
        "asks_diet": seen.event.asks_diet or bool(proposal.diet),
        "party_size": typed.get("party_size", str(proposal.party_size or guest.party_size)),
        "diet": typed.get("diet", proposal.diet or guest.diet),
        "reply_path": links.reply_url(settings, guest.id).removeprefix(settings.base_url),
        "limits": {"party_size": MOST_PARTY, "diet": DIET_LIMIT},
    }


def _size(typed: Mapping[str, str]) -> int | None:
    """The number that was typed; None where there is no such field (a no has none).

    :raises Rejected: it is no number.
    """
    text = typed.get("party_size")
    if text is None:
        return None
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 5):
        raise Rejected("party_size", "wrong_number")
    if int(text) < 1:
        raise Rejected("party_size", "too_small")
    return int(text)
