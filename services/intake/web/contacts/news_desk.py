"""Where news is written: ``/kontakt/nyheter/`` for those who answer for a sluice, or for the region."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.usecases import comment_idea, mail_news, write_news
from services.intake.usecases.write_news import MAX_CONTACT, MAX_TEXT, MAX_TITLE, Written
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.session import require_person
from shared.web.viewer import viewer

START = "/kontakt/nyheter/"
LIMITS = {"title": MAX_TITLE, "text": MAX_TEXT, "press_contact": MAX_CONTACT, "sluice": 0}


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/nyheter/`` and what lies below it to the app."""

    def form_page(news_id: UUID | None, **more: Any) -> str:
        with database.transaction() as session:
            desk = write_news.look(session, viewer(), news_id) if news_id else None
            choices = write_news.choices(session, viewer())
        given: dict[str, Any] = {"faults": {}, "conflict": False, "limits": LIMITS}
        given["typed"] = (
            {"title": desk.title, "text": desk.text, "press_contact": desk.press_contact, "sluice": desk.sluice}
            if desk
            else {"title": "", "text": "", "press_contact": "", "sluice": choices[0][0] if choices else ""}
        )
        return render_template("desk/news_form.html", desk=desk, choices=choices, **(given | more))

    @app.get(START)
    @require_person
    def news_desk() -> ResponseReturnValue:
        with database.transaction() as session:
            posts = write_news.listed(session, viewer())
            choices = write_news.choices(session, viewer())
            held = comment_idea.count_held(session, viewer())
        return render_template("desk/news_list.html", posts=posts, choices=choices, held=held)

    @app.get("/kontakt/nyheter/ny")
    @require_person
    def new_post() -> ResponseReturnValue:
        return form_page(None)

    @app.post("/kontakt/nyheter/ny")
    @require_person
    def write_post() -> ResponseReturnValue:
        typed = form_text()
        try:
            with database.transaction() as session:
                news_id = write_news.write(session, viewer(), _written(typed))
        except Rejected as fault:
            return form_page(None, typed=_kept(typed), faults={fault.field: fault.message_key}), 422
        return redirect(link(f"{START}{news_id}"), 303)

    @app.get("/kontakt/nyheter/<uuid:news_id>")
    @require_person
    def post_desk(news_id: UUID) -> ResponseReturnValue:
        with database.transaction() as session:
            desk = write_news.look(session, viewer(), news_id)
        return render_template("desk/news_post.html", desk=desk, done=request.args.get("klart", ""))

    @app.get("/kontakt/nyheter/<uuid:news_id>/andra")
    @require_person
    def edit_post(news_id: UUID) -> ResponseReturnValue:
        return form_page(news_id)

    @app.post("/kontakt/nyheter/<uuid:news_id>/andra")
    @require_person
    def change_post(news_id: UUID) -> ResponseReturnValue:
        typed = form_text()
        try:
            with database.transaction() as session:
                write_news.change(session, viewer(), news_id, _written(typed), seen=typed.get("seen", ""))
        except Rejected as fault:
            return form_page(news_id, typed=_kept(typed), faults={fault.field: fault.message_key}), 422
        except Conflict:
            return form_page(news_id, typed=_kept(typed), conflict=True), 409
        return redirect(link(f"{START}{news_id}"), 303)

    @app.post("/kontakt/nyheter/<uuid:news_id>/<any(publicera,dolj,mejla):act>")
    @require_person
    def act_on_post(news_id: UUID, act: str) -> ResponseReturnValue:
        does = {"publicera": write_news.publish, "dolj": write_news.unpublish, "mejla": mail_news.send}[act]
        with database.transaction() as session:
            does(session, viewer(), news_id)
        return redirect(link(f"{START}{news_id}", klart=act), 303)


def _written(typed: dict[str, str]) -> Written:
    return Written(**_kept(typed))


def _kept(typed: dict[str, str]) -> dict[str, str]:
    return {name: typed.get(name, "") for name in LIMITS}
