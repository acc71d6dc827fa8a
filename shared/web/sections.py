"""The parts of the signed-in pages, whichever service serves them, and who sees which."""

from __future__ import annotations

from flask import Flask, request

from shared.web import session
from shared.web.session import Person

FOR_ALL = {
    "ideas": "/kontakt/",
    "events": "/kontakt/traffar/",
    "overview": "/kontakt/oversikt/",
    "news": "/kontakt/nyheter/",
    "you": "/kontakt/du",
}
FOR_ADMINISTRATORS = {
    "admin": "/kontakt/admin/",
    "mail_lab": "/kontakt/brevlabb/",
    "drift": "/kontakt/drift/",
}
"""Name → where it begins. ``frame.nav.<name>`` is its text."""
_ELSEWHERE = {"/kontakt/kommentarer/": "news"}
"""Addresses that belong to a part without lying below it."""


def install(app: Flask) -> None:
    """Give templates what signed_in.html asks for."""
    app.jinja_env.globals.update(person=session.current, sections=sections_of, section=lambda: section_of(request.path))


def sections_of(person: Person) -> dict[str, str]:
    """What that person's menu holds."""
    return FOR_ALL | FOR_ADMINISTRATORS if person.is_administrator else dict(FOR_ALL)


def section_of(path: str) -> str:
    """The part that a page lies in: the one whose address begins the page's longest."""
    every = {start: name for name, start in (FOR_ALL | FOR_ADMINISTRATORS).items()} | _ELSEWHERE
    found = [start for start in every if path == start or path.startswith(f"{start.rstrip('/')}/")]
    return every[max(found, key=len)] if found else "ideas"
