"""The queue process that every service runs: hears the bell, lets the inbox act, stops cleanly."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from uuid import UUID

import dramatiq
import dramatiq.worker
from sqlalchemy.exc import DBAPIError

from shared import logs
from shared.bus.broker import build_broker, check, queue
from shared.bus.inbox import Handler, Inbox
from shared.db import Database
from shared.settings import Settings

log = logs.get(__name__)

PREFETCH = 32
"""Bells that a process holds. With the default of two a thread, threads stand idle under load: dramatiq-postgres may
overhear the bell that says there is room again, and then looks only after its timeout."""
STOP_SECONDS = 20
"""How long a stopping worker may finish what it has begun; the rest is rung for again."""


def run(
    settings: Settings,
    *,
    consumer: str,
    database: Database,
    handlers: Mapping[str, Handler],
    beat: Callable[[], None],
    threads: int,
) -> None:
    """Work on one consumer's messages until SIGTERM or SIGINT.

    Dramatiq's own command line is not used: kill one of its children and its master stops them all
    (Bogdanp/dramatiq #505). One process, its threads, and our supervisor.

    :raises MisconfiguredError: BROKER_URL is wrong, or RabbitMQ refuses us at the start.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    inbox = Inbox(database, consumer, handlers)
    broker = build_broker(settings, database.role)
    declare(broker, consumer, inbox)
    check(broker, consumer)
    # After the database or RabbitMQ was away, go on soon (the defaults are 3 and 5 s).
    dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = 0.5
    dramatiq.worker.POST_PROCESS_MESSAGE_RETRY_DELAY_SECS = 1
    dramatiq.worker.QUEUE_PREFETCH = PREFETCH
    worker = dramatiq.Worker(broker, queues={queue(broker, consumer)}, worker_threads=threads, worker_timeout=500)
    inbox.start()
    worker.start()
    log.info("worker_started", consumer=consumer, threads=threads)
    while not stopping.wait(1.0):
        if _alive(worker):
            beat()
    worker.stop(timeout=STOP_SECONDS * 1000)
    inbox.stop()
    broker.close()
    database.dispose()


def declare(broker: dramatiq.Broker, consumer: str, inbox: Inbox) -> None:
    """Declare the one actor of a consumer: every bell names a message and its id."""

    @dramatiq.actor(actor_name=consumer, queue_name=queue(broker, consumer), broker=broker)
    def answer_the_bell(name: str, message_id: str) -> None:
        try:
            inbox.run(UUID(message_id))
        except DBAPIError as error:
            # The database is away: the delivery stays open and the relay rings again.
            log.warning("database_away", message=name, error=type(error).__name__)


def _alive(worker: dramatiq.Worker) -> bool:
    """True while every thread of the worker lives; a lost thread makes the supervisor start anew."""
    return all(thread.is_alive() for thread in worker.workers) and all(
        thread.is_alive() for thread in worker.consumers.values()
    )
