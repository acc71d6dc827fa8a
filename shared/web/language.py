"""Which language a page speaks, and what its template needs for that. A choice travels in the address."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from flask import Flask, Response, current_app, g, has_request_context, request
from markupsafe import Markup, escape

from shared import i18n
from shared.i18n import Texts

PARAMETER = "lang"
_EXTENSION = "idesluss_texts"
_CHOICE = "idesluss_language"


def install(app: Flask, texts: Texts, default: str) -> None:
    """Give every template ``t`` (text), ``tn`` (text for a number), dates in words, links that keep the language.

    ``has_text`` tells whether there is a text, for codes that a template cannot know all of.

    The language is the address's ``?lang=``, else the best that the browser asks for, else ``default``.
    """

    app.extensions[_EXTENSION] = texts
    app.extensions[_CHOICE] = lambda: present()

    def choose() -> str:
        asked = request.args.get(PARAMETER, "")
        if asked in texts.languages:
            return asked
        wanted = request.accept_languages.best_match(texts.languages)
        return wanted or default

    def present() -> str:
        if not has_request_context():
            return default
        if "language" not in g:
            g.language = choose()
        found: str = g.language
        return found

    def text(key: str, **facts: object) -> Markup:
        # A catalogue holds plain text: it and every fact that is not Markup already is escaped here.
        plain = escape(texts.get(present(), key))
        return plain % facts if facts else plain

    def counted(key: str, number: int, **facts: object) -> Markup:
        return escape(texts.form(present(), key, number)) % {"number": number, **facts}

    def this_page_in(language: str) -> str:
        arguments = request.args.to_dict() | {PARAMETER: language}
        return f"{request.path}?{urlencode(arguments)}"

    def languages() -> list[dict[str, str]]:
        return [
            {"code": code, "name": Locale.parse(code).get_display_name(code) or code, "href": this_page_in(code)}
            for code in texts.languages
        ]

    @app.context_processor
    def words() -> dict[str, Any]:
        return {
            "t": text,
            "tn": counted,
            "has_text": lambda key: texts.has(present(), key),
            "lang": present(),
            "languages": languages,
            "link": link,
            "day": lambda moment: i18n.day(moment, present()),
            "short_day": lambda moment: i18n.short_day(moment, present()),
            "clock_time": lambda moment: i18n.clock_time(moment, present()),
            "iso": _iso,
        }

    @app.after_request
    def say_language(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.headers["Content-Language"] = present()
            response.vary.add("Accept-Language")
        return response


def speak(language: str) -> None:
    """Let the page speak its reader's own language, unless another is chosen in the address."""
    texts: Texts = current_app.extensions[_EXTENSION]
    if request.args.get(PARAMETER) not in texts.languages:
        g.language = language


def link(path: str, **query: str) -> str:
    """A path of ours, without a host, that keeps the language where the address chose one."""
    texts: Texts = current_app.extensions[_EXTENSION]
    chosen = request.args.get(PARAMETER)
    if chosen in texts.languages:
        query[PARAMETER] = chosen
    return f"{path}?{urlencode(query)}" if query else path


def spoken() -> tuple[Texts, str]:
    """The present app's texts and the language that the present request is answered in: for files, not for pages."""
    texts: Texts = current_app.extensions[_EXTENSION]
    chosen: str = current_app.extensions[_CHOICE]()
    return texts, chosen


def _iso(moment: date | datetime) -> str:
    """The machine-readable form for ``<time datetime>``."""
    return moment.isoformat()
