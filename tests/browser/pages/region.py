"""The region's page: full, as the demo's content makes it. Before anything stands on a board: see ``news``."""

from __future__ import annotations

from idesluss import demo_content
from tests.browser.pages import Page, World


def pages(world: World) -> dict[str, Page]:
    """The page, and a board of the demo."""
    with world.transaction() as session:
        demo_content.fill(session, world.settings)
    return {
        "front": Page("/"),
        "a demo board": Page("/tavla/ostersund"),
    }
