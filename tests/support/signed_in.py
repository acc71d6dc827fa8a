"""Browsers in which somebody is signed in."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from shared.clock import now
from shared.settings import Settings
from shared.web import session


def cookie_for(settings: Settings, address: str, *roles: str) -> str:
    """The cookie of somebody with these roles: ``administrator``, ``contact:krokom``, ``coach:berg``.

    It belongs to no stored session: it holds for hours, and nobody can end it.
    """
    return session.issue(settings.signer, address, roles, now())


def client_for(app: Flask, address: str, *roles: str) -> FlaskClient:
    """A browser that carries such a cookie; nobody's, where there are no roles."""
    client = app.test_client()
    if roles:
        settings: Settings = app.extensions["idesluss"]
        client.set_cookie(session.COOKIE, cookie_for(settings, address, *roles), path=session.PATH)
    return client


def form_token(app: Flask, client: FlaskClient) -> str:
    """What a form of that browser's must carry as ``form_token``."""
    found = client.get_cookie(session.COOKIE, path=session.PATH)
    with app.test_request_context(headers={"Cookie": f"{session.COOKIE}={found.value}"} if found else {}):
        return session.form_token()


def post(client: FlaskClient, path: str, **fields: object):
    """Send one of our own forms."""
    token = form_token(client.application, client)
    return client.post(path, data={"form_token": token, **fields})
