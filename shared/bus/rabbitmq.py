"""RabbitMQ as the doorbell: quorum queues, confirmed bells, and no wait on it that has no end."""

from __future__ import annotations

import logging
import re
from urllib.parse import parse_qs, urlsplit

import dramatiq.brokers.rabbitmq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.common import xq_name
from dramatiq.errors import ConnectionClosed
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPConnectionError, AMQPError, ChannelClosedByBroker, ConnectionClosedByBroker

from shared.errors import MisconfiguredError

SCHEMES = ("amqp", "amqps")

HEARTBEAT_SECONDS = 10
"""A connection whose other end says nothing is given up after this and five seconds more (pika's own margin)."""
LIMITS: dict[str, object] = {
    "heartbeat": HEARTBEAT_SECONDS,
    # A memory or disk alarm of the server's holds publishers up for as long as it lasts.
    "blocked_connection_timeout": 5,
    "socket_timeout": 5,
    "stack_timeout": 8,
    # What was sent and not taken by the other end's kernel: milliseconds (RFC 5482).
    "tcp_options": {"TCP_USER_TIMEOUT": 10_000},
}
"""Where BROKER_URL does not say otherwise in its query."""

# Dramatiq tries six times, each as long as the above allow; the relay tries again by itself.
dramatiq.brokers.rabbitmq.MAX_ENQUEUE_ATTEMPTS = 2

_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}\Z")
# Whatever it logs as an error reaches us as an exception, too; each fault would be told five times over.
logging.getLogger("pika").setLevel(logging.CRITICAL)

_HIDDEN = re.compile(r"ConnectionClosedByBroker: \((\d+)\) '([^']*)'")
_PRECONDITION_FAILED, _ACCESS_REFUSED, _NOT_ALLOWED = 406, 403, 530  # AMQP 0-9-1, reply codes


class Rabbitmq(RabbitmqBroker):
    """Dramatiq's broker with the queues that we want, and none that we do not use.

    :param name: how its connections are called in RabbitMQ's own lists.
    :raises MisconfiguredError: the URL or the prefix has another form.
    """

    def __init__(self, urls: str, *, prefix: str, name: str) -> None:
        super().__init__(confirm_delivery=True, middleware=[])
        if not _PREFIX.match(prefix):
            raise MisconfiguredError(
                f"IDESLUSS_QUEUE_PREFIX: letters, digits, dots, hyphens and _, beginning with a letter, not {prefix!r}"
            )
        self.parameters = parse_urls(urls, name=name)
        self.prefix = prefix

    def _connect(self) -> pika.BlockingConnection:
        """This thread's connection, as Dramatiq keeps it.

        pika lets faults through that are none of its own kind, which Dramatiq expects: a name without address, a
        certificate that does not fit, a handshake that takes too long.
        """
        try:
            return RabbitmqBroker.connection.fget(self)  # type: ignore[attr-defined,no-any-return]
        except (OSError, AMQPConnectorException) as error:
            raise AMQPConnectionError(error) from None

    connection = RabbitmqBroker.connection.getter(_connect)  # type: ignore[attr-defined]

    def attend(self) -> None:
        """See that this thread can ring, and answer the server's heartbeats meanwhile.

        Whoever rings seldom must come here more often than heartbeats do: pika answers none by itself.

        :raises ConnectionClosed: RabbitMQ is away.
        :raises MisconfiguredError: it is there and refuses us.
        """
        try:
            self.connection.process_data_events(0)
        except AMQPError as error:
            del self.connection
            raise _in_words(ConnectionClosed(error)) from None  # type: ignore[no-untyped-call]

    def check(self, queue_name: str) -> None:
        """See once that RabbitMQ takes us and has the queue as we want it.

        :raises ConnectionClosed: it is away.
        :raises MisconfiguredError: it is there and refuses us.
        """
        try:
            self.attend()
            self.declare_queue(queue_name, ensure=True)
        finally:
            del self.connection

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """As Dramatiq does, without the queue for delays: ours lie in our tables.

        A worker would keep a thread and a connection for it, and bells in its memory.
        """
        super().declare_queue(queue_name, ensure=ensure)
        self.delay_queues.clear()

    def _declare_dq_queue(self, queue_name: str) -> None:
        return

    def _ensure_queue(self, canonical_queue_name: str) -> None:
        try:
            super()._ensure_queue(canonical_queue_name)  # type: ignore[no-untyped-call]
        except ConnectionClosed as error:
            raise _in_words(error, canonical_queue_name) from None

    def _build_queue_arguments(self, queue_name: str) -> dict[str, object]:
        return queue_arguments(queue_name)

    def _declare_xq_queue(self, queue_name: str) -> object:
        """What no worker could read, for a person to look at: it does not expire, as Dramatiq's does after a week."""
        return self.channel.queue_declare(xq_name(queue_name), durable=True, arguments={"x-queue-type": "quorum"})


def queue_arguments(name: str) -> dict[str, object]:
    """What a queue of ours is declared with, also by who only looks: RabbitMQ refuses another declaration."""
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": xq_name(name), "x-queue-type": "quorum"}


def parse_urls(urls: str, *, name: str) -> list[pika.URLParameters]:
    """BROKER_URL as pika wants it: one server, or several divided by ``;``, of which the first that answers is used.

    :raises MisconfiguredError: what is wrong with it, without its password.
    """
    found = []
    for url in filter(None, map(str.strip, urls.split(";"))):
        try:
            where = urlsplit(url)
            if where.scheme not in SCHEMES or not where.hostname:
                raise ValueError("it begins with amqp:// or amqps:// and a host")
            parameters = pika.URLParameters(url)
        except (ValueError, TypeError, pika.exceptions.AMQPError) as error:
            # pika's own words may quote a piece of the URL
            reason = str(error) if str(error).startswith("it begins") else type(error).__name__
            raise MisconfiguredError(
                f"BROKER_URL: amqp://user:password@host/virtualhost, several divided by semicolons ({reason})"
            ) from None
        for limit in LIMITS.keys() - parse_qs(where.query).keys():
            setattr(parameters, limit, LIMITS[limit])
        parameters.client_properties = {"connection_name": name}
        found.append(parameters)
    return found


def addresses(urls: str) -> list[tuple[str, int]]:
    """Host and port of every server that BROKER_URL names."""
    return [(str(each.host), int(each.port)) for each in parse_urls(urls, name="")]


def _in_words(error: ConnectionClosed, queue: str = "") -> ConnectionClosed | MisconfiguredError:
    """The same error, or that a setting is wrong where RabbitMQ says so: no trying again mends that."""
    said = _said(error.message)
    if said is None:
        return error
    code, text = said
    if code == _PRECONDITION_FAILED:
        return MisconfiguredError(
            f"IDESLUSS_QUEUE_PREFIX: {queue} is another kind of queue already ({text}); delete it in RabbitMQ "
            "(its bells ring again), or choose another prefix"
        )
    if code in (_ACCESS_REFUSED, _NOT_ALLOWED):
        return MisconfiguredError(f"BROKER_URL: RabbitMQ refuses us ({text})")
    return error


def _said(cause: object) -> tuple[int, str] | None:
    """The server's last words, if it has said any: while signing in, pika hides them in a guess of its own."""
    if isinstance(cause, (ConnectionClosedByBroker, ChannelClosedByBroker)):
        return cause.reply_code, cause.reply_text
    found = _HIDDEN.search(str(cause))
    return (int(found[1]), found[2]) if found else None
