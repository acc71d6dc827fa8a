"""What administrators do on the pages of webhooks, in a real browser, by keyboard and without scripts."""

from __future__ import annotations

from dataclasses import replace

from playwright.sync_api import Browser

from shared.settings import Settings
from tests.browser.origin import origin
from tests.browser.pages.webhooks import START
from tests.browser.test_pages import opened
from tests.support.receivers import Receiver
from tests.support.webhooks import LOOPBACK, webhooks


def test_a_webhook_is_added_tried_and_paused_by_keyboard_and_without_scripts(
    browser: Browser, module_settings: Settings
) -> None:
    settings = replace(module_settings, webhook_networks=LOOPBACK)
    with origin(settings) as world, Receiver().listening() as receiver, webhooks(world.settings) as notify:
        boss = world.signed_in("administrator")
        address = f"{world.origin}{START}/ny"
        page = opened(browser, address, cookies=boss, width=390, java_script_enabled=False)
        page.get_by_label("Namn").fill("Prov")
        page.get_by_label("Adress").fill("https://10.0.0.1/")
        page.get_by_label("En idé kom in").check()
        page.get_by_role("button", name="Lägg till").press("Enter")
        page.get_by_role("alert").get_by_text("Adressen leder till vårt eget nät").wait_for()
        assert page.get_by_label("En idé kom in").is_checked()

        page.get_by_label("Adress").fill(f"http://127.0.0.1:{receiver.port}/")
        page.get_by_role("button", name="Lägg till").press("Enter")
        page.get_by_text("whsec_").wait_for()
        page.get_by_role("button", name="Skicka ett prov").press("Enter")
        notify.ring_all()
        page.reload()
        page.get_by_text("200 taken").first.wait_for()
        page.get_by_role("button", name="Pausa").press("Enter")
        page.get_by_role("button", name="Fortsätt skicka").wait_for()
        page.get_by_role("link", name="Ta bort").click()
        page.get_by_role("button", name="Ta bort").click()
        page.get_by_text("Webhooken är borttagen").wait_for()
        page.context.close()
