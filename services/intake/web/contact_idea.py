"""The page on which a contact sees one idea with all that came with it, opened by the link in the contact's notice.

It changes nothing. The link is good for one idea and one contact, as long as that person is a contact there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from babel.numbers import format_decimal
from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference, Stage
from services.intake.domain.messages import did_not_arrive
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import queries, sluices
from services.intake.store.queries import IdeaRow, InboundRow
from services.intake.store.tables import Idea, IdeaMessage
from services.intake.web import downloads
from services.intake.web.stair import stage_left, stair
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import NotFound
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.web import links, own_links

PAGE = "/kontakt/ide/<reference>"
MAX_MESSAGES = 200
"""How many of the messages about an idea are listed, what did not arrive first; the API lists them all."""
MAX_MAILS = 200
"""How many of an idea's mails are listed, newest first; the API lists them all."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>`` and its downloads to the app."""
    app.jinja_env.filters["without_tokens"] = own_links.without_tokens

    def opened(session: Session, reference: str) -> tuple[IdeaRow, SluiceProfile]:
        """The idea that the request's token opens, and its sluice.

        :raises NotFound: another idea's token, or one of somebody who is no contact there (any more).
        """
        found = Reference.parse(reference)
        contact = links.contact_of(settings.signer, str(found), request.args.get("t", "")) if found else None
        if contact is None:
            raise NotFound("no such page")
        row = queries.idea_by_reference(session, str(found))
        sluice = sluices.profile(session, row.idea.sluice_id)
        if contact not in {person.id for person in sluice.contacts}:
            raise NotFound("no such page")
        return row, sluice

    def closed() -> ResponseReturnValue:
        return render_template("contact_closed.html"), 404

    @app.get(PAGE)
    def contact_idea(reference: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                row, sluice = opened(session, reference)
                facts = _facts(session, row)
        except NotFound:
            return closed()
        return render_template(
            "contact_idea.html",
            sluice=sluice,
            token=request.args["t"],
            here=f"/kontakt/ide/{row.idea.reference}",
            in_words=size_in_words,
            message_token=lambda identity: links.undelivered_token(settings.signer, identity),
            **facts,
        )

    @app.get(f"{PAGE}/fil/<attachment_id>")
    def contact_file(reference: str, attachment_id: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                row, _ = opened(session, reference)
                file, content = queries.attachment(session, attachment_id)
        except NotFound:
            return closed()
        return downloads.attachment(file, content) if file.idea_id == row.idea.id else closed()

    @app.get(f"{PAGE}/mejl/<uuid:inbound_email_id>")
    def contact_mail(reference: str, inbound_email_id: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                row, _ = opened(session, reference)
                mail = queries.inbound(session, inbound_email_id).mail
                if mail.idea_id != row.idea.id:
                    return closed()
                raw = queries.raw_mail(session, inbound_email_id)
        except NotFound:
            return closed()
        return downloads.original(inbound_email_id, raw)


def _facts(session: Session, row: IdeaRow) -> dict[str, Any]:
    """Everything that the page tells of an idea."""
    idea = row.idea
    entries = queries.timeline(session, idea.id)
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
        "answered": any(entry.event == "answered" for entry in entries),
        "late": now().astimezone(STOCKHOLM).date() > idea.answer_by.astimezone(STOCKHOLM).date(),
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
        and not (each.kind in ("confirmation", "answer") and canonical(each.recipient) != now_at)
    ]
    arrived = [each for each in messages if each not in unarrived]
    return unarrived, sorted(arrived, key=lambda each: each.at, reverse=True)


def _sender_check(began: InboundRow) -> dict[str, Any]:
    """What was found out about the sender of the mail that began the idea."""
    kept: dict[str, Any] = (began.mail.reading or {}).get("sender_check", {})
    return {name: kept.get(name) for name in ("suspected_forged", "spf", "dkim", "dmarc", "source")}


def size_in_words(size: int, language: str) -> str:
    """A number of bytes as people read it: ``1,4 MB``."""
    for unit, power in (("MB", 1_000_000), ("kB", 1_000)):
        if size >= power:
            return f"{format_decimal(round(size / power, 1 if size < 10 * power else 0), locale=language)}\u00a0{unit}"
    return f"{size}\u00a0B"
