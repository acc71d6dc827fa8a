"""The pages of suppressed addresses and of messages that did not arrive, in a real browser and without scripts.

With IDESLUSS_SCREENS=1 each page is also saved as pictures under screens/, to be looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from services.notify.app import create_app
from services.notify.store.tables import Notification
from services.notify.usecases import suppress
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew
from shared.clock import now
from shared.contracts.registry import COMPLAINT, DELIVERY_REPORT, IDEA_ANSWERED, IDEA_RECEIVED
from shared.settings import Settings
from shared.web import links, session
from tests.browser.test_pages import CHECKS, SCREENS
from tests.integration.notify.workbench import Notify, worker
from tests.support import notify_facts as facts
from tests.support import suppressed as told
from tests.support.closing import databases_closed
from tests.support.relays import ScriptedRelay

LIST = "/kontakt/drift/sparrar"
LONG = "asa.margareta.oberg-lindstrom.hemtjansten.nalden@langtnamn.krokom.example"
LINE = (
    "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the "
    "recipient's email address for typos or unnecessary spaces. For more information, go to "
    "https://support.mail.example/mail/?p=NoSuchUserDonaudampfschifffahrtselektrizitaetenhauptbetriebswerk 550 5.1.1"
)
PAGES = [
    "suppressions",
    "suppressions, all",
    "suppressions, none found",
    "undelivered, answer",
    "undelivered, long",
    "undelivered, full mailbox",
    "undelivered, sent anew",
    "undelivered, failed again",
    "undelivered, arrived",
    "undelivered, wrong link",
]


@dataclass
class Site:
    """Pages by name, and the cookie of somebody who may see them."""

    base: str
    cookie: str
    pages: dict[str, str]

    def opened(self, browser: Browser, name: str, *, width: int = 1280, lang: str = "sv", **how: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="sv-SE", **how)
        context.add_cookies([{"name": session.COOKIE, "value": self.cookie, "url": f"{self.base}/kontakt"}])
        page = context.new_page()
        path = self.pages[name]
        page.goto(f"{self.base}{path}{'&' if '?' in path else '?'}lang={lang}")
        return page


@pytest.fixture(scope="module")
def site(module_settings: Settings) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    base = f"http://127.0.0.1:{server.port}"
    settings = replace(module_settings, http_port=server.port, base_url=base)
    with databases_closed(), ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        pages = _fill(notify, relay)
        server.app = create_app(settings)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        cookie = session.issue(settings.signer, "anna", [session.ADMINISTRATOR], now())
        try:
            yield Site(base, cookie, pages)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _fill(notify: Notify, relay: ScriptedRelay) -> dict[str, str]:
    """A message for every state of the page, and an entry for every cause; each page's path by name."""
    answer = _answer(notify, "asa@invanare.example")
    _report(notify, answer)
    long = _answer(notify, LONG, title="Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på " * 2)
    _report(notify, long, line=LINE)
    full = _answer(notify, "bo@invanare.example")
    _report(notify, full, **told.FULL, line="552 5.2.2 Mailbox full")
    anew = _answer(notify, "fel@invanare.example")
    _report(notify, anew)
    _anew(notify, anew, "ratt@invanare.example")
    again = _answer(notify, "nils@invanare.example")
    _report(notify, again, **told.FULL)
    _report(notify, _anew(notify, again, None))
    arrived = _answer(notify, "sen@invanare.example")
    _report(notify, arrived, **told.FULL)
    _report(notify, arrived, **told.DELIVERED)
    notify.tell(IDEA_RECEIVED, facts.idea_received(contacts=[], submitter=facts.person("arg@invanare.example")))
    notify.ring_all(due=True)
    notify.tell(COMPLAINT, told.complaint(notify.notifications()[-1].id))
    notify.ring_all(due=True)
    with notify.database.transaction() as open_:
        given = {"actor": "anna", "reason": "Bad om att slippa, ringde den 3 november", "moment": now()}
        suppress.by_hand(open_, "slipper@invanare.example", expires_at=None, **given)
        over = suppress.by_hand(open_, LONG, expires_at=now() + timedelta(days=400), **given)
        suppress.release(open_, over.id, actor="anna", reason="Fel person", moment=now())
    return {
        "suppressions": LIST,
        "suppressions, all": f"{LIST}?alla=1",
        "suppressions, none found": f"{LIST}?sok=finns.inte",
        "undelivered, answer": _path(notify, answer),
        "undelivered, long": _path(notify, long),
        "undelivered, full mailbox": _path(notify, full),
        "undelivered, sent anew": _path(notify, anew),
        "undelivered, failed again": _path(notify, again),
        "undelivered, arrived": _path(notify, arrived),
        "undelivered, wrong link": "/kontakt/meddelande/wrong",
    }


def _answer(notify: Notify, address: str, title: str = "Cykelpump vid busstorget") -> Notification:
    payload = facts.idea_answered(submitter=facts.person(address), idea=facts.idea(title=title))
    notify.tell(IDEA_ANSWERED, payload)
    notify.ring_all(due=True)
    return next(each for each in reversed(notify.notifications()) if each.recipient_address == address)


def _report(notify: Notify, row: Notification, **changes: object) -> None:
    notify.tell(DELIVERY_REPORT, told.report(row.id, row.recipient_address, **changes))
    notify.ring_all(due=True)


def _anew(notify: Notify, row: Notification, address: str | None) -> Notification:
    with notify.database.transaction() as open_:
        made = SendAnew(QueueMessage(notify.settings))(open_, row.id, address=address, actor=None)
    notify.ring_all(due=True)
    return made


def _path(notify: Notify, row: Notification) -> str:
    return f"/kontakt/meddelande/{links.undelivered_token(notify.settings.signer, row.id)}"


@pytest.mark.parametrize(("language", "width", "scheme"), [("sv", 320, "light"), ("en", 1280, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_for_everybody(browser: Browser, site: Site, name, language, width, scheme) -> None:
    page = site.opened(browser, name, width=width, lang=language, color_scheme=scheme)
    try:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.get_attribute("html", "lang") == language
        assert page.evaluate(CHECKS) == []
    finally:
        page.context.close()


@pytest.mark.parametrize("name", ["suppressions", "undelivered, long"])
def test_a_page_holds_at_twice_the_text_size(browser: Browser, site: Site, name: str) -> None:
    page = site.opened(browser, name, width=640)
    try:
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    finally:
        page.context.close()


def test_a_contact_corrects_an_address_without_scripts(browser: Browser, site: Site) -> None:
    page = site.opened(browser, "undelivered, answer", width=390, java_script_enabled=False)
    try:
        page.get_by_label("Rätt adress").fill("noreply@invanare.example")
        page.get_by_role("button", name="Skicka till den rätta adressen").click()
        assert page.get_by_role("alert").is_visible()
        assert page.get_by_label("Rätt adress").input_value() == "noreply@invanare.example"
        _picture(page, "undelivered, fault", 390, "light")
        page.get_by_label("Rätt adress").fill("asa.oberg@invanare.example")
        page.get_by_role("button", name="Skicka till den rätta adressen").click()
        assert page.get_by_text("Vi skickar det igen till asa.oberg@invanare.example.").is_visible()
    finally:
        page.context.close()


def test_an_administrator_releases_an_address_without_scripts(browser: Browser, site: Site) -> None:
    page = site.opened(browser, "suppressions", width=390, java_script_enabled=False)
    try:
        page.get_by_label("Sök adress").fill("slipper")
        page.get_by_role("button", name="Visa").click()
        page.get_by_text("Släpp adressen").click()
        page.get_by_label("Varför?").first.fill(" ")
        page.get_by_role("button", name="Släpp", exact=True).click()
        assert page.get_by_role("alert").is_visible()
        _picture(page, "suppressions, fault", 390, "light")
        page.get_by_label("Varför?").first.fill("Vill ha mejl igen")
        page.get_by_role("button", name="Släpp", exact=True).first.click()
        assert page.get_by_text("Adressen är släppt.").is_visible()
    finally:
        page.context.close()


@pytest.mark.skipif("IDESLUSS_SCREENS" not in os.environ, reason="pictures are asked for by IDESLUSS_SCREENS=1")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_of_every_page(browser: Browser, site: Site, width: int, scheme: str) -> None:
    for name in PAGES:
        page = site.opened(browser, name, width=width, color_scheme=scheme)
        page.evaluate("[...document.querySelectorAll('details')].slice(0, 1).forEach(one => one.open = true)")
        _picture(page, name, width, scheme)
        page.context.close()


def _picture(page: Page, name: str, width: int, scheme: str) -> None:
    if "IDESLUSS_SCREENS" in os.environ:
        SCREENS.mkdir(exist_ok=True)
        page.screenshot(
            path=SCREENS / f"{name.replace(',', '').replace(' ', '-')}-{width}-{scheme}.png", full_page=True
        )
