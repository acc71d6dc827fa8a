"""The doorbell: a Dramatiq broker that carries a message's name and id, and is trusted with nothing more.

No middleware is on: retries, time limits and results are decided in our own tables, since Dramatiq's
Retries acknowledges a message whose retry it failed to enqueue (Bogdanp/dramatiq PR #545).
"""

from __future__ import annotations

from uuid import UUID

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq_postgres import PostgresBroker
from psycopg_pool import ConnectionPool

from shared.contracts.registry import CONSUMERS
from shared.db import CONNECT_TIMEOUT, Role, conninfo, role_url
from shared.settings import Settings

SCHEMA = "dramatiq"


def build_broker(settings: Settings, role: Role) -> dramatiq.Broker:
    """The broker that BROKER_URL names; by default the queue tables in our own PostgreSQL.

    One queue per consuming service: every queue pins two connections of the pool, so they stay few.
    """
    broker: dramatiq.Broker
    if settings.broker_url.startswith("amqp"):
        broker = RabbitmqBroker(url=settings.broker_url, confirm_delivery=True, middleware=[])
    else:
        broker = PostgresBroker(  # type: ignore[no-untyped-call] # the package bears no types
            pool=_pool(settings, role),
            results=False,
            schema=SCHEMA,
            middleware=[],
            heartbeat_interval=5.0,
            heartbeat_ttl=30.0,
            purge_maxage="1 day",
        )
    for consumer in CONSUMERS:
        broker.declare_queue(consumer)
    return broker


def ring(broker: dramatiq.Broker, consumer: str, name: str, message_id: UUID) -> None:
    """Tell a consumer that a message waits for it. Losing, doubling or delaying this is harmless."""
    broker.enqueue(
        dramatiq.Message(
            queue_name=consumer,
            actor_name=consumer,
            args=(name, str(message_id)),
            kwargs={},
            options={},
        )
    )


def _pool(settings: Settings, role: Role) -> ConnectionPool:
    """Connections for the broker alone. Commits need not wait for the disk: the truth lies elsewhere."""
    return ConnectionPool(
        conninfo(role_url(settings, role)),
        min_size=0,
        max_size=8,
        timeout=10,
        max_idle=120,
        open=True,
        check=ConnectionPool.check_connection,
        kwargs={
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": f"idesluss {role} broker",
            "options": "-c synchronous_commit=off -c statement_timeout=30s",
        },
    )
