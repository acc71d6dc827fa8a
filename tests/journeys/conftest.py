"""One running suite for all journeys that need nothing special; each of their modules has municipalities of its own.

They run twice: on one machine with what is embedded, and on a PostgreSQL and a RabbitMQ of others', with two listeners.
A worker of pytest that leaves the journeys ends its suite, which would take connections and time from all other tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support import databases, rabbitmq
from tests.support.running import Suite

EMBEDDED, ENGINES = "embedded", "rabbitmq"


@pytest.fixture(scope="package", params=[EMBEDDED, ENGINES])
def suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A suite without ideas that trusts its front, may call webhooks on this machine, and logs all that it can."""
    environment = {
        "IDESLUSS_TRUSTED_AUTHSERV_IDS": "front.example",
        "IDESLUSS_WEBHOOK_NETWORKS": "127.0.0.1",
        "IDESLUSS_LOG_LEVEL": "debug",
    }
    with ExitStack() as held:
        if request.param == ENGINES:
            queues = held.enter_context(rabbitmq.queues())
            server = request.getfixturevalue("database_server")
            url = held.enter_context(databases.clone(server, request.getfixturevalue("database_template")))
            environment |= queues.environment
            environment |= {
                "DATABASE_URL": url.render_as_string(hide_password=False),
                "IDESLUSS_SECRET_KEY": databases.SECRET_KEY,
                "IDESLUSS_LISTENER_PROCESSES": "2",
                # Each worker of pytest may have one of these, and the machine's server takes a hundred connections.
                "IDESLUSS_DATABASE_POOL": "2",
                "IDESLUSS_WORKER_THREADS": "2",
            }
        running = Suite(tmp_path_factory.mktemp("suite"), environment).start()
        yield running
        assert running.stop() == 0
