"""One running suite for all journeys that need nothing special; each of their modules has municipalities of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.running import Suite


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """A suite without ideas that trusts its front, may call webhooks on this machine, and logs all that it can."""
    environment = {
        "IDESLUSS_TRUSTED_AUTHSERV_IDS": "front.example",
        "IDESLUSS_WEBHOOK_NETWORKS": "127.0.0.1",
        "IDESLUSS_LOG_LEVEL": "debug",
    }
    running = Suite(tmp_path_factory.mktemp("suite"), environment).start()
    yield running
    assert running.stop() == 0
