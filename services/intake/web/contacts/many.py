"""Do the same to several ideas of the inbox: choose what, see whom it reaches, do it, be told what became of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.domain.idea import PATH, Reference, Stage
from services.intake.store import inbox as store
from services.intake.store.work_tables import Act
from services.intake.usecases import acts, inbox
from services.intake.usecases.access import as_contact, own_idea
from services.intake.usecases.act_on_many import MOST, Chosen, Deed, Outcome, act_on_many
from services.intake.usecases.announce import Announcer
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.official import MAX_ANSWER, MAX_REASON
from services.intake.usecases.pass_on import share
from services.intake.usecases.register_idea import hand_over
from services.intake.usecases.tag_idea import MAX_TAG, tag_idea
from services.intake.web.contacts.inbox_query import INBOX
from services.intake.web.contacts.packages import many_packages
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.viewer import Viewer
from shared.web import session as signed_in
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.room import room_for
from shared.web.viewer import viewer

MANY: Final = "/kontakt/flera"
DONE: Final = f"{MANY}/klart"
ACTS: Final = ("move", "assign", "tag", "share", "close", "package", "archive")
OFFICIAL: Final = ("move", "close")
"""Acts that answer people: they are shown before they are done, since no mail can be taken back."""
FIELDS: Final = ("to", "answer", "close_reason", "name", "note", "receipt")


@dataclass(frozen=True, slots=True)
class Many:
    """What the form says: the act, the ideas as they were seen, and the fields of the act."""

    act: str
    chosen: tuple[Chosen, ...]
    typed: dict[str, str]


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/flera`` to the app."""
    announcer = Announcer(settings)

    def page(many: Many, *, template: str = "inbox/many.html", fault: Rejected | None = None) -> str:
        with database.transaction() as session:
            items = inbox.chosen(session, viewer(), [one.reference for one in many.chosen])
            mails = store.hearers(session, [item.row.id for item in items])
            choices = inbox.choices(session, viewer())
            others = inbox.every_sluice(session)
        return render_template(
            template,
            many=many,
            items=items,
            mails=mails,
            choices=choices,
            others=others,
            fault=fault,
            acts=ACTS,
            stages=[stage.value for stage in PATH[1:]],
            limits={"answer": MAX_ANSWER, "reason": MAX_REASON, "tag": MAX_TAG, "ideas": MOST},
        )

    @app.get(MANY)
    @signed_in.require_person
    def many_form() -> ResponseReturnValue:
        many = _read(request.args.get("act", ""), request.args.getlist("idea"), {})
        return page(many) if many.chosen else redirect(link(INBOX), 303)

    @app.post(MANY)
    @room_for(fields=1024 * 1024)
    @signed_in.require_person
    def do_to_many() -> ResponseReturnValue:
        typed = form_text()
        many = _read(typed.get("act", ""), typed.get("ideas", "").split(), typed)
        if not many.chosen:
            return redirect(link(INBOX), 303)
        wish = request.form.get("step")
        if wish == "edit":
            return page(many)
        try:
            if many.act == "package":
                chosen = [one.reference for one in many.chosen]
                return many_packages(database, viewer(), chosen, with_notes=typed.get("internal") == "yes")
            deed = _deed(announcer, viewer(), many)
            if many.act in OFFICIAL and wish != "sure":
                return page(many, template="inbox/many_sure.html")
            outcome = act_on_many(database.transaction, viewer(), many.chosen, many.act, deed)
        except Rejected as fault:
            return page(many, fault=fault), 422
        return redirect(_told(many.act, outcome), 303)

    @app.get(DONE)
    @signed_in.require_person
    def many_done() -> ResponseReturnValue:
        told = {name: request.args.get(name, "").split() for name in ("done", "overtaken", "refused")}
        refused = [tuple(each.split(":", 1)) for each in told["refused"] if ":" in each]
        with database.transaction() as session:
            undoable = acts.offered(session, viewer(), request.args.get("undo", ""))
        return render_template(
            "inbox/many_done.html", told=told | {"refused": refused}, act=request.args.get("act", ""), undo=undoable
        )

    @app.post(f"{MANY}/angra")
    @signed_in.require_person
    def undo_many() -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                acts.undo(session, viewer(), UUID(request.form.get("undo", "")))
        except ValueError as error:
            raise NotFound("no such act") from error
        except Conflict:
            return redirect(link(DONE, act="undo_late"), 303)
        return redirect(link(DONE, act="undone"), 303)


def _read(act: str, ideas: list[str], typed: dict[str, str]) -> Many:
    """What is no idea is left out, as is what is beyond the most at once."""
    chosen = {}
    for each in ideas[:MOST]:
        reference, _, version = each.partition(":")
        if Reference.parse(reference) and version.isdecimal() and len(version) < 10:
            chosen[reference] = Chosen(reference, int(version))
    filled = {name: typed.get(name, "") for name in FIELDS}
    return Many(act if act in ACTS else ACTS[0], tuple(chosen.values()), filled)


def _deed(announcer: Announcer, me: Viewer, many: Many) -> Deed:
    """What is done to each idea.

    :raises Rejected: a field is empty that every act of that kind needs.
    """
    typed = many.typed
    need: dict[str, Callable[[], Deed]] = {
        "move": lambda: _answer(announcer, me, _stage(typed["to"]), typed["answer"], None),
        "close": lambda: _answer(announcer, me, Stage.CLOSED, typed["answer"], _needed(typed, "close_reason")),
        "assign": lambda: _assign(announcer, me, typed["to"], typed["note"]),
        "tag": lambda: _tag(me, _needed(typed, "name")),
        "share": lambda: _share(announcer, me, _needed(typed, "to"), typed["note"]),
        "archive": lambda: _hand_over(me, _needed(typed, "receipt")),
    }
    return need[many.act]()


def _needed(typed: dict[str, str], name: str) -> str:
    if not typed[name].strip():
        raise Rejected(name, {"name": "tag_is_empty", "to": "no_sluice"}.get(name, f"{name}_is_empty"))
    return typed[name]


def _stage(value: str) -> Stage:
    if value not in {stage.value for stage in PATH[1:]}:
        raise Rejected("to", "no_stage")
    return Stage(value)


def _answer(announcer: Announcer, me: Viewer, to: Stage, answer: str, reason: str | None) -> Deed:
    if not answer.strip():
        raise Rejected("answer", "answer_is_empty")
    if len(answer) > MAX_ANSWER:
        raise Rejected("answer", "answer_is_too_long")

    def deed(session: Session, idea: Chosen, act: Act) -> object:
        return move_idea(
            session,
            announcer,
            me,
            idea.reference,
            to=to,
            answer=answer,
            close_reason=reason,
            version=idea.version,
        )

    return deed


def _assign(announcer: Announcer, me: Viewer, to: str, note: str) -> Deed:
    def deed(session: Session, idea: Chosen, act: Act) -> object:
        return assign_idea(
            session,
            announcer,
            me,
            idea.reference,
            to=_person(session, me, idea, to),
            note=note,
            version=idea.version,
            act=act,
        )

    return deed


def _person(session: Session, me: Viewer, idea: Chosen, to: str) -> UUID | None:
    """Whom the form names: nobody, a contact by id, or the reader, who is another contact in each sluice."""
    if to == "nobody":
        return None
    if to == "me":
        found = as_contact(session, me, own_idea(session, me, idea.reference).sluice_id)
        if found is None:
            raise Rejected("to", "not_of_this_sluice")
        return found.id
    try:
        return UUID(to)
    except ValueError as error:
        raise Rejected("to", "nobody_chosen") from error


def _tag(me: Viewer, name: str) -> Deed:
    def deed(session: Session, idea: Chosen, act: Act) -> object:
        return tag_idea(session, me, idea.reference, name=name, version=idea.version, act=act)

    return deed


def _share(announcer: Announcer, me: Viewer, to: str, note: str) -> Deed:
    def deed(session: Session, idea: Chosen, act: Act) -> object:
        return share(session, announcer, me, idea.reference, sluices_too=[to], note=note, version=idea.version)

    return deed


def _hand_over(me: Viewer, receipt: str) -> Deed:
    def deed(session: Session, idea: Chosen, act: Act) -> object:
        return hand_over(session, me, idea.reference, receipt=receipt, version=idea.version, act=act)

    return deed


def _told(act: str, outcome: Outcome) -> str:
    """Where the outcome is told: the page needs nothing that was kept for it."""
    told = {
        "done": " ".join(outcome.done),
        "overtaken": " ".join(outcome.overtaken),
        "refused": " ".join(f"{reference}:{key}" for reference, key in outcome.refused),
        "undo": str(outcome.act),
    }
    return link(DONE, act=act, **{name: words for name, words in told.items() if words})
