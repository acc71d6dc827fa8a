"""Bearer tokens for the JSON APIs: who may do what, signed, with no table behind them.

A token reads ``idesluss_<name>_<scopes>_<signature>``: letters, digits, ``-``, ``.`` and ``_`` alone, so that it
fits a header, an environment variable and a double click. A scope such as ``intake:read`` is written
``intake.read``, several are divided by ``-``, and ``all`` stands for every scope (``*``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import current_app, g, request
from werkzeug.exceptions import HTTPException

from shared.signing import Signer
from shared.web import ended

PURPOSE = "api-token"
ALL = "*"
_SIGNATURE_LENGTH = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_SCOPE = re.compile(r"[a-z]{1,20}:[a-z]{1,20}\Z")

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Token:
    """Whoever holds it, and what they may do: scopes such as ``intake:read``, or ``*`` for all."""

    name: str
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        """True if the token carries that scope, or all of them."""
        return ALL in self.scopes or scope in self.scopes


def issue(signer: Signer, *, name: str, scopes: Collection[str]) -> str:
    """A token for ``name`` (a-z, 0-9, hyphens) with these scopes; the same input gives the same token.

    :raises ValueError: the name or a scope has another form.
    """
    if not _NAME.match(name):
        raise ValueError(f"a token's name is 1 to 40 of a-z, 0-9 and hyphens, not {name!r}")
    if not scopes or any(scope != ALL and not _SCOPE.match(scope) for scope in scopes):
        raise ValueError(f"scopes look like intake:read, or * for all, not {sorted(scopes)!r}")
    written = "all" if ALL in scopes else "-".join(scope.replace(":", ".") for scope in sorted(set(scopes)))
    body = f"idesluss_{name}_{written}"
    return f"{body}_{signer.token(PURPOSE, body, length=_SIGNATURE_LENGTH)}"


def is_name(name: str) -> bool:
    """True if a token may bear that name."""
    return _NAME.match(name) is not None


def verify(signer: Signer, token: str) -> Token | None:
    """The token's holder and scopes, or None where we did not sign it."""
    body, _, signature = token.rpartition("_")
    parts = body.split("_")
    if len(parts) != 3 or len(signature) != _SIGNATURE_LENGTH or not signer.verify(PURPOSE, body, signature):
        return None
    _, name, written = parts
    if written == "all":
        return Token(name, frozenset({ALL}))
    return Token(name, frozenset(scope.replace(".", ":") for scope in written.split("-")))


def bearer() -> Token | None:
    """The present request's token, or None where it has none that we signed. Looked at once a request."""
    if "bearer" not in g:
        header = request.authorization
        given = header.token if header is not None and header.type == "bearer" else None
        token = verify(current_app.extensions["idesluss"].signer, given) if given else None
        g.bearer = None if token is None or ended.has_ended("token", token.name) else token
    found: Token | None = g.bearer
    return found


def bearer_name() -> str:
    """Whose token the present request carries, for the record of what they do. Its scope has been checked."""
    token = bearer()
    assert token is not None  # the scope check refuses whoever has none
    return token.name


def require_scope(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view run only for a bearer with that scope; otherwise 401 or 403 with RFC 6750's words."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            check_scope(scope)
            return view(*args, **kwargs)

        guarded.required_scope = scope  # type: ignore[attr-defined] # the API's own description reads it
        return guarded

    return decorate


def check_scope(scope: str) -> None:
    """Go on only for a bearer with that scope.

    :raises NoToken: 401.
    :raises NarrowToken: 403.
    """
    token = bearer()
    if token is None:
        wrong = ', error="invalid_token"' if "Authorization" in request.headers else ""
        raise NoToken("Send `Authorization: Bearer …` with a token; `idesluss token` makes one.", wrong)
    if not token.allows(scope):
        raise NarrowToken(f"The token lacks the scope {scope}.", f', error="insufficient_scope", scope="{scope}"')


class _Challenge(HTTPException):
    """A refusal that says in WWW-Authenticate what would be accepted."""

    def __init__(self, description: str, words: str) -> None:
        super().__init__(description)
        self._words = words

    def get_headers(self, *arguments: Any, **named: Any) -> list[tuple[str, str]]:
        challenge = f'Bearer realm="idesluss"{self._words}'
        return [*super().get_headers(*arguments, **named), ("WWW-Authenticate", challenge)]


class NoToken(_Challenge):
    """No token, or none that we signed (RFC 6750 §3.1)."""

    code = 401


class NarrowToken(_Challenge):
    """The token lacks the scope."""

    code = 403
