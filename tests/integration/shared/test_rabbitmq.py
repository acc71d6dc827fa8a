"""RabbitMQ as we want it: which queues there are, and what is told where it refuses us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import dramatiq
import pytest
from pika.exceptions import ChannelClosedByBroker

from shared.bus.broker import build_broker, check
from shared.bus.rabbitmq import addresses
from shared.contracts.registry import RSVP
from shared.db import Role
from shared.errors import MisconfiguredError
from shared.settings import Settings, load
from tests.support import rabbitmq
from tests.support.ports import free_port
from tests.support.rabbitmq import Queues

QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
def queues() -> Iterator[Queues]:
    with rabbitmq.queues() as own:
        yield own


def settings(url: str, prefix: str = "idesluss") -> Settings:
    return load({"BROKER_URL": url, "IDESLUSS_QUEUE_PREFIX": prefix, "IDESLUSS_SECRET_KEY": "k" * 32})


def look(chosen: Settings) -> dramatiq.Broker:
    broker = build_broker(chosen, Role.RSVP)
    check(broker, RSVP)
    broker.close()
    return broker


def test_queues_are_replicated_and_dead_letters_never_expire_and_nothing_is_held_back_there(queues: Queues) -> None:
    look(settings(queues.url, queues.prefix))

    queues.declare(f"{RSVP}.XQ", QUORUM)  # refused, were anything else said of it, such as a time to live
    dead_letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{queues.prefix}.{RSVP}.XQ"}
    queues.declare(RSVP, QUORUM | dead_letters)
    with pytest.raises(ChannelClosedByBroker):
        queues.declare(RSVP, QUORUM)
    assert not queues.exists(f"{RSVP}.DQ")


def test_a_queue_of_another_kind_is_named_with_what_to_do(queues: Queues) -> None:
    queues.declare(RSVP)

    with pytest.raises(MisconfiguredError, match=rf"IDESLUSS_QUEUE_PREFIX: {queues.prefix}\.{RSVP} is another kind"):
        look(settings(queues.url, queues.prefix))


def test_a_server_that_refuses_us_is_told_without_the_password(queues: Queues) -> None:
    [(host, port)] = addresses(queues.url)
    for url in (f"amqp://guest:secret-word@{host}:{port}", f"{queues.url}/nowhere"):
        with pytest.raises(MisconfiguredError, match="BROKER_URL: RabbitMQ refuses us") as told:
            look(settings(url, queues.prefix))
        assert "secret-word" not in str(told.value)


def test_where_the_first_of_several_servers_is_away_the_next_serves(queues: Queues) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{free_port()};{queues.url}"

    look(settings(url, queues.prefix))

    assert queues.exists(RSVP)


@pytest.mark.parametrize(
    "url", ["redis://u:secret-word@h", "amqp://", "amqp://u:secret-word@h:port", "amqp://u:secret-word@h/?heartbeat=x"]
)
def test_a_url_of_another_form_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="BROKER_URL: ") as told:
        build_broker(settings(url), Role.RELAY)
    assert "secret-word" not in str(told.value)


def test_a_prefix_that_no_queue_may_have_is_refused() -> None:
    with pytest.raises(MisconfiguredError, match="IDESLUSS_QUEUE_PREFIX: "):
        build_broker(replace(settings("amqp://h"), queue_prefix="två ord"), Role.RELAY)
