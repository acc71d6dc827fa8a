"""The administrators' pages of queues and messages, in a real browser: for everybody, and without a script.

With IDESLUSS_SCREENS=1 each page is also saved as pictures under screens/, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import text

from services.notify.domain.kinds import Kind
from services.notify.store.tables import Notification
from shared.clock import now
from shared.settings import Settings
from shared.web import session
from shared.web.tokens import issue
from tests.browser.test_pages import CHECKS, SCREENS
from tests.support.outgoing import Outgoing, in_every_state, message
from tests.support.pages import PAYLOADS

START = "/kontakt/drift/"
LOG = "/kontakt/drift/utskick"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
PAGES = ["sign in", "queues", "log", "log, nothing", "message, sent", "message, refused", "message, waiting", "sms"]


@dataclass(frozen=True)
class Drift:
    """The origin with messages in every state."""

    origin: str
    cookie: str
    token: str
    made: Outgoing
    paths: dict[str, str]


@pytest.fixture(scope="module")
def drift(site: dict[str, str], module_settings: Settings) -> Iterator[Drift]:
    made = Outgoing(replace(module_settings))
    with made.database.transaction() as asked:
        asked.execute(text("UPDATE bus.delivery SET done_at = now() WHERE consumer = 'notify'"))
    found = in_every_state(made)
    long = made.ask(
        f"{UNBROKEN.encode('ascii', 'ignore').decode()[:60]}@{'langdoman-' * 5}exempel.example",
        name=f"Åsa Margareta {UNBROKEN}",
    )
    for number in range(3):
        made.put_off(long)
        del number
    made.refused(long, f"550 5.7.1 {UNBROKEN * 4}")
    made.ask(name=PAYLOADS[0], facts=message(subject=PAYLOADS[1], text=PAYLOADS[2]), kind=Kind.MESSAGE)
    grey = made.ask("grey@invanare.example")
    with made.database.transaction() as asked:
        duty = asked.get_one(Notification, grey).due_message_id
        asked.execute(
            text(
                "UPDATE bus.delivery SET attempts = 3, last_error = :error, due_at = now() + interval '9 min',"
                " next_try = now() + interval '9 min' WHERE message_id = :id"
            ),
            {"id": duty, "error": f"451 4.7.1 {UNBROKEN * 3}"},
        )
        asked.execute(
            text("UPDATE notify.notification SET due_at = now() - interval '3 h' WHERE id = :id"), {"id": grey}
        )
    paths = {
        "sign in": f"{START}in?next={LOG}",
        "queues": START,
        "log": LOG,
        "log, nothing": f"{LOG}?q=nobody@invanare.example",
        "message, sent": f"{LOG}/{found['sent']}",
        "message, refused": f"{LOG}/{long}",
        "message, waiting": f"{LOG}/{found['tomorrow']}",
        "sms": f"{LOG}/{found['sms']}",
    }
    signer = module_settings.signer
    cookie = session.issue(signer, "anna", ["administrator"], now())
    token = issue(signer, name="demo", scopes=["*"])
    yield Drift(site["front"].rstrip("/"), cookie, token, made, paths)
    made.close()


def opened(browser: Browser, drift: Drift, name: str, *, width: int = 1280, more: str = "", **how: object) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="sv-SE", **how)
    if name != "sign in":
        host = drift.origin.split("//")[1].split(":")[0]
        context.add_cookies([{"name": session.COOKIE, "value": drift.cookie, "domain": host, "path": session.PATH}])
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda said: page.complaints.append(said.text))
    path = drift.paths[name]
    page.goto(f"{drift.origin}{path}{'&' if '?' in path else '?'}{more}" if more else f"{drift.origin}{path}")
    return page


@pytest.mark.parametrize(
    ("width", "scheme", "more"), [(320, "light", "lang=en"), (390, "dark", ""), (1280, "dark", "")]
)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(browser: Browser, drift: Drift, name, width, scheme, more) -> None:
    page = opened(browser, drift, name, width=width, color_scheme=scheme, more=more)
    try:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate(CHECKS) == []
        assert page.complaints == []
    finally:
        page.context.close()


@pytest.mark.parametrize("name", ["queues", "log", "message, refused"])
def test_a_page_holds_at_twice_the_text_size(browser: Browser, drift: Drift, name: str) -> None:
    page = opened(browser, drift, name, width=640)
    try:
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    finally:
        page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_every_stop_of_the_tab_key_is_seen(browser: Browser, drift: Drift, name: str) -> None:
    page = opened(browser, drift, name)
    try:
        for _ in range(14):
            page.keyboard.press("Tab")
            tag, outline, shadow, names = page.evaluate(
                "() => { const s = getComputedStyle(document.activeElement);"
                " return [document.activeElement.tagName, s.outlineStyle, s.boxShadow, document.activeElement.className] }"
            )
            if tag in ("BODY", "IFRAME"):
                break
            assert outline != "none" or shadow != "none" or "skip" in names, (tag, names)
    finally:
        page.context.close()


def test_an_administrator_finds_mends_and_gives_up_without_scripts(browser: Browser, drift: Drift) -> None:
    page = opened(browser, drift, "sign in", width=390, java_script_enabled=False)
    try:
        page.get_by_label("Din token").fill("idesluss_fel")
        page.get_by_role("button", name="Logga in").click()
        assert page.get_by_role("alert").get_by_text("Kopiera hela").is_visible()
        page.get_by_label("Din token").fill(drift.token)
        page.get_by_role("button", name="Logga in").click()
        assert page.url == f"{drift.origin}{LOG}"

        page.get_by_label("Adress, mobilnummer eller idéns nummer").fill("REFUSED@invanare.example")
        page.get_by_role("button", name="Sök").click()
        page.get_by_role("link", name="refused@invanare.example").click()
        assert page.get_by_text("550 5.1.1").first.is_visible()
        frame = page.frame_locator("iframe")
        assert frame.get_by_role("heading", level=1).is_visible()
        page.get_by_label("Till adressen").fill("inte en adress")
        page.get_by_role("button", name="Skicka på nytt").click()
        assert page.get_by_role("alert").is_visible()
        page.get_by_label("Till adressen").fill("right@invanare.example")
        page.get_by_role("button", name="Skicka på nytt").click()
        assert page.get_by_role("status").get_by_text("Det skickas på nytt nu").is_visible()

        page.get_by_label("Skäl").fill("Prov")
        page.get_by_role("button", name="Ställ in utskicket").click()
        assert page.get_by_role("status").get_by_text("Utskicket är inställt").is_visible()

        page.get_by_role("link", name="Läget", exact=True).click()
        page.get_by_text("Ge upp det här").first.click()
        page.get_by_label("Skäl").first.fill("   ")
        page.get_by_role("button", name="Ge upp").first.click()
        assert page.get_by_role("alert").get_by_role("link").is_visible()
        page.get_by_label("Skäl").first.fill("Idén är raderad")
        page.get_by_role("button", name="Ge upp").first.click()
        assert page.get_by_role("status").get_by_text("Det gavs upp").is_visible()
        assert page.get_by_text("Idén är raderad").is_visible()
        page.get_by_role("button", name="Försök igen").first.click()
        assert page.get_by_role("status").get_by_text("Det prövas igen nu").is_visible()

        page.get_by_role("button", name="Logga ut").click()
        page.goto(f"{drift.origin}{START}")
        assert page.get_by_label("Din token").is_visible()
    finally:
        page.context.close()


@pytest.mark.skipif("IDESLUSS_SCREENS" not in os.environ, reason="pictures are asked for by IDESLUSS_SCREENS=1")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_of_every_page(browser: Browser, drift: Drift, width: int, scheme: str) -> None:
    SCREENS.mkdir(exist_ok=True)
    for name in PAGES:
        page = opened(browser, drift, name, width=width, color_scheme=scheme)
        file = SCREENS / f"drift-{name.replace(',', '').replace(' ', '-')}-{width}-{scheme}.png"
        page.screenshot(path=file, full_page=True)
        page.context.close()
        assert file.stat().st_size > 5000
