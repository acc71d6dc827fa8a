"""The inbox by keyboard: from idea to idea, one opened beside the list, several chosen, and no key while typing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.clock import now
from tests.browser.pages import World
from tests.support.ideas import an_idea


@pytest.fixture
def tab(browser: Browser, world: World) -> Page:
    with world.transaction() as session:
        for number in range(3):
            an_idea(
                session,
                world.settings,
                world.sluice(session),
                title=f"Idé {number}",
                received_at=now() - timedelta(days=40 - number),
            )
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="sv-SE")
    context.add_cookies([dict(one) for one in world.signed_in("contact:krokom", name="kontakt@krokom.example")])
    tab = context.new_page()
    tab.set_default_timeout(8000)
    tab.goto(f"{world.origin}/kontakt/?lang=sv")
    yield tab
    context.close()


def test_a_morning_at_the_inbox_needs_no_mouse(tab: Page) -> None:
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    focused = tab.locator("*:focus")

    for key, title in (("j", "Idé 0"), ("j", "Idé 1"), ("k", "Idé 0"), ("k", "Idé 0"), ("j", "Idé 1")):
        tab.keyboard.press(key)
        expect(focused).to_have_text(title)
    tab.keyboard.press("x")
    expect(tab.locator(".many-count")).to_have_text("1 vald")

    tab.keyboard.press("Enter")
    expect(tab.locator("#beside .title")).to_have_text("Idé 1")
    expect(tab.locator(".idea-row.open h3")).to_have_text("Idé 1")
    tab.keyboard.press("Escape")
    expect(focused).to_have_text("Idé 1")

    tab.keyboard.press("j")
    tab.keyboard.press("r")
    expect(tab.locator("#beside textarea").first).to_be_focused()
    tab.keyboard.type("jkrex/?")
    expect(focused).to_have_value("jkrex/?")
    expect(tab.locator(".many-count")).to_have_text("1 vald")

    tab.locator("h1").first.click()
    tab.keyboard.press("/")
    expect(tab.locator("#q")).to_be_focused()
    tab.keyboard.press("Tab")
    tab.locator("h1").first.click()
    tab.keyboard.press("?")
    expect(tab.locator("#keys")).to_be_visible()
    tab.locator("#keys-on").uncheck()
    tab.keyboard.press("Escape")
    tab.reload()
    tab.keyboard.press("j")
    expect(tab.locator("a[data-idea]:focus")).to_have_count(0)
    assert faults == []
