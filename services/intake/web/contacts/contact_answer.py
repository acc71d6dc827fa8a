"""The page on which a contact answers an idea and moves it: written, read through as it will be mailed, then sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Flask, redirect
from flask.typing import ResponseReturnValue

from services.intake.domain.idea import Stage, after_answer
from services.intake.store import sluices
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.move_idea import check, move_idea
from services.intake.usecases.tell_followers import is_followed
from services.intake.web.contacts.act_page import IDEA, Typed, closed, shown, typed
from services.intake.web.contacts.contact_acts import after
from services.intake.web.known_reference import known
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.i18n import SOURCE
from shared.settings import Settings
from shared.web import session as sessions
from shared.web.form_text import ROOM
from shared.web.language import spoken
from shared.web.own_links import without_tokens
from shared.web.room import room_for
from shared.web.viewer import viewer

TEMPLATE = "svara"


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer as it will be mailed."""

    language: str
    t: Callable[..., str]
    """The mail's own words in that language."""
    sender: str
    recipient: str | None
    text: str
    signed_by: str
    to: str
    moves: bool
    close_reason: str | None
    is_followed: bool

    @property
    def is_final(self) -> bool:
        """True where it is mailed to somebody, so that it cannot be undone."""
        return self.recipient is not None or self.is_followed


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>/svara`` to the app."""
    announcer = Announcer(settings)

    @app.get(f"{IDEA}/svara")
    @sessions.require_person
    def write_answer(reference: str) -> ResponseReturnValue:
        try:
            return shown(database, reference, TEMPLATE)
        except NotFound:
            return closed()

    @app.post(f"{IDEA}/svara")
    @room_for(fields=ROOM)
    @sessions.require_person
    def give_answer(reference: str) -> ResponseReturnValue:
        given = typed()
        again = partial(shown, database, reference, TEMPLATE, kept=given)
        try:
            if given["do"] == "edit":
                return again()
            if given["do"] != "send":
                return again(preview=_preview(database, known(reference), given))
            with database.transaction() as session:
                done = move_idea(
                    session,
                    announcer,
                    viewer(),
                    known(reference),
                    to=_stage(given),
                    answer=given["answer"],
                    close_reason=given["close_reason"],
                    version=given.version,
                )
        except NotFound:
            return closed()
        except Conflict:
            return again(is_late=True), 409
        except Rejected as fault:
            return again(faults={fault.field: fault.message_key}), 422
        return redirect(after(known(reference), done, "answered"), 303)


def _preview(database: Database, reference: str, given: Typed) -> Preview:
    texts, _ = spoken()
    with database.transaction() as session:
        idea = own_idea(session, viewer(), reference, version=given.version)
        to = _stage(given)
        text, reason = check(idea, to=to, answer=given["answer"], close_reason=given["close_reason"])
        if to is Stage(idea.stage):
            to = after_answer(to)
        sluice = sluices.profile(session, idea.sluice_id)
        return Preview(
            language=idea.language,
            t=partial(texts.get, idea.language if idea.language in texts.languages else SOURCE),
            sender=sluice.name,
            recipient=idea.submitter_address,
            text=without_tokens(text),
            signed_by=acts.name_of(session, viewer(), idea.sluice_id),
            to=to.value,
            moves=to is not Stage(idea.stage),
            close_reason=reason,
            is_followed=is_followed(session, idea),
        )


def _stage(given: Typed) -> Stage:
    try:
        return Stage(given["to"])
    except ValueError as error:
        raise Rejected("move", "stage_unknown") from error
