"""One sluice in a fresh database, and a listener that all tests of a module may share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.settings import Settings
from tests.integration.intake.smtp.harness import IDE, Running, Stored, listening


@pytest.fixture(scope="module")
def stored(module_settings: Settings) -> Stored:
    """The module's database, with one sluice in it."""
    stored = Stored(module_settings)
    stored.add_sluice("krokom", IDE)
    return stored


@pytest.fixture(scope="module")
def running(module_settings: Settings, stored: Stored) -> Iterator[Running]:
    """A listener with settings as they come."""
    with listening(module_settings) as running:
        yield running
