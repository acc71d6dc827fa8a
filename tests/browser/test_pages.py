"""What people do on the pages of ideas, in a real browser and without scripts. How every page looks: test_every_page.py."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Browser, Page

from tests.browser.pages import Cookie


def opened(browser: Browser, address: str, *, width: int = 1280, cookies: Iterable[Cookie] = (), **how: object) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="sv-SE", **how)
    context.add_cookies([dict(cookie) for cookie in cookies])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
    return page


def test_the_stair_is_seen_in_forced_colours(browser: Browser, site: dict[str, str]) -> None:
    page = opened(browser, site["follow, answered and long"], forced_colors="active")
    try:
        colours = page.evaluate(
            "['.ground','.done','.idea'].map(c => getComputedStyle(document.querySelector('.sluice ' + c)).fill)"
        )
        assert len(set(colours)) == 3
    finally:
        page.context.close()


def test_a_contact_changes_and_sends_the_answer_without_scripts(browser: Browser, site: dict[str, str]) -> None:
    page = opened(browser, site["confirm"], width=380, java_script_enabled=False)
    try:
        page.get_by_label("Ditt svar").fill("   ")
        page.get_by_role("button", name="Skicka svaret").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Ditt svar").fill("Ja, vi provar i vinter.")
        page.get_by_role("button", name="Skicka svaret").click()
        page.get_by_role("heading", name="Svaret är skickat").wait_for()
        page.get_by_text("Ja, vi provar i vinter.").wait_for()
        page.get_by_role("link", name="Se idén").click()
        page.get_by_role("heading", name="Mejl som kom in").wait_for()
        page.get_by_text("Ja, vi provar i vinter.").wait_for()
    finally:
        page.context.close()


def test_a_submitter_says_who_they_are_without_scripts(browser: Browser, site: dict[str, str]) -> None:
    page = opened(browser, site["follow, new"], width=380, java_script_enabled=False)
    try:
        page.get_by_role("button", name="Nej").click()
        page.get_by_text("Du svarade att du är invånare").wait_for()
    finally:
        page.context.close()


def test_a_contact_opens_what_was_set_apart_and_downloads_without_scripts(browser: Browser, site) -> None:
    page = opened(browser, site["contact, long"], width=380, java_script_enabled=False)
    try:
        apart = page.get_by_text("Idén i korthet: cyklar.")
        assert not apart.is_visible()
        page.get_by_text("Det här lades åt sidan").first.click()
        apart.wait_for(state="visible")
        for name in ("karta 1.png", "Ladda ned originalet"):
            with page.expect_download() as begun:
                page.get_by_role("link", name=name).first.click()
            assert begun.value.path().stat().st_size > 0
    finally:
        page.context.close()
