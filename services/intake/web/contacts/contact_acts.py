"""What a contact does with an idea beside answering it: each a small page with one form, that works without scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.usecases import acts
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_submitter import ask_submitter
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.look_at_idea import May, look_at_idea
from services.intake.usecases.merge_ideas import merge_ideas
from services.intake.usecases.note_idea import note_idea
from services.intake.usecases.pass_on import pass_on, share, unshare
from services.intake.usecases.register_idea import hand_over, register_idea
from services.intake.usecases.release_idea import hold_idea, release_idea
from services.intake.usecases.tag_idea import tag_idea, untag
from services.intake.web.contacts.act_page import IDEA, Typed, closed, shown, typed
from services.intake.web.known_reference import known
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import session as sessions
from shared.web.form_text import ROOM
from shared.web.language import link
from shared.web.room import room_for
from shared.web.viewer import viewer


@dataclass(frozen=True, slots=True)
class Form:
    """One act: the address and template of its page, what it does, and what the idea's page says afterwards."""

    name: str
    act: Callable[[Session, str, Typed], Done | None]
    done: str = ""
    may: Sequence[May] = (May.ACT,)


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/ide/<reference>/…`` for each act, and ``/kontakt/angra/<id>``."""
    for form in _forms(Announcer(settings)):
        _add(app, database, form)

    @app.post("/kontakt/angra/<uuid:act_id>")
    @sessions.require_person
    def undo_act(act_id: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                acts.undo(session, viewer(), act_id)
        except NotFound:
            return closed()
        except Conflict:
            return render_template("contact/not_undone.html", back=_back(database)), 409
        return redirect(link(_back(database)), 303)


def _forms(announcer: Announcer) -> list[Form]:
    def ask(session: Session, reference: str, form: Typed) -> Done:
        return ask_submitter(session, announcer, viewer(), reference, question=form["question"], version=form.version)

    def write(session: Session, reference: str, form: Typed) -> None:
        note_idea(session, viewer(), reference, text=form["text"])

    def assign(session: Session, reference: str, form: Typed) -> Done:
        to = _uuid(form["to"], "to") if form["to"] else None
        return assign_idea(session, announcer, viewer(), reference, to=to, note=form["note"], version=form.version)

    def hand_on(session: Session, reference: str, form: Typed) -> Done:
        return pass_on(session, announcer, viewer(), reference, to=form["to"], note=form["note"], version=form.version)

    def let_see(session: Session, reference: str, form: Typed) -> Done:
        if form["no_longer"]:
            return unshare(session, viewer(), reference, sluice=form["no_longer"], version=form.version)
        return share(
            session,
            announcer,
            viewer(),
            reference,
            sluices_too=form.several,
            note=form["note"],
            version=form.version,
        )

    def merge(session: Session, reference: str, form: Typed) -> Done:
        return merge_ideas(
            session,
            announcer,
            viewer(),
            reference,
            into=form["into"],
            answer=form["answer"],
            version=form.version,
        )

    def tag(session: Session, reference: str, form: Typed) -> Done:
        if form["off"]:
            return untag(session, viewer(), reference, tag=_uuid(form["off"], "name"), version=form.version)
        return tag_idea(session, viewer(), reference, name=form["name"], version=form.version)

    def hold(session: Session, reference: str, form: Typed) -> Done:
        return hold_idea(session, viewer(), reference, reason=form["note"], version=form.version)

    def release(session: Session, reference: str, form: Typed) -> Done:
        return release_idea(session, announcer, viewer(), reference, version=form.version)

    def register_it(session: Session, reference: str, form: Typed) -> Done:
        return register_idea(
            session, viewer(), reference, state=form["state"], number=form["number"], version=form.version
        )

    def archive(session: Session, reference: str, form: Typed) -> Done:
        return hand_over(session, viewer(), reference, receipt=form["receipt"], version=form.version)

    return [
        Form("fraga", ask, "asked"),
        Form("anteckna", write, "noted", (May.ACT, May.NOTE)),
        Form("tilldela", assign, "assigned"),
        Form("skicka-vidare", hand_on, "passed_on"),
        Form("dela", let_see, "shared"),
        Form("sla-ihop", merge, "merged"),
        Form("etiketter", tag),
        Form("hall", hold),
        Form("slapp", release, "released"),
        Form("diariefor", register_it),
        Form("overlamna", archive),
    ]


def _add(app: Flask, database: Database, form: Form) -> None:
    @sessions.require_person
    def show(reference: str) -> ResponseReturnValue:
        try:
            return shown(database, reference, form.name, may=form.may)
        except NotFound:
            return closed()

    @room_for(fields=ROOM)
    @sessions.require_person
    def do(reference: str) -> ResponseReturnValue:
        given = typed()
        try:
            with database.transaction() as session:
                done = form.act(session, known(reference), given)
        except NotFound:
            return closed()
        except Conflict:
            return shown(database, reference, form.name, may=form.may, kept=given, is_late=True), 409
        except Rejected as fault:
            faults = {fault.field: fault.message_key}
            return shown(database, reference, form.name, may=form.may, kept=given, faults=faults), 422
        return redirect(after(known(reference), done, form.done), 303)

    app.add_url_rule(f"{IDEA}/{form.name}", f"idea_{form.name}", show, methods=["GET"])
    app.add_url_rule(f"{IDEA}/{form.name}", f"idea_{form.name}_do", do, methods=["POST"])


def after(reference: str, done: Done | None, told: str) -> str:
    """Where to go on after an act: the idea, with a way to undo it, or with a word on what was done."""
    path = f"/kontakt/ide/{reference}"
    if done is not None and done.act is not None:
        return link(path, akt=str(done.act.id))
    return link(path, gjort=told) if told else link(path)


def _back(database: Database) -> str:
    """The idea that a form names, as far as it may be seen; else the list."""
    reference = request.form.get("reference", "")
    try:
        with database.transaction() as session:
            look_at_idea(session, viewer(), known(reference))
    except NotFound:
        return "/kontakt/"
    return f"/kontakt/ide/{known(reference)}"


def _uuid(given: str, name: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise Rejected(name, "not_of_this_sluice") from error
