"""The machine's RabbitMQ for tests: queues under a prefix of a test's own, deleted at its end.

The server is IDESLUSS_TEST_BROKER_URL, or the machine's own on 127.0.0.1:5672.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from shared.contracts.registry import CONSUMERS

CONFIGURED = "IDESLUSS_TEST_BROKER_URL"


@dataclass(frozen=True)
class Queues:
    """Where a test's queues are."""

    url: str
    prefix: str

    @property
    def environment(self) -> dict[str, str]:
        """What a suite is told."""
        return {"BROKER_URL": self.url, "IDESLUSS_QUEUE_PREFIX": self.prefix}

    def waiting(self, consumer: str) -> int:
        """Bells that no worker has taken yet."""
        with self._channel() as channel:
            return int(channel.queue_declare(f"{self.prefix}.{consumer}", passive=True).method.message_count)

    def purge(self, consumer: str) -> None:
        """Lose every bell that no worker has taken yet."""
        with self._channel() as channel:
            channel.queue_purge(f"{self.prefix}.{consumer}")

    def carried(self, consumer: str) -> bytes:
        """What the next bell says; it is taken."""
        with self._channel() as channel:
            return bytes(channel.basic_get(f"{self.prefix}.{consumer}", auto_ack=True)[2] or b"")

    def declare(self, name: str, arguments: dict[str, object] | None = None) -> None:
        """Make a queue, or see that it is there with just these arguments.

        :raises ChannelClosedByBroker: it has others.
        """
        with self._channel() as channel:
            channel.queue_declare(f"{self.prefix}.{name}", durable=True, arguments=arguments)

    def exists(self, name: str) -> bool:
        """Whether there is a queue of that name."""
        try:
            with self._channel() as channel:
                channel.queue_declare(f"{self.prefix}.{name}", passive=True)
        except ChannelClosedByBroker:
            return False
        return True

    def delete(self) -> None:
        """Leave nothing behind."""
        with self._channel() as channel:
            for consumer in CONSUMERS:
                for kind in ("", ".DQ", ".XQ"):
                    channel.queue_delete(f"{self.prefix}.{consumer}{kind}")

    @contextmanager
    def _channel(self) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()


@contextmanager
def queues() -> Iterator[Queues]:
    """Queues of a test's own; skips, or fails in CI, without RabbitMQ."""
    url = os.environ.get(CONFIGURED) or "amqp://guest:guest@127.0.0.1:5672"
    try:
        pika.BlockingConnection(pika.URLParameters(url)).close()
    except (AMQPError, OSError) as error:
        word = f"no RabbitMQ for tests ({CONFIGURED}, or 127.0.0.1:5672): {type(error).__name__}"
        if CONFIGURED in os.environ or os.environ.get("CI") == "true":
            pytest.fail(word, pytrace=False)
        pytest.skip(word)
    own = Queues(url, f"test_{secrets.token_hex(6)}")
    try:
        yield own
    finally:
        own.delete()
