"""The pages on which somebody chooses their mails, in a real browser: for everybody, and without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from services.notify.domain.kinds import Category, Rhythm
from services.notify.usecases.prefer import Prefer
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import links
from tests.browser.test_pages import CHECKS, opened

LONG = "asa.margareta.oberg-lindstrom.hemtjansten.nalden@langtnamn.krokom.example"
PAGES = ["choose", "choose, saved", "unsubscribe", "unsubscribe, done", "wrong link"]


@pytest.fixture(scope="module")
def pages(site: dict[str, str], module_settings: Settings) -> dict[str, str]:
    """Each page's address by name."""
    database = Database(module_settings, Role.NOTIFY)
    with database.transaction() as session:
        Prefer()(session, LONG, {Category.NEWS: Rhythm.NEVER, Category.IDEAS: Rhythm.DAILY}, by="test")
    database.dispose()
    start = f"{site['front'].rstrip('/')}/utskick/"
    people = ("asa@krokom.example", "bo@krokom.example", LONG)
    asa, bo, long = (links.preferences_token(module_settings.signer, each) for each in people)
    return {
        "choose": f"{start}{asa}",
        "choose, saved": f"{start}{long}?sparat=1",
        "unsubscribe": f"{start}{bo}/avsluta?sort=reminders",
        "unsubscribe, done": f"{start}{long}/avsluta?sort=news",
        "wrong link": f"{start}wrong",
    }


@pytest.mark.parametrize(("language", "width", "scheme"), [("sv", 320, "light"), ("en", 1280, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(browser: Browser, pages: dict[str, str], name, language, width, scheme) -> None:
    address = pages[name]
    page = opened(
        browser, f"{address}{'&' if '?' in address else '?'}lang={language}", width=width, color_scheme=scheme
    )
    try:
        assert page.get_attribute("html", "lang") == language
        assert page.evaluate(CHECKS) == []
        assert [text for text in page.complaints if "404" not in text] == []
    finally:
        page.context.close()


def test_choices_hold_at_twice_the_text_size(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["choose, saved"], width=640)
    try:
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    finally:
        page.context.close()


def test_somebody_chooses_by_keyboard_without_scripts(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["choose"], width=380, java_script_enabled=False)
    try:
        page.get_by_label("Direkt").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**sparat=1")
        assert page.get_by_role("status").get_by_text("Nya idéer och tillägg: Ett mejl klockan 07.30").is_visible()
        assert page.get_by_label("En gång om dagen").is_checked()
        assert page.get_by_label("Nej, inga påminnelser").is_checked()
        assert page.get_by_label("Ja, skicka nyheter").is_checked()
    finally:
        page.context.close()


def test_somebody_stops_a_sort_and_changes_their_mind_without_scripts(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["unsubscribe"], width=380, java_script_enabled=False)
    try:
        page.get_by_role("button", name="Sluta skicka påminnelser").click()
        assert page.get_by_role("heading", name="Du får inga fler påminnelser").is_visible()
        page.get_by_role("button", name="Jag vill ha dem igen").click()
        assert page.get_by_role("heading", name="Sluta få påminnelser?").is_visible()
        page.get_by_role("link", name="Se alla mejl du kan välja").click()
        assert page.get_by_label("Ja, skicka påminnelser").is_checked()
    finally:
        page.context.close()
