"""The day in a real browser: ticks without a net wait, outlive a reload and arrive once; codes; ideas on the wall."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from sqlalchemy import select

from services.rsvp.domain import door_code
from services.rsvp.store.day_tables import CheckIn
from services.rsvp.store.guest_tables import Guest
from shared.db import Role
from shared.web import antibot, proof
from tests.browser.pages import World
from tests.support.events import a_guest, an_event


def test_ticks_wait_for_the_net_outlive_a_reload_and_arrive_once(browser: Browser, world: World) -> None:
    with world.transaction(Role.RSVP) as session:
        event = an_event(session, workshop_open=True)
        coming = {"state": "coming", "answer": "yes"}
        for name, size in (("Åsa Berg", 3), ("Bo Ek", 1), ("Cia Dal", 1)):
            a_guest(session, event, name=name, party_size=size, **coming)
        slug, event_id = event.slug, event.id
    context = browser.new_context(locale="sv-SE")
    context.add_cookies(list(world.signed_in("contact:krokom")))
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(f"{world.origin}/kontakt/traffar/{slug}/dorren")
    status = tab.locator("[data-status]")
    row = lambda name: tab.locator(".door-row", has_text=name)  # noqa: E731
    tab.wait_for_function(
        "caches.keys().then(async (names) => (await (await caches.open(names[0])).keys()).length >= 4)"
    )

    # The net goes. Ticks are made all the same, and a reload keeps the list and what waits.
    context.set_offline(True)
    row("Åsa Berg").locator("input[type=number]").fill("2")
    row("Åsa Berg").get_by_role("button", name="Är här").click()
    row("Bo Ek").get_by_role("button", name="Är här").click()
    expect(status).to_contain_text("2 kryss väntar på nät.")
    tab.reload()
    expect(row("Åsa Berg")).to_contain_text("2 av 3 är här")
    row("Cia Dal").get_by_role("button", name="Är här").click()
    row("Cia Dal").get_by_role("button", name="Ångra").click()
    tab.locator("#walk-name").fill("Ulla Utan")
    tab.get_by_role("button", name="Släpp in").click()
    expect(status).to_contain_text("5 kryss väntar på nät.")
    # What the telephone keeps of the page names nobody; the names are in the tab alone.
    shell = tab.evaluate(
        "caches.keys().then(async (names) => (await (await caches.open(names[0])).match(location.pathname + '/skal')).text())"
    )
    assert "Bo Ek" not in shell
    assert "Bo Ek" not in tab.evaluate("JSON.stringify(localStorage)")

    context.set_offline(False)
    expect(status).to_have_text("Allt är sparat.")
    expect(row("Ulla Utan")).to_contain_text("Är här")
    assert tab.evaluate("localStorage.length") == 1
    tab.locator("#q").fill("ulla")
    expect(row("Bo Ek")).to_be_hidden()
    with world.transaction(Role.RSVP) as session:
        came = dict(row for row in session.execute(select(Guest.name, Guest.came).where(Guest.event_id == event_id)))
        ticks = session.scalars(select(CheckIn).where(CheckIn.event_id == event_id)).all()
    context.close()
    assert came == {"Åsa Berg": 2, "Bo Ek": 1, "Cia Dal": None, "Ulla Utan": 1}
    assert len(ticks) == 5
    assert faults == []


CAMERA = """
window.BarcodeDetector = class {
  static getSupportedFormats() { return Promise.resolve(["qr_code"]); }
  detect() { return Promise.resolve([{ rawValue: window.shown }]); }
};
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = document.createElement("canvas");
  const stream = canvas.captureStream();
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  setInterval(() => canvas.getContext("2d").fillRect(0, 0, 9, 9), 20);
  return stream;
};
"""
"""A camera and a reader of codes, which Chromium on Linux has not."""


def test_a_scanned_code_leads_to_its_guest_and_a_foreign_one_to_a_word(browser: Browser, world: World) -> None:
    with world.transaction(Role.RSVP) as session:
        event = an_event(session)
        guests = [a_guest(session, event, name=name, state="coming", answer="yes") for name in ("Åsa Berg", "Bo Ek")]
        slug, code = event.slug, door_code.code_of(world.settings.signer, guests[0].id)
    context = browser.new_context(locale="sv-SE")
    context.add_cookies(list(world.signed_in("contact:krokom")))
    context.add_init_script(CAMERA)
    tab = context.new_page()
    tab.goto(f"{world.origin}/kontakt/traffar/{slug}/dorren")

    tab.evaluate(f"window.shown = {world.origin + '/kontakt/traffar/' + slug + '/dorren/' + code!r}")
    tab.get_by_role("button", name="Skanna").click()
    expect(tab.locator(".door-row", has_text="Bo Ek")).to_be_hidden()
    expect(tab.locator(".door-row", has_text="Åsa Berg").get_by_role("button", name="Är här")).to_be_focused()
    tab.keyboard.press("Enter")
    expect(tab.locator("[data-status]")).to_have_text("Allt är sparat.")
    tab.evaluate("window.shown = 'https://example.org/annat'")
    tab.get_by_role("button", name="Skanna").click()
    expect(tab.locator("[data-status]")).to_contain_text("hör inte till den här träffen")
    context.close()


def test_an_idea_written_on_a_telephone_arrives_on_the_wall_by_itself(
    browser: Browser, world: World, monkeypatch
) -> None:
    monkeypatch.setattr(proof, "TRIES", (20, 30))
    monkeypatch.setattr(antibot, "SHORTEST", antibot.SHORTEST * 0)
    with world.transaction(Role.RSVP) as session:
        event = an_event(session, workshop_open=True, themes=["Vård", "Skola"])
        slug, code = event.slug, event.workshop_code
    wall, phone = browser.new_context(locale="sv-SE"), browser.new_context(locale="sv-SE")
    wall.add_cookies(list(world.signed_in("contact:krokom")))
    shown, tab = wall.new_page(), phone.new_page()
    shown.goto(f"{world.origin}/kontakt/traffar/{slug}/vagg")
    expect(shown.locator(".wall-theme", has_text="Vård")).to_contain_text("Inga idéer än")

    tab.goto(f"{world.origin}/traffar/{slug}/ide/{code}")
    tab.get_by_label("Skriv som du skulle säga det").fill("Elcyklar som hemtjänsten delar på.")
    tab.get_by_label("Vård").check()
    tab.get_by_role("button", name="Skicka idén").click()
    expect(tab.get_by_role("status").first).to_have_text("Vi har tagit emot din idé.")

    expect(shown.locator(".wall-theme", has_text="Vård").locator("li.new")).to_have_text(
        "Elcyklar som hemtjänsten delar på."
    )
    wall.close()
    phone.close()
