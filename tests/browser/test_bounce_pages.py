"""What people do about suppressed addresses and messages that did not arrive, in a real browser and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.pages import Page, World, pages_of
from tests.browser.test_pages import opened


@pytest.fixture(scope="module")
def pages(world: World) -> dict[str, Page]:
    return pages_of("bounces", world)


def test_a_contact_corrects_an_address_without_scripts(browser: Browser, world: World, pages: dict[str, Page]) -> None:
    page = opened(
        browser,
        world.origin + pages["undelivered, answer"].url,
        cookies=pages["undelivered, answer"].cookies,
        width=390,
        java_script_enabled=False,
    )
    try:
        page.get_by_label("Rätt adress").fill("noreply@invanare.example")
        page.get_by_role("button", name="Skicka till den rätta adressen").click()
        page.get_by_role("alert").wait_for()
        assert page.get_by_label("Rätt adress").input_value() == "noreply@invanare.example"
        page.get_by_label("Rätt adress").fill("asa.oberg@invanare.example")
        page.get_by_role("button", name="Skicka till den rätta adressen").click()
        page.get_by_text("Vi skickar det igen till asa.oberg@invanare.example.").wait_for()
    finally:
        page.context.close()


def test_an_administrator_releases_an_address_without_scripts(
    browser: Browser, world: World, pages: dict[str, Page]
) -> None:
    page = opened(
        browser,
        world.origin + pages["suppressions"].url,
        cookies=pages["suppressions"].cookies,
        width=390,
        java_script_enabled=False,
    )
    try:
        page.get_by_label("Sök adress").fill("slipper")
        page.get_by_role("button", name="Visa").click()
        page.get_by_text("Släpp adressen").click()
        page.get_by_label("Varför?").first.fill(" ")
        page.get_by_role("button", name="Släpp", exact=True).click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Varför?").first.fill("Vill ha mejl igen")
        page.get_by_role("button", name="Släpp", exact=True).first.click()
        page.get_by_text("Adressen är släppt.").wait_for()
    finally:
        page.context.close()
