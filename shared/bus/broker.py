"""The doorbell: a Dramatiq broker that carries a message's name and id, and is trusted with nothing more.

No middleware is on: retries, time limits and results are decided in our own tables, since Dramatiq's
Retries acknowledges a message whose retry it failed to enqueue (Bogdanp/dramatiq PR #545).
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import dramatiq
from dramatiq_postgres import PostgresBroker
from psycopg_pool import ConnectionPool

from shared.bus.rabbitmq import Rabbitmq
from shared.contracts.registry import CONSUMERS
from shared.db import CONNECT_TIMEOUT, Role, connection_class, conninfo, role_url
from shared.settings import Settings

SCHEMA = "dramatiq"
POOL = 8
"""Connections to PostgreSQL at the most, of one process that rings or listens there."""


def build_broker(settings: Settings, role: Role) -> dramatiq.Broker:
    """The broker that BROKER_URL names; by default the queue tables in our own PostgreSQL.

    One queue per consuming service: in PostgreSQL every queue pins two connections of the pool, so they stay few.

    :raises MisconfiguredError: BROKER_URL or IDESLUSS_QUEUE_PREFIX has another form.
    """
    broker: dramatiq.Broker
    if settings.broker_url:
        broker = Rabbitmq(settings.broker_url, prefix=settings.queue_prefix, name=f"idesluss {role}")
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
        broker.declare_queue(queue(broker, consumer))
    return broker


def queue(broker: dramatiq.Broker, consumer: str) -> str:
    """The name of a consumer's queue: RabbitMQ may be shared with other installations, our database is not."""
    return f"{broker.prefix}.{consumer}" if isinstance(broker, Rabbitmq) else consumer


def check(broker: dramatiq.Broker, consumer: str) -> None:
    """See that the broker takes us, where it is there: a worker's threads would try for ever.

    :raises MisconfiguredError: it is there and refuses us.
    """
    if isinstance(broker, Rabbitmq):
        with suppress(dramatiq.errors.BrokerConnectionError):
            broker.check(queue(broker, consumer))


def attend(broker: dramatiq.Broker) -> None:
    """What the broker wants of whoever rings, at least every second.

    :raises dramatiq.errors.BrokerConnectionError: it is away; nothing is lost by that.
    :raises MisconfiguredError: it is there and refuses us.
    """
    if isinstance(broker, Rabbitmq):
        broker.attend()


def ring(broker: dramatiq.Broker, consumer: str, name: str, message_id: UUID) -> None:
    """Tell a consumer that a message waits for it. Losing, doubling or delaying this is harmless.

    :raises dramatiq.errors.BrokerConnectionError: the broker is away, or did not confirm that it has it.
    """
    broker.enqueue(
        dramatiq.Message(
            queue_name=queue(broker, consumer),
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
        connection_class=connection_class(settings, role),
        min_size=0,
        max_size=POOL,
        timeout=10,
        max_idle=120,
        open=True,
        check=ConnectionPool.check_connection,
        kwargs={
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": f"idesluss {role} broker",
            "options": "-c synchronous_commit=off",
        },
    )
