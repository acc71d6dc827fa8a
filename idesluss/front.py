"""One origin for all services: each address goes to its service's app, and health and metrics are told for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy import text

from services.intake.app import create_app as create_intake
from services.intake.store.figures import FIGURES as INTAKE_FIGURES
from services.notify.app import create_app as create_notify
from services.notify.store.figures import FIGURES as NOTIFY_FIGURES
from services.rsvp.app import create_app as create_rsvp
from services.rsvp.store.figures import FIGURES as RSVP_FIGURES
from shared.bus.rabbitmq import addresses
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import health, metrics
from shared.web.app import make_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


PREFIXES: Mapping[str, tuple[str, ...]] = {
    "notify": ("/api/notify", "/mailbox", "/kontakt/drift", "/kontakt/meddelande", "/utskick"),
    "rsvp": ("/api/rsvp", "/traffar", "/svar", "/embed/traff", "/kontakt/traffar", "/prov/traff"),
}
"""Service → where its addresses begin. Whatever nobody claims is intake's, the front page's service.

deploy/Caddyfile says the same where each service's web is a container of its own; a test compares."""

_CREATE: Mapping[str, Callable[[Settings], Flask]] = {
    "intake": create_intake,
    "rsvp": create_rsvp,
    "notify": create_notify,
}


def create_front(settings: Settings) -> WSGIApplication:
    """The whole origin as one WSGI app."""
    apps: dict[str, WSGIApplication] = {}
    for service, prefixes in PREFIXES.items():
        apps |= dict.fromkeys(prefixes, _CREATE[service](settings))
    return dispatch(_ground(settings) | apps, otherwise=create_intake(settings))


def create_one(service: str) -> Callable[[Settings], WSGIApplication]:
    """What makes one service's part of the origin, with health and metrics beside it."""
    return lambda settings: dispatch(_ground(settings), otherwise=_CREATE[service](settings))


def _ground(settings: Settings) -> dict[str, WSGIApplication]:
    ground = create_ground(settings)
    return {"/health": ground, "/metrics": ground}


def dispatch(services: dict[str, WSGIApplication], *, otherwise: WSGIApplication) -> WSGIApplication:
    """Choose the app by the path's beginning. The path stays whole: every app knows its own full addresses."""

    def front(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for prefix, app in services.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return app(environ, start_response)
        return otherwise(environ, start_response)

    return front


def create_ground(settings: Settings) -> Flask:
    """``/health/…`` and ``/metrics``: the one app that looks at every service's tables, by each one's own role."""
    app = make_app("idesluss.front", settings)
    roles = (Role.INTAKE, Role.NOTIFY, Role.RSVP, Role.RELAY)
    intake, notify, rsvp, relay = (Database(settings, role, pool_size=1) for role in roles)
    health.register(
        app,
        {
            "database": health.database_check(intake),
            "queue": queue_check(settings, relay),
            "outbox": health.outbox_check(relay),
            "listener": health.listener_check(settings),
            **({"disk": health.disk_check(settings)} if settings.embedded_database else {}),
        },
    )
    services = [(intake, INTAKE_FIGURES), (notify, NOTIFY_FIGURES), (rsvp, RSVP_FIGURES)]
    metrics.register(app, [(relay, metrics.BUS), *services])
    return app


def queue_check(settings: Settings, relay: Database) -> health.Check:
    """Can the relay reach the broker: its tables in our database, or the server that BROKER_URL names?"""
    if settings.broker_url:
        return health.port_check(addresses(settings.broker_url))

    def check() -> health.Healthy | health.Unhealthy:
        with relay.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM dramatiq.queue LIMIT 1"))
        return health.Healthy()

    return check
