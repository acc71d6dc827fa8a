"""What people do on the pages on which they choose their mails, in a real browser and without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import World, pages_of
from tests.browser.test_pages import opened


@pytest.fixture(scope="module")
def pages(world: World) -> dict[str, str]:
    """Each page's address by name."""
    return {name: world.origin + page.url for name, page in pages_of("preferences", world).items()}


def test_somebody_chooses_by_keyboard_without_scripts(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["choose"], width=380, java_script_enabled=False)
    try:
        page.get_by_label("Direkt").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**sparat=1")
        page.get_by_role("status").get_by_text("Nya idéer och tillägg: Ett mejl klockan 07.30").wait_for()
        assert page.get_by_label("En gång om dagen").is_checked()
        assert page.get_by_label("Nej, inga påminnelser").is_checked()
        assert page.get_by_label("Ja, skicka nyheter").is_checked()
    finally:
        page.context.close()


def test_somebody_stops_a_sort_and_changes_their_mind_without_scripts(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["unsubscribe"], width=380, java_script_enabled=False)
    try:
        page.get_by_role("button", name="Sluta skicka påminnelser").click()
        page.get_by_role("heading", name="Du får inga fler påminnelser").wait_for()
        page.get_by_role("button", name="Jag vill ha dem igen").click()
        page.get_by_role("heading", name="Sluta få påminnelser?").wait_for()
        page.get_by_role("link", name="Se alla mejl du kan välja").click()
        assert page.get_by_label("Ja, skicka påminnelser").is_checked()
    finally:
        page.context.close()
