"""Signing in by the organisation's own provider, where one is configured.

What must be the same when the browser comes back (state, nonce, the PKCE secret) lies in a signed cookie of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from services.intake.usecases import sign_in
from services.intake.web.signing_in.place import place
from services.intake.web.signing_in.renewal import HOME
from services.intake.web.signing_in.sign_in import end_former, enter_as
from shared import logs
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import session
from shared.web.language import link

if TYPE_CHECKING:
    from services.intake.identity_provider import IdentityProvider

log = logs.get(__name__)

BEGIN = f"{session.SIGN_IN}/oidc"
COOKIE = "idesluss_oidc"
_PURPOSE = "oidc-state"
_LENGTH = 32


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/in/oidc`` and the page that the provider leads back to, where there is a provider."""
    if not settings.oidc_issuer:
        return
    from services.intake.identity_provider import ANSWER, IdentityProvider, ProviderFault

    provider = IdentityProvider(settings)

    @app.get(BEGIN)
    def begin_oidc() -> ResponseReturnValue:
        secrets = [sign_in.new_token(), sign_in.new_token(), sign_in.new_token() + sign_in.new_token()]
        try:
            url = provider.sign_in_url(state=secrets[0], nonce=secrets[1], verifier=secrets[2])
        except ProviderFault as fault:
            return _failed("avbruten", fault.reason)
        response = redirect(url, 303)
        response.set_cookie(
            COOKIE,
            _signed(settings, secrets, session.onward(request.args.get("next", ""), HOME)),
            max_age=sign_in.HOLDS,
            path=BEGIN,
            httponly=True,
            secure=urlsplit(settings.base_url).scheme == "https",
            samesite="Lax",
        )
        return response

    @app.get(ANSWER)
    def oidc_answer() -> ResponseReturnValue:
        kept = _read(settings, request.cookies.get(COOKIE, ""))
        if kept is None or request.args.get("state", "") != kept[0] or "code" not in request.args:
            return _failed("avbruten", "no state of this browser's")
        try:
            response = _enter(database, _address(provider, kept), kept[3])
        except ProviderFault as fault:
            return _failed("avbruten", fault.reason)
        except NotFound:
            return _failed("okand", "nobody of ours")
        response.delete_cookie(COOKIE, path=BEGIN)
        return response


def _address(provider: IdentityProvider, kept: list[str]) -> str:
    return provider.verified_address(code=request.args["code"], nonce=kept[1], verifier=kept[2])


def _enter(database: Database, address: str, next_path: str) -> Response:
    former = session.current()
    with database.transaction() as transaction:
        entered = sign_in.enter_vouched(transaction, address, next_path=next_path, place=place(), moment=now())
        end_former(transaction, former)
    return enter_as(entered)


def _failed(fault: str, reason: str) -> ResponseReturnValue:
    log.info("oidc_refused", reason=reason)
    response = redirect(link(session.SIGN_IN, fel=fault), 303)
    response.delete_cookie(COOKIE, path=BEGIN)
    return response


def _signed(settings: Settings, secrets: list[str], next_path: str) -> str:
    end = int((now() + sign_in.HOLDS).timestamp())
    body = "|".join([*secrets, quote(next_path, safe=""), str(end)])
    return f"{body}|{settings.signer.token(_PURPOSE, body, length=_LENGTH)}"


def _read(settings: Settings, value: str) -> list[str] | None:
    body, _, signature = value.rpartition("|")
    if len(signature) != _LENGTH or not settings.signer.verify(_PURPOSE, body, signature):
        return None
    *secrets, next_path, end = body.split("|")
    return [*secrets, unquote(next_path)] if now().timestamp() < int(end) else None
