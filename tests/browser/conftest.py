"""A real Chromium, and the whole origin on a port, with ideas in every state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from shared.settings import Settings
from tests.browser.origin import origin
from tests.browser.pages import World, pages_of
from tests.support import browser_setup

FONT_BROKEN_OFF = (
    r"ignore:Exception ignored in. <_io.FileIO name='[^']*\.woff2':pytest.PytestUnraisableExceptionWarning"
)
"""Seen once: a browser left while the test server was sending it a font, whose file was then closed late."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(FONT_BROKEN_OFF))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all modules here; and no longer, since nothing else may run an event loop beside it."""
    path = browser_setup.find()
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def world(module_settings: Settings) -> Iterator[World]:
    """The whole origin on a port."""
    with origin(module_settings) as found:
        yield found


@pytest.fixture(scope="module")
def site(world: World) -> dict[str, str]:
    """The whole address by name of every page of ideas."""
    found = pages_of("intake", world)
    return {name: page.url if "://" in page.url else world.origin + page.url for name, page in found.items()}
