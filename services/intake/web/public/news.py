"""News for everybody: the posts, one post, and news by mail with the buttons behind the links that we send."""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.intake.domain.light_markup import read, summary
from services.intake.store import news, sluices
from services.intake.usecases import mail_news
from services.intake.web.public import mailed_links
from services.intake.web.public.board import find_sluice
from services.intake.web.public.mailed_links import opened, pressed
from shared.db import Database
from shared.errors import NotFound, Rejected
from shared.settings import Settings
from shared.web import links, public_form
from shared.web.form_text import form_text
from shared.web.language import link
from shared.web.paging import position_in
from shared.web.public_form import is_person, status_of


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/nyheter/`` and what lies below it to the app."""
    guard = public_form.install(app, settings, database)
    app.jinja_env.globals.update(blocks_of=read, summary_of=summary)

    @app.get("/nyheter/")
    def show_news() -> ResponseReturnValue:
        with database.transaction() as session:
            return list_page(session, None)

    @app.get("/nyheter/<slug>/")
    def show_news_of(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            if find_sluice(session, slug) is None:
                return render_template("news/missing.html"), 404
            return list_page(session, slug)

    @app.get("/nyheter/<slug>")
    def show_post(slug: str) -> ResponseReturnValue:
        with database.transaction() as session:
            post = news.by_address_name(session, slug)
            if post is None and find_sluice(session, slug) is not None:
                return redirect(link(f"/nyheter/{slug}/"), 303)
        if post is None:
            return render_template("news/missing.html"), 404
        return render_template("news/post.html", post=post)

    @app.post("/nyheter/prenumerera")
    def subscribe() -> ResponseReturnValue:
        typed = form_text()
        address, wanted, language = (typed.get(name, "") for name in ("address", "sluice", "language"))
        try:
            if is_person(guard, "news"):
                with database.transaction() as session:
                    mail_news.ask(session, settings, address=address, sluice=wanted, language=language)
        except Rejected as fault:
            with database.transaction() as session:
                return list_page(session, None, typed=typed, faults={fault.field: fault.message_key}), status_of(fault)
        return redirect(link("/nyheter/", skickat="mejl") + "#mejl", 303)

    def link_page(token: str, purpose: str, template: str) -> ResponseReturnValue:
        try:
            with database.transaction() as session:
                subscription = mail_news.look(session, opened(settings, purpose, token))
        except NotFound:
            return mailed_links.closed()
        return render_template(template, subscription=subscription, token=token)

    @app.get("/nyheter/prenumeration/<token>")
    def show_subscription(token: str) -> ResponseReturnValue:
        return link_page(token, links.NEWS, "news/subscription.html")

    @app.post("/nyheter/prenumeration/<token>")
    def confirm_subscription(token: str) -> ResponseReturnValue:
        return pressed(
            database,
            lambda session: mail_news.confirm(session, opened(settings, links.NEWS, token)),
            f"/nyheter/prenumeration/{token}",
        )

    @app.get("/nyheter/sluta/<token>")
    def show_stop_news(token: str) -> ResponseReturnValue:
        return link_page(token, links.STOP_NEWS, "news/stop.html")

    @app.post("/nyheter/sluta/<token>")
    def stop_news(token: str) -> ResponseReturnValue:
        return pressed(
            database,
            lambda session: mail_news.stop(session, opened(settings, links.STOP_NEWS, token)),
            f"/nyheter/sluta/{token}",
        )


def list_page(session: Session, slug: str | None, **more: Any) -> str:
    """The posts of everybody or of one sluice; ``more`` is what was typed into the form, and what is wrong with it."""
    posts, following = news.published(session, sluice=slug, after=position_in(request.args.get("fran", "")))
    every = sluices.profiles(session)
    given: dict[str, Any] = {"typed": {}, "faults": {}, "sent": request.args.get("skickat", "")}
    return render_template(
        "news/list.html",
        posts=posts,
        following=str(following) if following else None,
        sluices=every,
        here=next((one for one in every if one.slug == slug), None),
        **(given | more),
    )
