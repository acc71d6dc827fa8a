"""Who is signed in: a signed, short-lived cookie, verified here so that no service must ask another.

The cookie names the person, their session, their roles and a near end. Intake keeps the sessions and makes the cookie
anew while the session lives (see ``services.intake.web.signing_in.renewal``); any other service leads a browser whose
cookie has run out there and back, a form with all that was typed in it too (307 keeps method and body). A cookie
without a session is an API token's: it lives for hours and cannot be renewed. A form must carry the session's own
token, and a request that a browser says comes from another site is refused, so that no foreign page can act for
somebody signed in (CSRF).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import quote, unquote, urlsplit

from flask import current_app, g, make_response, redirect, render_template, request
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response as AnyResponse

from shared.clock import now
from shared.settings import Settings
from shared.signing import Signer
from shared.web import ended, tokens
from shared.web.language import link

COOKIE = "idesluss_session"
PATH = "/kontakt"
"""The cookie goes to contacts' and administrators' pages alone."""
FRESH = timedelta(minutes=10)
"""How long a session's cookie is believed; roles are read anew when it is renewed."""
LIFE = timedelta(hours=8)
"""How long the cookie of an API token is believed."""
LONGEST = timedelta(hours=12)
"""How long a browser keeps a session's cookie, which may be renewed for so long."""
ADMINISTRATOR = "administrator"
CONTACT = "contact:"
COACH = "coach:"
"""Roles bear the sluice's slug: ``contact:krokom``, ``coach:berg``."""
SIGN_IN = "/kontakt/in"
RENEW = "/kontakt/in/fornya"
LONGEST_ADDRESS = 1000
"""Signs of an address to go on to."""

_PURPOSE = "session"
_FORM_PURPOSE = "session-form"
_LENGTH = 32
_LONGEST_NAME = 254

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Person:
    """Who is there."""

    name: str
    """A token's name or a contact's address: what the record of what they do says."""
    roles: frozenset[str]
    ends_at: datetime
    session_id: str = ""
    """Empty for an API token."""

    @property
    def is_administrator(self) -> bool:
        """True where they may see and change everything."""
        return ADMINISTRATOR in self.roles

    @property
    def contact_of(self) -> frozenset[str]:
        """Slugs of the sluices that they are a contact of."""
        return self._slugs(CONTACT)

    @property
    def coach_of(self) -> frozenset[str]:
        """Slugs of the sluices that they are a coach of."""
        return self._slugs(COACH)

    def _slugs(self, prefix: str) -> frozenset[str]:
        return frozenset(role.removeprefix(prefix) for role in self.roles if role.startswith(prefix))


def issue(signer: Signer, name: str, roles: Collection[str], moment: datetime, *, session_id: str = "") -> str:
    """The cookie's value for somebody who has just shown who they are, or whose session was found alive.

    :raises ValueError: the name is empty, or longer than an address can be.
    """
    if not 0 < len(name) <= _LONGEST_NAME:
        raise ValueError("a name is 1 to 254 signs")
    ends_at = moment + (FRESH if session_id else LIFE)
    body = f"{session_id}|{quote(name, safe='@+')}|{'+'.join(sorted(roles))}|{int(ends_at.timestamp())}"
    return f"{body}|{signer.token(_PURPOSE, body, length=_LENGTH)}"


def read(signer: Signer, value: str, moment: datetime) -> Person | None:
    """Who a cookie is, or None where it is not ours or has ended."""
    person = _signed(signer, value)
    return person if person is not None and moment < person.ends_at else None


def _signed(signer: Signer, value: str) -> Person | None:
    body, _, signature = value.rpartition("|")
    parts = body.split("|")
    if len(parts) != 4 or len(signature) != _LENGTH or not signer.verify(_PURPOSE, body, signature):
        return None
    session_id, name, roles, end = parts
    ends_at = datetime.fromtimestamp(int(end), UTC)
    return Person(unquote(name), frozenset(roles.split("+")), ends_at, session_id)


def sign_in(response: AnyResponse, name: str, roles: Collection[str], *, session_id: str = "") -> None:
    """Let a response set the cookie."""
    settings = _settings()
    response.set_cookie(
        COOKIE,
        issue(settings.signer, name, roles, now(), session_id=session_id),
        max_age=LONGEST if session_id else LIFE,
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
        person = _by_token() or read(_settings().signer, request.cookies.get(COOKIE, ""), now())
        g.person = None if person is None or _has_ended(person) else person
    found: Person | None = g.person
    return found


def run_out() -> Person | None:
    """Whose session the present request's cookie names, where it must be renewed before it is believed."""
    if "run_out" not in g:
        person = None if current() else _signed(_settings().signer, request.cookies.get(COOKIE, ""))
        g.run_out = person if person is not None and person.session_id and person.ends_at <= now() else None
    found: Person | None = g.run_out
    return found


def renewed(person: Person | None) -> None:
    """Say what the keeper of sessions found of a cookie that had run out: who is there, or nobody."""
    g.person, g.run_out = person, None


def who() -> str:
    """The name of who sends the present request, for the record of what they do; empty where nobody is signed in."""
    person = current()
    return person.name if person else ""


def form_token() -> str:
    """What every form of a signed-in page must carry as ``form_token``."""
    return _settings().signer.token(_FORM_PURPOSE, _form_key(), length=_LENGTH)


def require_admin(view: Callable[P, R]) -> Callable[P, R | AnyResponse]:
    """Let a page be seen by an administrator alone; others are led to the sign-in page.

    A request that changes something must come from a form of ours.

    :raises Forbidden: it does not, or somebody is signed in who is no administrator.
    """
    return _guarded(view, lambda person: person.is_administrator)


def require_person(view: Callable[P, R]) -> Callable[P, R | AnyResponse]:
    """The same for anybody signed in: what they may see is decided by the use case."""
    return _guarded(view, lambda person: True)


def _guarded(view: Callable[P, R], may: Callable[[Person], bool]) -> Callable[P, R | AnyResponse]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | AnyResponse:
        person = current()
        if person is None:
            return signed_out(_here())
        if not may(person):
            raise Forbidden
        if request.method not in ("GET", "HEAD"):
            check_form()
        return view(*args, **kwargs)

    return guarded


def check_form() -> None:
    """Go on only where the request comes from a form of ours, or from a program with a token.

    :raises Forbidden: it comes from another site, or carries no token of this session.
    """
    if _by_token() is not None:
        return
    check_site()
    given = request.form.get("form_token", "")
    if len(given) != _LENGTH or not _settings().signer.verify(_FORM_PURPOSE, _form_key(), given):
        raise Forbidden


def check_site() -> None:
    """Go on only where no browser says that another site sends this.

    :raises Forbidden: one does.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden


def signed_out(wanted: str) -> AnyResponse:
    """The answer to somebody who is not signed in (any more): the way in, or what they had typed, to be kept.

    :param wanted: the page that they asked for, with its query.
    :raises Forbidden: another site sends this.
    """
    is_look = request.method in ("GET", "HEAD")
    if run_out() is not None:
        return redirect(link(RENEW, next=wanted), 303 if is_look else 307)
    if is_look:
        return redirect(link(SIGN_IN, next=wanted), 303)
    check_site()
    return make_response(render_template("signed_out.html", typed=_typed(), sign_in=SIGN_IN), 403)


def onward(wanted: str, otherwise: str) -> str:
    """Where to go after signing in: a page of contacts or administrators, never another host."""
    plain = wanted.isascii() and wanted.isprintable() and len(wanted) <= LONGEST_ADDRESS and "\\" not in wanted
    # Browsers read %2e as a dot: what leads out of /kontakt/ in any spelling is no page of ours.
    stays = wanted.startswith("/kontakt/") and ".." not in wanted.lower().replace("%2e", ".")
    return wanted if plain and stays else link(otherwise)


def _typed() -> list[str]:
    """The words in a form that somebody wrote: what stands in one line without a blank is our own or soon typed."""
    values = [value.replace("\r\n", "\n").strip() for values in request.form.listvalues() for value in values]
    return [value for value in values if any(map(str.isspace, value))]


def _form_key() -> str:
    person = current()
    return (person.session_id or f"{person.name} {int(person.ends_at.timestamp())}") if person else ""


def _has_ended(person: Person) -> bool:
    kind, name = ("session", person.session_id) if person.session_id else ("token", person.name)
    return ended.has_ended(kind, name)


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
