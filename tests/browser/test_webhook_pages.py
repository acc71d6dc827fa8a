"""The pages of webhooks in a real browser: for everybody, on a small phone, in the dark, without scripts.

With IDESLUSS_SCREENS=1 each page is also saved as pictures under screens/, to be looked at.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from services.notify.app import create_app
from services.notify.domain.webhook import Event, Format, Happened
from services.notify.usecases import fan_out
from shared.clock import now
from shared.settings import Settings
from shared.web import session
from tests.browser.test_pages import CHECKS, SCREENS
from tests.support.closing import databases_closed
from tests.support.ports import free_port
from tests.support.receivers import OK, Receiver, answer
from tests.support.webhooks import LOOPBACK, Webhooks, webhooks

START = "/kontakt/drift/webhookar"
LONG = "Utvecklingsenhetens gemensamma chattkanal för idéer från medarbetare och invånare i hela kommunen"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@dataclass
class Site:
    """Pages by name, and the cookie of somebody who may see them."""

    base: str
    cookie: str
    pages: dict[str, str]
    notify: Webhooks
    receiver: Receiver

    def opened(self, browser: Browser, name: str, *, width: int = 1280, **how: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="sv-SE", **how)
        context.add_cookies([{"name": session.COOKIE, "value": self.cookie, "url": f"{self.base}/kontakt"}])
        page = context.new_page()
        page.goto(self.base + self.pages[name])
        return page


@pytest.fixture(scope="module")
def site(module_settings: Settings) -> Iterator[Site]:
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    base = f"http://127.0.0.1:{server.port}"
    settings = replace(module_settings, http_port=server.port, base_url=base, webhook_networks=LOOPBACK)
    with databases_closed(), Receiver().listening() as receiver, webhooks(settings) as notify:
        pages = {"list, empty": START, **_fill(notify, receiver)}
        server.app = create_app(settings)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        cookie = session.issue(settings.signer, "anna", [session.ADMINISTRATOR], now())
        try:
            yield Site(base, cookie, pages, notify, receiver)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _fill(notify: Webhooks, receiver: Receiver) -> dict[str, str]:
    """Webhooks in every state; each page's path by name."""
    works = notify.add(receiver.port, name=LONG, format=Format.STANDARD)
    paused = notify.add(receiver.port, name="Mattermost på kansliet", format=Format.MATTERMOST, sluice_slug="krokom")
    fails = notify.add(free_port(), name=UNBROKEN, format=Format.SLACK, language="en")
    fresh = notify.add(receiver.port, name="Teams", format=Format.TEAMS, events=[Event.IDEA_ANSWERED])
    gone = notify.add(receiver.port, name="Gamla chatten", format=Format.SLACK, events=[Event.NOTIFICATION_SENT])
    notify.endpoints.pause(paused.id, "anna")
    for number in range(1, 4):
        receiver.reply = OK if number < 3 else answer("500 Internal Server Error", f"<h1>{UNBROKEN}</h1>".encode())
        _happen(notify, Event.IDEA_RECEIVED, number)
        notify.ring_all()
    notify.endpoints.replay(works.id, notify.of(works)[0].id, "anna")
    receiver.reply = answer("410 Gone")
    _happen(notify, Event.NOTIFICATION_SENT, 9)
    for each in [one for one in notify.notifications() if one.recipient_address == str(gone.id)]:
        notify.inbox.run(each.due_message_id)
    receiver.reply = OK
    return {
        "list": START,
        "new": f"{START}/ny",
        "works": f"{START}/{works.id}",
        "paused": f"{START}/{paused.id}",
        "fails": f"{START}/{fails.id}",
        "fresh": f"{START}/{fresh.id}?done=created",
        "gone": f"{START}/{gone.id}",
        "change": f"{START}/{works.id}/andra",
        "delete": f"{START}/{paused.id}/radera",
    }


def _happen(notify: Webhooks, event: Event, number: int) -> None:
    reference = f"KRO-2026-{number:04}"
    data = {"reference": reference, "sluice": "krokom", "path": f"/kontakt/ide/{reference}"}
    with notify.database.transaction() as asked:
        fan_out.fan_out(asked, Happened(event, "krokom", data, f"{event}:{number}"), notify.time())


NAMES = ["list", "new", "works", "paused", "fails", "fresh", "gone", "change", "delete"]


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everybody(browser: Browser, site: Site, name: str, width: int, scheme: str) -> None:
    page = site.opened(browser, name, width=width, color_scheme=scheme)
    try:
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate(CHECKS) == []
    finally:
        page.context.close()


def test_a_webhook_is_added_tried_and_paused_by_keyboard_and_without_scripts(browser: Browser, site: Site) -> None:
    page = site.opened(browser, "new", width=390, java_script_enabled=False)
    try:
        page.get_by_label("Namn").fill("Prov")
        page.get_by_label("Adress").fill("https://10.0.0.1/")
        page.get_by_label("En idé kom in").check()
        page.get_by_role("button", name="Lägg till").press("Enter")
        assert page.get_by_role("alert").get_by_text("Adressen leder till vårt eget nät").is_visible()
        assert page.get_by_label("En idé kom in").is_checked()

        page.get_by_label("Adress").fill(f"http://127.0.0.1:{site.receiver.port}/")
        page.get_by_role("button", name="Lägg till").press("Enter")
        assert page.get_by_text("whsec_").is_visible()
        page.get_by_role("button", name="Skicka ett prov").press("Enter")
        site.notify.ring_all()
        page.reload()
        assert page.get_by_text("200 taken").first.is_visible()
        page.get_by_role("button", name="Pausa").press("Enter")
        assert page.get_by_role("button", name="Fortsätt skicka").is_visible()
        page.get_by_role("link", name="Ta bort").click()
        page.get_by_role("button", name="Ta bort").click()
        assert page.get_by_text("Webhooken är borttagen").is_visible()
    finally:
        page.context.close()


@pytest.mark.skipif("IDESLUSS_SCREENS" not in os.environ, reason="pictures are asked for by IDESLUSS_SCREENS=1")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_every_page(browser: Browser, site: Site, name: str, width: int) -> None:
    SCREENS.mkdir(exist_ok=True)
    page = site.opened(browser, name, width=width)
    file = SCREENS / f"webhooks-{name}-{width}.png"
    page.screenshot(path=file, full_page=True)
    page.context.close()
    assert file.stat().st_size > 5000
