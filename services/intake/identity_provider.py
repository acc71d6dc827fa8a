"""An organisation's own sign-in: OpenID Connect's code flow (Core 1.0 §3.1) with PKCE, state and nonce.

Authlib speaks to the provider and joserfc judges its tokens; both load only where a provider is configured. No database
is touched here, and no transaction may be open around it: the provider may be slow.
"""

from __future__ import annotations

import time
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped] # Authlib bears no types
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.errors import PermanentFailure
from shared.settings import Settings

ANSWER = "/kontakt/in/oidc/svar"
"""Where the provider leads back to."""
TIMEOUT = 10.0
KNOWN_SECONDS = 3600.0
"""How long the provider's description of itself is believed. Its keys are asked for each time."""
LEEWAY = 60
"""Seconds that two clocks may differ."""
ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Public keys alone: no ``none``, no shared secret."""


class ProviderFault(PermanentFailure):
    """The provider did not answer, or not so that anybody may be let in."""


class IdentityProvider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._answer_url = f"{settings.base_url}{ANSWER}"
        self._known: dict[str, Any] = {}
        self._until = 0.0

    def sign_in_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to lead a browser to.

        :raises ProviderFault: the provider cannot be reached.
        """
        endpoint = self._description()["authorization_endpoint"]
        with self._session() as session:
            url, _ = session.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return str(url)

    def verified_address(self, *, code: str, nonce: str, verifier: str) -> str:
        """The mail address that the provider vouches for, of whoever brings this code.

        :raises ProviderFault: it vouches for none, the token is not for us or not of now, or it cannot be reached.
        """
        try:
            with self._session() as session:
                token = session.fetch_token(self._description()["token_endpoint"], code=code, code_verifier=verifier)
            keys = KeySet.import_key_set(_json(self._description()["jwks_uri"]))  # type: ignore[arg-type] # checked there
            claims = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS).claims
            self._check(claims, nonce)
        except (AuthlibBaseError, JoseError, requests.RequestException, KeyError, TypeError, ValueError) as error:
            raise ProviderFault(type(error).__name__) from error
        # An address that nobody checked is anybody's: whoever may choose theirs there could be anybody here.
        if claims.get("email_verified") is not True or not isinstance(claims.get("email"), str):
            raise ProviderFault("the provider vouches for no address")
        return str(claims["email"])

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        if claims.get("azp", self._client_id) != self._client_id:
            raise ValueError("the token was issued to another")

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._secret,
            scope="openid email",
            redirect_uri=self._answer_url,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a method's name
            default_timeout=TIMEOUT,
        )

    def _description(self) -> dict[str, Any]:
        if time.monotonic() >= self._until:
            try:
                found = _json(f"{self._issuer}/.well-known/openid-configuration")
            except (requests.RequestException, ValueError) as error:
                raise ProviderFault(type(error).__name__) from error
            if found.get("issuer", "").rstrip("/") != self._issuer:
                raise ProviderFault("the provider calls itself something else")
            self._known, self._until = found, time.monotonic() + KNOWN_SECONDS
        return self._known


def _json(url: str) -> dict[str, Any]:
    answer = requests.get(url, timeout=TIMEOUT)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found
