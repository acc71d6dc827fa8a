"""An event's form in a real browser: on its page, with its party, and in a frame on somebody else's site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from services.rsvp.store.guest_tables import Guest
from shared.db import Role
from shared.web import antibot, proof
from tests.browser.pages import World
from tests.support.events import a_sluice, an_event

HOST = """<!doctype html><html lang="sv"><meta charset="utf-8"><title>Krokoms kommun</title><body><h1>Kom på träff</h1>
<p id="way"><a href="{origin}/traffar/{slug}">Kreativa byråkrater</a></p>
<script src="{origin}/embed.js" data-traff="{slug}" async></script>"""


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """A task that takes a moment, and nobody who is too fast."""
    monkeypatch.setattr(proof, "TRIES", (20, 30))
    monkeypatch.setattr(antibot, "SHORTEST", antibot.SHORTEST * 0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A municipality's own site, and the folder that it shows."""
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: handler(*given, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://localhost:{server.server_port}", tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def test_somebody_registers_a_party_in_a_frame_on_another_site(browser: Browser, world: World, site) -> None:
    address, folder = site
    with world.transaction(Role.RSVP) as session:
        a_sluice(session).origins = [address]
        event = an_event(session)
    (folder / "page.html").write_text(HOST.format(origin=world.origin, slug=event.slug), encoding="utf-8")
    context = browser.new_context(locale="sv-SE")
    faults: list[str] = []
    tab: Page = context.new_page()
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)

    tab.goto(f"{address}/page.html")
    frame = tab.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Kreativa byråkrater")).to_be_visible()
    expect(tab.locator("#way")).to_be_hidden()
    assert frame.locator("html").evaluate("one => one.scrollHeight - innerHeight") <= 0

    frame.get_by_label("Nej, jag kan inte").check()
    expect(frame.get_by_label("Hur många kommer ni?")).to_be_hidden()
    frame.get_by_label("Ja, jag kommer").check()
    expect(frame.get_by_text("De andras namn och specialkost")).to_be_hidden()
    frame.get_by_label("Hur många kommer ni?").fill("3")
    frame.get_by_text("De andras namn och specialkost").click()
    expect(frame.locator(".person:visible")).to_have_count(2)
    frame.locator("#party-1-name").fill("Bo")
    frame.locator("#party-2-name").fill("Cecilia")
    frame.get_by_label("Hur många kommer ni?").fill("2")  # Cecilia stays at home: her row goes, and is not sent
    frame.get_by_role("textbox", name="Namn", exact=True).first.fill("Åsa Öberg")
    frame.get_by_label("E-postadress").fill("asa@krokom.example")
    frame.get_by_role("checkbox", name="får spara mina uppgifter").check()
    frame.get_by_role("button", name="Skicka svaret").click()

    expect(frame.get_by_role("heading", name="Du har plats")).to_be_visible()
    with world.transaction(Role.RSVP) as session:
        guest = session.scalars(select(Guest).where(Guest.event_id == event.id)).one()
    assert (guest.state, guest.party_size, guest.party) == ("coming", 2, [{"name": "Bo", "diet": ""}])
    assert context.cookies() == []
    context.close()
    assert faults == []
