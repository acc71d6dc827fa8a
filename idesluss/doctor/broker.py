"""RabbitMQ: does it answer, is it recent enough, do its queues survive a machine, and what lies in them?"""

from __future__ import annotations

from collections.abc import Iterator

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker

from idesluss.doctor.finding import Finding, Level
from shared.bus.rabbitmq import parse_urls, queue_arguments
from shared.contracts.registry import CONSUMERS
from shared.errors import MisconfiguredError
from shared.settings import Settings

OLDEST = (3, 10)
"""The first RabbitMQ with quorum queues as we use them."""


def broker(loaded: Settings) -> Iterator[Finding]:
    """Sign in, and look at our queues without changing them."""
    try:
        parameters = parse_urls(loaded.broker_url, name="idesluss doctor")
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "BROKER_URL", str(error).removeprefix("BROKER_URL: "))
        return
    for each in parameters:
        each.blocked_connection_timeout = 3
        each.socket_timeout = 3
    try:
        connection = pika.BlockingConnection(parameters)
    except (AMQPError, OSError) as error:
        reason = str(error) or type(error).__name__
        text = f"RabbitMQ does not take us ({reason}): nothing is lost, but bells wait for the tables' own clock"
        yield Finding(Level.FAULT, "BROKER_URL", text)
        return
    try:
        yield _server(connection)
        for consumer in CONSUMERS:
            yield _queue(connection, f"{loaded.queue_prefix}.{consumer}")
    except (AMQPError, OSError) as error:
        yield Finding(Level.FAULT, "RabbitMQ", f"it broke off ({error})")
    finally:
        if connection.is_open:
            connection.close()


def _server(connection: pika.BlockingConnection) -> Finding:
    properties = connection._impl.server_properties or {}  # pika shows them nowhere else
    version = properties.get("version", "")
    version = version.decode("ascii", "replace") if isinstance(version, bytes) else str(version)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < OLDEST:
        return Finding(Level.FAULT, "RabbitMQ", f"{version or 'unknown'}: 3.10 or later is needed")
    return Finding(Level.OK, "RabbitMQ", version)


def _queue(connection: pika.BlockingConnection, name: str) -> Finding:
    """A queue's kind shows when it is declared once more: another kind than ours is refused by the server."""
    subject = f"queue {name}"
    try:
        channel = connection.channel()
        waiting = channel.queue_declare(name, passive=True).method.message_count
    except ChannelClosedByBroker as error:
        if error.reply_code == 404:
            return Finding(Level.WARNING, subject, "not there yet: the relay makes it when it first rings")
        return Finding(Level.FAULT, subject, f"{error.reply_text}")
    unread = _unread(connection, f"{name}.XQ")
    try:
        channel.queue_declare(name, durable=True, arguments=queue_arguments(name))
    except ChannelClosedByBroker as error:
        text = f"another kind than ours ({error.reply_text}): stop the roles, delete it, start them; bells ring again"
        return Finding(Level.FAULT, subject, text)
    if unread:
        text = f"{unread} messages that no worker could read lie in {name}.XQ: look at them in RabbitMQ's management"
        return Finding(Level.WARNING, subject, text)
    return Finding(Level.OK, subject, f"quorum, {waiting} bells wait")


def _unread(connection: pika.BlockingConnection, name: str) -> int:
    try:
        return int(connection.channel().queue_declare(name, passive=True).method.message_count)
    except ChannelClosedByBroker:
        return 0
