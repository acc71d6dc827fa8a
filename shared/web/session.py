"""Who is signed in: a signed, short-lived cookie, verified here so that no service must ask another.

The cookie names the person, their roles and its end, and is a session as such: nothing is stored. A form must carry
the session's own token, and a request that a browser says comes from another site is refused, so that no foreign
page can act for somebody signed in (CSRF).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import current_app, g, redirect, request
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from shared.clock import now
from shared.settings import Settings
from shared.signing import Signer
from shared.web import tokens
from shared.web.language import link

COOKIE = "idesluss_session"
PATH = "/kontakt"
"""The cookie goes to contacts' and administrators' pages alone."""
LIFE = timedelta(hours=8)
ADMINISTRATOR = "administrator"
SIGN_IN = "/kontakt/drift/in"

_PURPOSE = "session"
_FORM_PURPOSE = "session-form"
_LENGTH = 32
_NAME = re.compile(r"[^\W_][\w.@+-]{0,99}\Z")

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is there."""

    name: str
    """A token's name or a contact's address: what the record of what they do says."""
    roles: frozenset[str]
    ends_at: datetime

    @property
    def is_administrator(self) -> bool:
        """True where they may see and change everything."""
        return ADMINISTRATOR in self.roles


def issue(signer: Signer, name: str, roles: Collection[str], moment: datetime) -> str:
    """The cookie's value for somebody who has just shown who they are.

    :raises ValueError: the name has signs that a cookie cannot hold.
    """
    if not _NAME.match(name):
        raise ValueError("a name is letters, digits and . @ + -")
    body = f"{name}|{'+'.join(sorted(roles))}|{int((moment + LIFE).timestamp())}"
    return f"{body}|{signer.token(_PURPOSE, body, length=_LENGTH)}"


def read(signer: Signer, value: str, moment: datetime) -> Person | None:
    """Who a cookie is, or None where it is not ours or has ended."""
    body, _, signature = value.rpartition("|")
    parts = body.split("|")
    if len(parts) != 3 or len(signature) != _LENGTH or not signer.verify(_PURPOSE, body, signature):
        return None
    name, roles, end = parts
    ends_at = datetime.fromtimestamp(int(end), UTC)
    return Person(name, frozenset(roles.split("+")), ends_at) if moment < ends_at else None


def sign_in(response: AnyResponse, name: str, roles: Collection[str]) -> None:
    """Let a response set the cookie."""
    settings = _settings()
    response.set_cookie(
        COOKIE,
        issue(settings.signer, name, roles, now()),
        max_age=LIFE,
        path=PATH,
        httponly=True,
        secure=urlsplit(settings.base_url).scheme == "https",
        samesite="Lax",
    )


def sign_out(response: AnyResponse) -> None:
    """Let a response take the cookie away."""
    response.delete_cookie(COOKIE, path=PATH)


def current() -> Person | None:
    """Who sends the present request: by cookie, or a program by its bearer token with the scope for everything."""
    if "person" not in g:
        g.person = _by_token() or read(_settings().signer, request.cookies.get(COOKIE, ""), now())
    found: Person | None = g.person
    return found


def who() -> str:
    """The name of who sends the present request, for the record of what they do; empty where nobody is signed in."""
    person = current()
    return person.name if person else ""


def form_token() -> str:
    """What every form of a signed-in page must carry as ``form_token``."""
    return _settings().signer.token(_FORM_PURPOSE, request.cookies.get(COOKIE, ""), length=_LENGTH)


def require_admin(view: Callable[P, R]) -> Callable[P, R | AnyResponse]:
    """Let a page be seen by an administrator alone; others are led to the sign-in page.

    A request that changes something must come from a form of ours.

    :raises Forbidden: it does not, or somebody is signed in who is no administrator.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | AnyResponse:
        person = current()
        if person is None:
            if request.method != "GET":
                raise Forbidden
            return redirect(link(SIGN_IN, next=_here()), 303)
        if not person.is_administrator:
            raise Forbidden
        if request.method not in ("GET", "HEAD"):
            check_form()
        return view(*args, **kwargs)

    return guarded


def check_form() -> None:
    """Go on only where the request comes from a form of ours, or from a program with a token.

    :raises Forbidden: it comes from another site, or carries no token of this session.
    """
    if tokens.bearer() is not None:
        return
    check_site()
    given = request.form.get("form_token", "")
    cookie = request.cookies.get(COOKIE, "")
    if len(given) != _LENGTH or not _settings().signer.verify(_FORM_PURPOSE, cookie, given):
        raise Forbidden


def check_site() -> None:
    """Go on only where no browser says that another site sends this.

    :raises Forbidden: one does.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden


def _by_token() -> Person | None:
    token = tokens.bearer()
    if token is None or not token.allows(tokens.ALL):
        return None
    return Person(token.name, frozenset({ADMINISTRATOR}), now() + LIFE)


def _here() -> str:
    return request.full_path if request.query_string else request.path


def _settings() -> Settings:
    found: Settings = current_app.extensions["idesluss"]
    return found
