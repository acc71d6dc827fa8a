"""RSS 2.0 and Atom (RFC 4287) feeds of what is public: a board's ideas, and news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain.light_markup import read, summary
from services.intake.store import board, news, sluices
from services.intake.store.board import PublicIdea
from services.intake.store.news import Post
from services.intake.web.public.board import closed, find_sluice
from shared.db import Database
from shared.settings import Settings
from shared.web.language import link

MOST = 40
"""Entries of a feed."""
FRESH_SECONDS = 300
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""When a feed that holds nothing yet changed last."""
WHAT = {"board": "feed.board.what", "news": "feed.news.what"}
"""What a feed says it holds."""
KINDS = {"atom": "application/atom+xml", "rss": "application/rss+xml"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a feed."""

    url: str
    title: str
    summary: str
    body: str
    """HTML, made by our own templates."""
    at: datetime
    updated_at: datetime


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the feeds' addresses to the app."""
    base = settings.base_url

    @app.get("/tavla/<slug>/flode.<kind>")
    def board_feed(slug: str, kind: str) -> ResponseReturnValue:
        with database.transaction() as session:
            sluice = find_sluice(session, slug)
            if sluice is None or not sluice.board or kind not in KINDS:
                return closed(sluice), 404
            found, _ = board.cards(session, sluice.id, limit=MOST)
        return _feed(base, kind, f"/tavla/{slug}", "board", sluice.name, [_of_idea(base, one) for one in found])

    @app.get("/nyheter/flode.<kind>", defaults={"slug": None})
    @app.get("/nyheter/<slug>/flode.<kind>")
    def news_feed(slug: str | None, kind: str) -> ResponseReturnValue:
        with database.transaction() as session:
            name = sluices.profile_by_slug(session, slug).name if slug else ""
            found, _ = news.published(session, sluice=slug, limit=MOST)
            entries = [_of_post(base, one) for one in found]
        if kind not in KINDS:
            return render_template("problem.html", status=404, kind="missing"), 404
        return _feed(base, kind, f"/nyheter/{slug}/" if slug else "/nyheter/", "news", name, entries)


def _feed(base: str, kind: str, page: str, about: str, name: str, entries: Sequence[Entry]) -> Response:
    """The feed as XML, with what lets a reader ask only for what is new."""
    words = render_template(
        f"feeds/{kind}.xml",
        about=about,
        what=WHAT[about],
        name=name,
        page=f"{base}{link(page)}",
        here=f"{base}{link(request.path)}",
        entries=entries,
        updated=max((entry.updated_at for entry in entries), default=BEGINNING),
        mail_date=format_datetime,
    )
    response = Response(_only_xml(words), content_type=f"{KINDS[kind]}; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    response.vary.add("Accept-Language")
    if entries:
        response.last_modified = max(entry.updated_at for entry in entries)
    response.add_etag()
    response.make_conditional(request)
    return response


def _of_idea(base: str, idea: PublicIdea) -> Entry:
    text = idea.text if len(idea.text) <= board.CARD_TEXT else idea.text[: board.CARD_TEXT].rsplit(" ", 1)[0] + " …"
    body = render_template("feeds/idea.html", idea=idea, text=text)
    url = f"{base}/tavla/{idea.slug}/{idea.reference}"
    return Entry(url, idea.title, text, body, idea.published_at, max(idea.updated_at, idea.published_at))


def _of_post(base: str, post: Post) -> Entry:
    one = post.news
    assert one.published_at is not None
    body = render_template("feeds/post.html", blocks=read(one.text), press_contact=one.press_contact)
    return Entry(f"{base}/nyheter/{one.slug}", one.title, summary(one.text), body, one.published_at, one.published_at)


def _only_xml(words: str) -> str:
    """Without the signs that XML 1.0 (§2.2) cannot hold, even escaped."""
    return "".join(
        sign
        for sign in words
        if sign in "\t\n\r" or " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd" or sign >= "\U00010000"
    )
