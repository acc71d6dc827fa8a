"""What administrators do on the pages on which mails are worded, in a real browser and without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import Page, World, pages_of
from tests.browser.pages.wordings import START
from tests.browser.test_pages import opened


@pytest.fixture(scope="module")
def boss(world: World) -> Page:
    """A page that an administrator may see; eight sluices are known."""
    return pages_of("wordings", world)["wordings"]


def test_a_mail_is_rewritten_looked_at_and_saved_without_scripts(browser: Browser, world: World, boss: Page) -> None:
    page = opened(
        browser,
        f"{world.origin}{START}/confirmation/sv?sluice=are",
        cookies=boss.cookies,
        width=390,
        java_script_enabled=False,
    )
    try:
        body = page.get_by_label("Text", exact=True)
        body.fill(body.input_value().replace("# Vi har tagit emot din idé.", "# Tack, den kom fram."))
        page.get_by_role("button", name="Förhandsgranska").click()
        frame = page.frame_locator("iframe")
        assert frame.get_by_role("heading", level=1).text_content().startswith("Tack, den kom fram.")
        assert page.locator("pre").text_content().startswith("Tack, den kom fram.")

        body.fill(f"{body.input_value()}\n{{{{ 7*7 }}}}")
        page.get_by_role("button", name="Spara").click()
        page.get_by_role("alert").get_by_text("Här får bara namnen bredvid stå").wait_for()
        page.get_by_role("alert").get_by_role("link").click()
        assert page.url.endswith("#body")

        body.fill(body.input_value().replace("{{ 7*7 }}", ""))
        page.get_by_label("Vad har du ändrat?").fill("Kortare början")
        page.get_by_role("button", name="Spara").click()
        page.get_by_role("status").get_by_text("Sparat.").wait_for()
        page.get_by_text("Kortare början").wait_for()

        page.get_by_role("button", name="Använd texten för alla igen").click()
        page.get_by_role("status").get_by_text("Texten är tillbaka.").wait_for()
        page.get_by_role("button", name="Använd version 1 igen").click()
        assert page.frame_locator("iframe").get_by_role("heading", level=1).text_content().startswith("Tack")
    finally:
        page.context.close()


def test_a_script_in_a_preview_would_not_run(browser: Browser, world: World, boss: Page) -> None:
    page = opened(browser, f"{world.origin}{START}/confirmation/sv", cookies=boss.cookies)
    try:
        (frame,) = [each for each in page.frames if each.url.split("?")[0].endswith("/html")]
        assert frame.locator("h1").count() == 1
        policy = page.request.get(frame.url).headers["content-security-policy"]
        assert re.search(r"default-src 'none'.*sandbox", policy)
        assert page.complaints == []
    finally:
        page.context.close()
