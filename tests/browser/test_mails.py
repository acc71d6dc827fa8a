"""Every mail as a program that draws HTML shows it: on a phone and a wide screen, in the light and in the dark.

With IDESLUSS_SCREENS=1 each mail is also saved as pictures under screens/mails/, to be looked at.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from services.notify.domain.event_letters import BY_KIND as ABOUT_EVENTS
from services.notify.domain.kinds import Kind
from services.notify.domain.variables import samples, worded_kinds
from services.notify.render import Renderer
from shared.contracts.facts import LANGUAGES
from tests.browser.look import CHECKS, SCREENS

MAILS = SCREENS / "mails"
RENDERER = Renderer()
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
APPLIES = ("contrast", "wider", "text of", "no name")
"""Which of the checks of a page also bear on a mail."""
PHONE, DESK = (320, "dark"), (1280, "light")
SEEN = [
    (kind, language, *screen)
    for kind in worded_kinds()
    for language in LANGUAGES
    for screen in (PHONE, DESK)
    # Mails about events are made of the same few blocks: one language on each screen shows what there is to see.
    if kind not in ABOUT_EVENTS or (screen is PHONE) is (language == "sv")
]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return browser.new_context().new_page()


def show(page: Page, mail: str, *, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.set_content(mail)


def mail(kind: Kind, language: str, **facts: Any) -> str:
    presented = {
        "signature": "Vänliga hälsningar\nKrokoms kommun, 0640-161 00",
        "preferences_url": "https://idesluss.example/val/abcdef",
        "unsubscribe_url": "https://idesluss.example/sluta/abcdef" if kind is Kind.DIGEST else None,
    }
    return RENDERER.render(kind, language, samples(kind, language) | presented | facts).html


@pytest.mark.parametrize(("kind", "language", "width", "scheme"), SEEN)
def test_a_mail_is_read_by_everybody(page: Page, kind: Kind, language: str, width: int, scheme: str) -> None:
    show(page, mail(kind, language), width=width, scheme=scheme)
    assert [fault for fault in page.evaluate(CHECKS) if fault.startswith(APPLIES) or "wider" in fault] == []
    assert page.get_attribute("html", "lang") == language
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_ground_follows_the_readers_choice(page: Page, scheme: str) -> None:
    show(page, mail(Kind.CONFIRMATION, "sv"), width=600, scheme=scheme)
    red = int(page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor.match(/\\d+/)[0]"))
    assert (red > 200) is (scheme == "light")


def test_words_without_an_end_do_not_widen_a_mail(page: Page) -> None:
    known = samples(Kind.NOTICE, "sv")
    known["idea"] |= {"title": UNBROKEN, "text": UNBROKEN}
    known |= {"notes": [UNBROKEN], "attachments": [f"{UNBROKEN}.pdf"]}
    show(page, RENDERER.render(Kind.NOTICE, "sv", known).html, width=320, scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_long_day_in_the_first_line_fits_a_small_phone(page: Page) -> None:
    show(page, mail(Kind.NOTICE, "en", answer_by="2027-09-22"), width=320, scheme="light")
    assert "Wednesday 22 September 2027" in page.locator("h1").text_content()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_mail_fetches_nothing(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for kind in worded_kinds():
        page.set_content(mail(kind, "sv"))
    assert asked == []


@pytest.mark.skipif("IDESLUSS_SCREENS" not in os.environ, reason="pictures are asked for by IDESLUSS_SCREENS=1")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_of_every_mail(page: Page, width: int, scheme: str) -> None:
    MAILS.mkdir(parents=True, exist_ok=True)
    for kind in worded_kinds():
        for language in LANGUAGES:
            show(page, mail(kind, language), width=width, scheme=scheme)
            file = MAILS / f"{kind}-{language}-{width}-{scheme}.png"
            page.screenshot(path=file, full_page=True)
            assert file.stat().st_size > 5000
