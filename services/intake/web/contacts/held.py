"""The page of what is held: each idea and mail with why, and two buttons: let it go, or it is junk."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.usecases import acts
from services.intake.usecases import held as usecase
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.release_idea import release_idea
from shared.db import Database
from shared.errors import Conflict
from shared.settings import Settings
from shared.web import session as signed_in
from shared.web.language import link, spoken
from shared.web.viewer import viewer

PAGE = "/kontakt/hallna"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/hallna`` and its two acts."""
    announcer = Announcer(settings)

    @app.get(PAGE)
    @signed_in.require_person
    def held_page() -> ResponseReturnValue:
        with database.transaction() as session:
            ideas, mails = usecase.held(session, viewer())
            act = acts.offered(session, viewer(), request.args.get("akt", ""))
        return render_template(
            "inbox/held.html",
            ideas=ideas,
            mails=mails,
            undo=act.id if act else None,
            told=request.args.get("gjort", ""),
        )

    @app.post(f"{PAGE}/ide/<reference>")
    @signed_in.require_person
    def held_idea(reference: str) -> ResponseReturnValue:
        version = request.form.get("version", type=int)
        try:
            with database.transaction() as session:
                if request.form.get("do") == "junk":
                    done = usecase.discard_idea(session, viewer(), reference, version=version)
                else:
                    done = release_idea(session, announcer, viewer(), reference, version=version)
        except Conflict:
            return redirect(link(PAGE, gjort="overtaken"), 303)
        return redirect(_back(done, "junk" if request.form.get("do") == "junk" else "released"), 303)

    @app.post(f"{PAGE}/mejl/<uuid:inbound_email_id>")
    @signed_in.require_person
    def held_mail(inbound_email_id: UUID) -> ResponseReturnValue:
        junk = request.form.get("do") == "junk"
        texts, language = spoken()
        deed: Callable[[Session], object] = (
            (lambda session: usecase.discard_mail(session, viewer(), inbound_email_id))
            if junk
            else (
                lambda session: usecase.mail_to_idea(
                    session, announcer, viewer(), inbound_email_id, texts.get(language, "held.let_go")
                )
            )
        )
        try:
            with database.transaction() as session:
                deed(session)
        except Conflict:
            return redirect(link(PAGE, gjort="overtaken"), 303)
        return redirect(link(PAGE, gjort="junk_mail" if junk else "idea"), 303)


def _back(done: Done, told: str) -> str:
    return link(PAGE, gjort=told, akt=str(done.act.id)) if done.act is not None else link(PAGE, gjort=told)
