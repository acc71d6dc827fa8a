"""A contact answers from the keyboard, and without any script: read through first, then sent, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from services.intake.store import queries
from shared.settings import Settings
from tests.browser.origin import origin
from tests.browser.pages import World
from tests.support.ideas import an_idea

WORDS = "Vi provar tre cyklar i vinter."


@pytest.fixture(scope="module")
def world(module_settings: Settings) -> Iterator[World]:
    with origin(module_settings) as world:
        yield world


@pytest.fixture
def idea(world: World) -> str:
    with world.transaction() as session:
        return an_idea(session, world.settings, world.sluice(session)).reference


def tab_of(browser: Browser, world: World, **how: object):
    context = browser.new_context(locale="sv-SE", **how)
    context.add_cookies([dict(cookie) for cookie in world.signed_in("contact:krokom", name="kontakt@krokom.example")])
    return context.new_page()


def test_keys_go_where_they_say_and_stay_out_of_what_is_typed(browser: Browser, world: World, idea: str) -> None:
    tab = tab_of(browser, world)
    tab.goto(f"{world.origin}/kontakt/ide/{idea}")
    for key, place in (("e", "#move"), ("n", "#text"), ("r", "#answer-text")):
        tab.locator("h1").click()
        tab.keyboard.press(key)
        expect(tab.locator(place)).to_be_focused()
    tab.keyboard.type("ren")
    expect(tab.locator("#answer-text")).to_have_value("ren")
    tab.evaluate("localStorage.setItem('idesluss-keys', 'off')")
    tab.locator("h1").click()
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("e")
    expect(tab.locator("#move")).not_to_be_focused()
    tab.context.close()


def test_an_answer_is_sent_without_scripts(browser: Browser, world: World, idea: str) -> None:
    tab = tab_of(browser, world, java_script_enabled=False)
    tab.goto(f"{world.origin}/kontakt/ide/{idea}")
    tab.locator("#answer-text").fill(WORDS)
    tab.locator("#move").select_option("developing")
    tab.get_by_role("button", name="Läs igenom svaret").click()
    expect(tab.locator("article")).to_contain_text(WORDS)
    with world.transaction() as session:
        assert queries.idea_by_reference(session, idea).idea.stage == "received"
    tab.get_by_role("button", name="Skicka svaret").click()
    expect(tab.get_by_role("status")).to_contain_text("Svaret är på väg")
    with world.transaction() as session:
        assert queries.idea_by_reference(session, idea).idea.stage == "developing"
    tab.context.close()
