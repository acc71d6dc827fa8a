"""The pages on which mails are worded, in a real browser: for everybody, and without a script.

With IDESLUSS_SCREENS=1 each page is also saved as pictures under screens/, to be looked at.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from services.notify.store import sluices
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import session
from tests.browser.test_pages import CHECKS, SCREENS

START = "/kontakt/drift/mallar"
PAGES = {
    "wordings": START,
    "wordings, one sluice": f"{START}?sluice=krokom",
    "wording": f"{START}/confirmation/sv",
    "wording, one sluice": f"{START}/digest/en?sluice=krokom",
    "wording, versions": f"{START}/confirmation/sv?sluice=are",
    "sender": f"{START}/avsandare/krokom",
}


@pytest.fixture(scope="module")
def drift(site: dict[str, str], module_settings: Settings) -> tuple[str, str]:
    """The origin, and an administrator's cookie; eight sluices are known."""
    database = Database(module_settings, Role.NOTIFY)
    with database.transaction() as asked:
        for name in ("Berg", "Bräcke", "Härjedalen", "Krokom", "Ragunda", "Strömsund", "Åre", "Östersund"):
            slug = name.lower().translate(str.maketrans("åäö", "aao"))
            about = {"slug": slug, "name": f"Idéslussen {name}", "address": f"ide@{slug}.example", "language": "sv"}
            sluices.keep(asked, about | {"contacts": [], "at": now()})
    database.dispose()
    return site["front"].rstrip("/"), session.issue(module_settings.signer, "anna", ["administrator"], now())


def opened(browser: Browser, drift: tuple[str, str], path: str, *, width: int = 1280, **how: object) -> Page:
    origin, cookie = drift
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="sv-SE", **how)
    context.add_cookies(
        [{"name": session.COOKIE, "value": cookie, "domain": urlsplit(origin).hostname, "path": session.PATH}]
    )
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(f"{origin}{path}")
    return page


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(browser: Browser, drift: tuple[str, str], name, width, scheme) -> None:
    page = opened(browser, drift, PAGES[name], width=width, color_scheme=scheme)
    try:
        assert page.evaluate(CHECKS) == []
        assert page.complaints == []
    finally:
        page.context.close()


def test_a_mail_is_rewritten_looked_at_and_saved_without_scripts(browser: Browser, drift: tuple[str, str]) -> None:
    page = opened(browser, drift, f"{START}/confirmation/sv?sluice=are", width=390, java_script_enabled=False)
    try:
        body = page.get_by_label("Text", exact=True)
        body.fill(body.input_value().replace("# Vi har tagit emot din idé.", "# Tack, den kom fram."))
        page.get_by_role("button", name="Förhandsgranska").click()
        frame = page.frame_locator("iframe")
        assert frame.get_by_role("heading", level=1).text_content().startswith("Tack, den kom fram.")
        assert page.locator("pre").text_content().startswith("Tack, den kom fram.")

        body.fill(f"{body.input_value()}\n{{{{ 7*7 }}}}")
        page.get_by_role("button", name="Spara").click()
        assert page.get_by_role("alert").get_by_text("Här får bara namnen bredvid stå").is_visible()
        page.get_by_role("alert").get_by_role("link").click()
        assert page.url.endswith("#body")

        body.fill(body.input_value().replace("{{ 7*7 }}", ""))
        page.get_by_label("Vad har du ändrat?").fill("Kortare början")
        page.get_by_role("button", name="Spara").click()
        assert page.get_by_role("status").get_by_text("Sparat.").is_visible()
        assert page.get_by_text("Kortare början").is_visible()

        page.get_by_role("button", name="Använd texten för alla igen").click()
        assert page.get_by_role("status").get_by_text("Texten är tillbaka.").is_visible()
        page.get_by_role("button", name="Använd version 1 igen").click()
        assert page.frame_locator("iframe").get_by_role("heading", level=1).text_content().startswith("Tack")
    finally:
        page.context.close()


def test_a_script_in_a_preview_would_not_run(browser: Browser, drift: tuple[str, str]) -> None:
    page = opened(browser, drift, f"{START}/confirmation/sv")
    try:
        (frame,) = [each for each in page.frames if each.url.split("?")[0].endswith("/html")]
        assert frame.locator("h1").count() == 1
        policy = page.request.get(frame.url).headers["content-security-policy"]
        assert re.search(r"default-src 'none'.*sandbox", policy)
        assert page.complaints == []
    finally:
        page.context.close()


def test_every_stop_of_the_tab_key_is_seen(browser: Browser, drift: tuple[str, str]) -> None:
    page = opened(browser, drift, f"{START}/answer/sv")
    try:
        for _ in range(20):
            page.keyboard.press("Tab")
            tag, outline, shadow, name = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return [document.activeElement.tagName, s.outlineStyle, s.boxShadow, document.activeElement.className] }"
            )
            assert tag in ("IFRAME", "BODY") or outline != "none" or shadow != "none" or "skip" in name, (tag, name)
    finally:
        page.context.close()


@pytest.mark.skipif("IDESLUSS_SCREENS" not in os.environ, reason="pictures are asked for by IDESLUSS_SCREENS=1")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_of_every_page(browser: Browser, drift: tuple[str, str], width: int, scheme: str) -> None:
    SCREENS.mkdir(exist_ok=True)
    for name, path in PAGES.items():
        page = opened(browser, drift, path, width=width, color_scheme=scheme)
        picture(page, name, width, scheme)
    page = opened(browser, drift, PAGES["wording"], width=width, color_scheme=scheme)
    page.get_by_label("Text", exact=True).fill("# Hej\n\n{{ 7*7 }}\n{{ idea.titel }}\n\n[Följ](follow_url)")
    page.get_by_role("button", name="Spara").click()
    picture(page, "wording, faults", width, scheme)


def picture(page: Page, name: str, width: int, scheme: str) -> None:
    # Chromium paints a frame only where it is in the window.
    page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
    page.wait_for_load_state("networkidle")
    file = SCREENS / f"{name.replace(',', '').replace(' ', '-')}-{width}-{scheme}.png"
    page.screenshot(path=file, full_page=True)
    page.context.close()
    assert file.stat().st_size > 5000
