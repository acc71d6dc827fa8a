"""The page on which a contact sees one idea with all that came with it, and from which they act on it.

Whoever is signed in sees what ``access`` lets them see. The link in a contact's notice opens it as well: that shows
the one idea, and acts as nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.domain.idea import PATH, Reference, Stage
from services.intake.domain.inbox import is_late
from services.intake.domain.messages import did_not_arrive
from services.intake.domain.retention import RemovedIdea
from services.intake.store import queries
from services.intake.store.queries import InboundRow
from services.intake.store.tables import Idea, IdeaMessage
from services.intake.usecases import acts
from services.intake.usecases.look_at_idea import May, Seen, look_at_idea, look_by_link
from services.intake.web import downloads
from services.intake.web.contacts.act_page import LIMITS, Typed
from services.intake.web.stair import stage_left, stair
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import NotFound
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.web import links, own_links
from shared.web import session as sessions
from shared.web.viewer import viewer

PAGE = "/kontakt/ide/<reference>"
MAX_MESSAGES = 200
"""How many of the messages about an idea are listed, what did not arrive first; the API lists them all."""
MAX_MAILS = 200
"""How many of an idea's mails are listed, newest first; the API lists them all."""
TO_SUBMITTER = frozenset({"confirmation", "answer", "question", "passed-on", "merged"})
"""Kinds of messages that are the submitter's, whose address may have been corrected since."""
DONE = frozenset({"answered", "asked", "noted", "assigned", "passed_on", "shared", "merged", "released"})
"""What the page tells of where it cannot be undone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The idea that a request opens, and the token that opened it where nobody is signed in."""

    seen: Seen
    token: str


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>`` and its downloads to the app."""
    app.jinja_env.filters["without_tokens"] = own_links.without_tokens

    def opened(session: Session, reference: str) -> Opened:
        """What the person signed in may see, else what the request's token opens.

        :raises NotFound: neither opens it.
        """
        found = Reference.parse(reference)
        if found is None:
            raise NotFound("no such page")
        token = request.args.get("t", "")
        contact = links.contact_of(settings.signer, str(found), token)
        if sessions.current() is not None:
            try:
                return Opened(look_at_idea(session, viewer(), str(found)), "")
            except NotFound:
                if contact is None:
                    queries.see_removed(session, str(found))
                    raise
        if contact is None:
            raise NotFound("no such page")
        queries.see_removed(session, str(found))
        return Opened(look_by_link(session, str(found), contact), token)

    def closed() -> ResponseReturnValue:
        return render_template("contact_closed.html"), 404

    @sessions.require_person
    def shown_to_person(reference: str) -> ResponseReturnValue:
        return shown(reference)

    def shown(reference: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                found = opened(session, reference)
                seen = found.seen
                facts = facts_of(session, seen.idea, seen.until) | _done(session, seen)
        except RemovedIdea:
            raise
        except NotFound:
            return closed()
        return render_template(
            "contact_idea.html",
            seen=seen,
            sluice=seen.sluice,
            token=found.token,
            here=f"/kontakt/ide/{seen.idea.reference}",
            in_words=downloads.size_in_words,
            message_token=lambda identity: links.undelivered_token(settings.signer, identity),
            answer={"to": seen.idea.stage, "text": "", "close_reason": ""},
            limits=LIMITS,
            stages=[stage.value for stage in (*PATH, Stage.CLOSED)],
            own_answers=own_answers(seen.idea),
            typed=Typed(),
            faults={},
            looked_at=now(),
            **facts,
        )

    @app.get(PAGE)
    def contact_idea(reference: str) -> ResponseReturnValue:
        return shown(reference) if "t" in request.args else shown_to_person(reference)

    @app.get(f"{PAGE}/fil/<attachment_id>")
    def contact_file(reference: str, attachment_id: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                idea = opened(session, reference).seen.idea
                file, content = queries.attachment(session, attachment_id)
        except NotFound:
            return closed()
        return downloads.attachment(file, content) if file.idea_id == idea.id else closed()

    @app.get(f"{PAGE}/mejl/<uuid:inbound_email_id>")
    def contact_mail(reference: str, inbound_email_id: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                idea = opened(session, reference).seen.idea
                mail = queries.inbound(session, inbound_email_id).mail
                if mail.idea_id != idea.id:
                    return closed()
                raw = queries.raw_mail(session, inbound_email_id)
        except NotFound:
            return closed()
        return downloads.original(inbound_email_id, raw)


def _done(session: Session, seen: Seen) -> dict[str, Any]:
    """What was just done, and the act by which it may be undone."""
    done = request.args.get("gjort", "")
    act = acts.offered(session, viewer(), request.args.get("akt", "")) if seen.may is May.ACT else None
    return {"done": done if done in DONE else None, "act": act}


def own_answers(idea: Idea) -> list[dict[str, str]]:
    """The sluice's own questions, each as it was put, with what was answered and of which kind it is."""
    return [
        {name: str(told.get(name, "")) for name in ("question", "answer", "kind")} for told in idea.answers.values()
    ]


def facts_of(session: Session, idea: Idea, until: datetime | None = None) -> dict[str, Any]:
    """Everything that the page tells of an idea by itself; of what is for contacts alone only what is not later."""
    entries = [
        entry for entry in queries.timeline(session, idea.id) if entry.public or until is None or entry.at <= until
    ]
    mails = queries.find_inbound(session, limit=MAX_MAILS, idea=idea.reference)
    messages = queries.messages(session, idea.id, limit=MAX_MESSAGES + 1)
    unarrived, arrived = _told_apart(messages[:MAX_MESSAGES], idea)
    began = next((entry.inbound_email_id for entry in entries if entry.event == "received"), None)
    return {
        "idea": idea,
        "entries": list(reversed(entries)),
        "files": queries.attachments(session, idea.id),
        "mails": mails[:MAX_MAILS],
        "more_mails": len(mails) > MAX_MAILS,
        "unarrived": unarrived,
        "arrived": arrived,
        "more_messages": len(messages) > MAX_MESSAGES,
        "check": _sender_check(queries.inbound(session, began)) if began else None,
        "answered": idea.answered_at is not None,
        "late": is_late(idea.answer_by.astimezone(STOCKHOLM).date(), now().astimezone(STOCKHOLM).date()),
        "stair": stair(Stage(idea.stage), stage_left(entries)),
    }


def _told_apart(messages: Sequence[IdeaMessage], idea: Idea) -> tuple[list[IdeaMessage], list[IdeaMessage]]:
    """What somebody waits for in vain, and the rest: also what has gone anew, or to an address corrected since."""
    now_at = canonical(idea.submitter_address or "")
    sent_anew = {each.replaces for each in messages}
    unarrived = [
        each
        for each in messages
        if did_not_arrive(kind=each.kind, state=each.state, reason=each.reason)
        and each.notification_id not in sent_anew
        and not (each.kind in TO_SUBMITTER and canonical(each.recipient) != now_at)
    ]
    arrived = [each for each in messages if each not in unarrived]
    return unarrived, sorted(arrived, key=lambda each: each.at, reverse=True)


def _sender_check(began: InboundRow) -> dict[str, Any]:
    """What was found out about the sender of the mail that began the idea."""
    kept: dict[str, Any] = (began.mail.reading or {}).get("sender_check", {})
    return {name: kept.get(name) for name in ("suspected_forged", "spf", "dkim", "dmarc", "source")}
