"""What administrators do on the pages of queues and messages, in a real browser and without a script."""

from __future__ import annotations

from playwright.sync_api import Browser

from shared.web.tokens import issue
from tests.browser.pages import World, pages_of
from tests.browser.pages.drift import LOG, START
from tests.browser.test_pages import opened


def test_an_administrator_finds_mends_and_gives_up_without_scripts(browser: Browser, world: World) -> None:
    pages_of("drift", world)
    token = issue(world.settings.signer, name="demo", scopes=["*"])
    page = opened(browser, f"{world.origin}{START}in?next={LOG}", width=390, java_script_enabled=False)
    try:
        page.get_by_label("Din token").fill("idesluss_fel")
        page.get_by_role("button", name="Logga in").click()
        page.get_by_role("alert").get_by_text("Kopiera hela").wait_for()
        page.get_by_label("Din token").fill(token)
        page.get_by_role("button", name="Logga in").click()
        assert page.url == f"{world.origin}{LOG}"

        page.get_by_label("Adress, mobilnummer eller idéns nummer").fill("REFUSED@invanare.example")
        page.get_by_role("button", name="Sök").click()
        page.get_by_role("link", name="refused@invanare.example").click()
        page.get_by_text("550 5.1.1").first.wait_for()
        frame = page.frame_locator("iframe")
        assert frame.get_by_role("heading", level=1).is_visible()
        page.get_by_label("Till adressen").fill("inte en adress")
        page.get_by_role("button", name="Skicka på nytt").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Till adressen").fill("right@invanare.example")
        page.get_by_role("button", name="Skicka på nytt").click()
        page.get_by_role("status").get_by_text("Det skickas på nytt nu").wait_for()

        page.get_by_label("Skäl").fill("Prov")
        page.get_by_role("button", name="Ställ in utskicket").click()
        page.get_by_role("status").get_by_text("Utskicket är inställt").wait_for()

        page.get_by_role("link", name="Läget", exact=True).click()
        page.get_by_text("Ge upp det här").first.click()
        page.get_by_label("Skäl").first.fill("   ")
        page.get_by_role("button", name="Ge upp").first.click()
        page.get_by_role("alert").get_by_role("link").wait_for()
        page.get_by_label("Skäl").first.fill("Idén är raderad")
        page.get_by_role("button", name="Ge upp").first.click()
        page.get_by_role("status").get_by_text("Det gavs upp").wait_for()  # raises where it is never seen
        page.get_by_text("Idén är raderad").wait_for()
        page.get_by_role("button", name="Försök igen").first.click()
        page.get_by_role("status").get_by_text("Det prövas igen nu").wait_for()

        page.get_by_role("button", name="Logga ut").click()
        page.goto(f"{world.origin}{START}")
        assert page.url.startswith(f"{world.origin}/kontakt/in?next=")
    finally:
        page.context.close()
